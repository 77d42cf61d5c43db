//! `cargo xtask churn`: reloads and Admin writes around routes under load, which must fail no request.
//!
//! First with the configuration in SQLite: a SIGHUP every second and an Admin write every 100 ms. Then with `database=off`: the
//! declarative file is written anew before each SIGHUP, and there is nothing to write to through the Admin API. Under load are a
//! plain route and one with strict DPoP, over keep-alive connections that send as fast as they are answered.

mod gateway;
mod http;
mod load;
mod upstream;
mod writes;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::dist;
use crate::fault::Fault;
use crate::run;
use crate::workspace::{self, Options};
use gateway::{Database, Gateway};
use load::{Load, Shot};
use upstream::Upstream;
use writes::Writes;

/// How long there is between two Admin writes.
const WRITE: Duration = Duration::from_millis(100);
/// So many of those times are between two reloads.
const RELOAD: u32 = 10;

/// What one part came to.
struct Figures {
    requests: u64,
    failed: u64,
    reloads: u64,
    writes: u64,
    failed_writes: u64,
}

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--seconds", "--gateway"], &[])?;
    let time = Duration::from_secs(options.number("--seconds", 120)?);
    let program = match options.value("--gateway") {
        Some(path) => PathBuf::from(path),
        None => built("keybound")?,
    };
    let generator = built("keybound-load")?;
    let folder = workspace::emptied("churn")?;

    let upstream = Upstream::start(folder.join("www"))?;
    run::output(
        std::process::Command::new(&generator)
            .arg("provider")
            .arg(&folder)
            .arg(format!("http://{}", upstream.address)),
    )?;
    println!("{} with load of {}", program.display(), generator.display());
    let mut well = true;
    for database in [Database::Sqlite, Database::Off] {
        let gateway = Gateway::start(&program, &folder, database, upstream.address)?;
        let figures = part(&gateway, database, &generator, &folder, time)?;
        println!(
            "{}: {} s: requests {}, failed {}, reloads {}, Admin writes {} (failed {})",
            database.name(),
            time.as_secs(),
            figures.requests,
            figures.failed,
            figures.reloads,
            figures.writes,
            figures.failed_writes
        );
        let refused = gateway.faults()?;
        for line in refused.iter().take(5) {
            println!("the gateway's log: {line}");
        }
        well &=
            figures.failed == 0 && figures.failed_writes == 0 && figures.requests > 0 && refused.is_empty();
    }
    Ok(well)
}

fn part(
    gateway: &Gateway,
    database: Database,
    generator: &Path,
    folder: &Path,
    time: Duration,
) -> Result<Figures, Fault> {
    let shots = [
        Shot { path: "/plain", requests: 50_000, connections: 16, token: None },
        Shot { path: "/bound", requests: 8_000, connections: 8, token: Some("es256") },
        // Proofs are signed before they are sent: two take turns.
        Shot { path: "/bound", requests: 8_000, connections: 8, token: Some("es256") },
    ];
    let load = Load::start(generator, gateway.proxy, folder, &shots);
    let mut writes = Writes::new(gateway.admin);
    let started = Instant::now();
    let (mut reloads, mut failed_writes) = (0, 0);
    let mut tick = 0_u32;
    while started.elapsed() < time {
        if tick.is_multiple_of(RELOAD) {
            gateway.reload(reloads)?;
            reloads += 1;
        }
        if database == Database::Sqlite
            && let Err(fault) = writes.next()
        {
            failed_writes += 1;
            println!("an Admin write: {fault}");
        }
        tick += 1;
        pause(started, WRITE * tick);
    }
    let (requests, failed) = load.end();
    Ok(Figures { requests, failed, reloads, writes: writes.count(), failed_writes })
}

/// The build of `cargo xtask dist` when there is one, else the debug build, brought up to date.
fn built(name: &str) -> Result<PathBuf, Fault> {
    let dist = dist::built(name);
    if dist.is_file() {
        return Ok(dist);
    }
    if !run::succeeds(&mut run::cargo(["build", "--quiet", "--workspace", "--bin", name]))? {
        return Err(Fault::new("the build failed: see above"));
    }
    Ok(workspace::target().join("debug").join(name))
}

#[allow(clippy::disallowed_methods, reason = "the pace of the writes is what is asked for")]
fn pause(started: Instant, until: Duration) {
    std::thread::sleep(until.saturating_sub(started.elapsed()));
}
