//! `cargo xtask soak`: mixed traffic for as long as is wanted, while memory, descriptors, threads and sockets of the gateway are
//! sampled. The curves go to `docs/soak.svg`.
//!
//! The rule: the first part of the run is warm-up (caches and the records of used proofs fill). The rest is cut into three; the
//! run fails when the median of the last third is above that of the first by more than a tenth and [`SLACK_MB`], or by more than
//! [`SLACK_FILES`] descriptors, and the middle lies between them, so that it keeps growing. It fails, too, when a good request
//! failed, or the gateway ended.

mod picture;
mod samples;
mod traffic;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::bench::process::{Server, free_address};
use crate::bench::servers;
use crate::dist;
use crate::fault::Fault;
use crate::run;
use crate::summary::{Count, Summary};
use crate::workspace::{self, Options};
use samples::{Sample, Samples};
use traffic::{Counts, Stage};

/// Growth that is no growth, in MB: what the allocator keeps or gives back between two looks.
const SLACK_MB: f64 = 8.0;
/// The same in descriptors: connections come and go.
const SLACK_FILES: f64 = 40.0;
/// Seconds for which used proofs are remembered in this run; the usual five minutes would have to fill first.
const PROOF_LIFETIME: u64 = 30;

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--minutes", "--gateway", "--picture"], &[])?;
    let minutes = options.number("--minutes", 30)?.max(1);
    if !run::on_path("nginx") {
        return Err(Fault::new("the upstream is nginx (Debian: apt-get install nginx-light)"));
    }
    let gateway = match options.value("--gateway") {
        Some(path) => Path::new(path).canonicalize().map_err(Fault::with(path))?,
        None => dist::build()?,
    };
    // Beside the gateway, where the same build put it.
    let load = gateway.with_file_name("keybound-load");
    let picture =
        options.value("--picture").map_or_else(|| workspace::root().join("docs/soak.svg"), PathBuf::from);
    let mut summary = Summary::default();
    summary.part("soak", || soak(&gateway, &load, Duration::from_secs(minutes * 60), &picture));
    Ok(summary.finish())
}

fn soak(gateway: &Path, load: &Path, length: Duration, picture: &Path) -> Result<Count, Fault> {
    let folder = workspace::emptied("soak")?;
    let upstream = servers::upstream(&folder)?;
    run::output(
        std::process::Command::new(load)
            .arg("provider")
            .arg(&folder)
            .arg(format!("http://{}", upstream.address)),
    )?;
    let (server, admin) = started(gateway, &folder)?;
    let stage = Stage { proxy: server.address.clone(), admin, folder: folder.clone(), load: load.to_owned() };
    stage.configure(&upstream.address, PROOF_LIFETIME)?;

    let (counts, done) = (Counts::default(), AtomicBool::new(false));
    let samples = std::thread::scope(|scope| {
        let traffic = stage.traffic(&counts, &done, scope);
        let samples = watched(&server, &counts, length);
        done.store(true, Ordering::SeqCst);
        for part in traffic {
            let _ = part.join();
        }
        samples
    })?;
    fs::write(picture, picture::of(&samples, warm_up(length)))
        .map_err(Fault::with(picture.display().to_string()))?;
    println!("\n{counts}\nthe curves are in {}", picture.display());
    Ok(judged(&samples, warm_up(length), &counts))
}

/// A fifth of the run, and at least as long as used proofs are remembered and a while more; half of a short run.
fn warm_up(length: Duration) -> Duration {
    (length / 5).max(Duration::from_secs(PROOF_LIFETIME + 120)).min(length / 2)
}

/// The gateway, on free ports, with SQLite; and where its Admin API is.
fn started(gateway: &Path, folder: &Path) -> Result<(Server, String), Fault> {
    let (proxy, admin) = (free_address()?.to_string(), free_address()?.to_string());
    let log = folder.join("keybound.log");
    let child = Server::start(None, gateway, &log, |command| {
        command.arg("start");
        for (name, value) in [
            ("PREFIX", folder.join("keybound").display().to_string()),
            ("PROXY_LISTEN", proxy.clone()),
            ("ADMIN_LISTEN", admin.clone()),
            ("STATUS_LISTEN", "off".to_owned()),
            ("PROXY_ACCESS_LOG", "off".to_owned()),
            ("ADMIN_ACCESS_LOG", "off".to_owned()),
        ] {
            command.env(format!("KEYBOUND_{name}"), value);
        }
    })?;
    Ok((Server::ready(child, || Some(proxy.clone()), &log)?, admin))
}

/// Looks at the gateway every second, and says how it is every half minute.
fn watched(server: &Server, counts: &Counts, length: Duration) -> Result<Samples, Fault> {
    let (started, mut samples) = (Instant::now(), Samples::default());
    while started.elapsed() < length {
        let sample = Sample::of(server.pid(), started.elapsed(), counts.requests())?;
        if samples.len() % 30 == 0 {
            println!("{sample}");
        }
        samples.push(sample);
        traffic::pause(Duration::from_secs(1));
    }
    Ok(samples)
}

/// Each of the rule's parts is one check.
fn judged(samples: &Samples, warm_up: Duration, counts: &Counts) -> Count {
    let mut count = Count::default();
    let mut check = |name: &str, holds: bool, figures: String| {
        println!("{}: {name}: {figures}", if holds { "ok" } else { "FAILED" });
        count.passed += u64::from(holds);
        count.failed += u64::from(!holds);
    };
    type Measure = (&'static str, fn(&Sample) -> f64, f64, f64);
    let measures: [Measure; 4] = [
        ("resident memory (MB)", |sample| sample.memory_mb, 0.1, SLACK_MB),
        ("descriptors", |sample| sample.files, 0.0, SLACK_FILES),
        ("sockets", |sample| sample.sockets, 0.0, SLACK_FILES),
        ("threads", |sample| sample.threads, 0.0, 1.0),
    ];
    for (name, of, share, slack) in measures {
        let [first, middle, last] = samples.thirds(warm_up, of);
        let grows = last > first + first * share + slack && middle >= first && middle <= last;
        check(name, !grows, format!("{first:.1}, {middle:.1}, {last:.1} in the thirds after the warm-up"));
    }
    check("good requests that failed", counts.failed() == 0, counts.failed().to_string());
    check("requests", counts.requests() > 0, counts.requests().to_string());
    count
}
