//! `cargo xtask bench`: CPU time per request: nginx as a plain proxy, Keybound plain and with DPoP, Apache with mod_oauth2.
//!
//! One run, one machine: the server under test has core 0 for itself, generator and upstream share core 1. Rounds are
//! interleaved, the median counts, and the ratios come first, because they mean more than the figures of one machine.

pub(crate) mod memory;
pub(crate) mod process;
pub(crate) mod servers;

use std::path::{Path, PathBuf};

use crate::dist;
use crate::fault::Fault;
use crate::generator::{self, Shot};
use crate::workspace::{self, Options};
use crate::{run, summary::Count};
use process::Server;
use servers::Setup;

/// Untimed requests before each server's first round: connections, key set and caches.
const WARM_UP: u64 = 2_000;

/// What is measured, in the order of the table.
pub(crate) const CASES: [Case; 7] = [
    Case { name: "nginx, plain proxy", server: "nginx", path: "/plain", token: None },
    Case { name: "Keybound, plain proxy", server: "keybound", path: "/plain", token: None },
    Case {
        name: "Keybound, strict DPoP, ES256 token",
        server: "keybound",
        path: "/bound-es",
        token: Some("es256"),
    },
    Case {
        name: "Keybound, strict DPoP, RS256 token",
        server: "keybound",
        path: "/bound-rs",
        token: Some("rs256"),
    },
    Case {
        name: "Keybound, strict DPoP, ES256 token, used proofs in Redis",
        server: "keybound",
        path: "/bound-redis",
        token: Some("es256"),
    },
    Case { name: "nginx, plain proxy, again", server: "nginx", path: "/plain", token: None },
    Case {
        name: "Apache with mod_oauth2, DPoP, ES256 token",
        server: "apache",
        path: "/bound-es",
        token: Some("es256"),
    },
];

/// The places of the plain proxy, and of strict DPoP with an ES256 token, used proofs in memory and in Redis.
const PLAIN: usize = 1;
const IN_MEMORY: usize = 2;
const IN_REDIS: usize = 4;
const APACHE: usize = 6;
/// Apache gets so many times fewer requests: it takes longer for each.
const FEWER: u64 = 8;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) server: &'static str,
    pub(crate) path: &'static str,
    token: Option<&'static str>,
}

/// One case in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Figures {
    cpu_micros: f64,
    pub(crate) failed: u64,
    requests: u64,
    per_second: f64,
    p50: f64,
    p99: f64,
}

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--rounds", "--requests", "--connections", "--gateway"], &[])?;
    let (rounds, requests) = (options.number("--rounds", 5)?, options.number("--requests", 40_000)?);
    let connections = options.number("--connections", 32)?;
    needs(&[("nginx", "nginx-light"), ("redis-server", "redis-server"), ("taskset", "util-linux")])?;
    let program = build(options.value("--gateway"))?;
    let folder = workspace::emptied("bench")?;

    let upstream = servers::upstream(&folder)?;
    servers::provider(&folder, &upstream)?;
    let nginx = servers::nginx(&folder, &upstream)?;
    let redis = servers::redis(&folder)?;
    let alone = Setup { name: "one-core", program: &program, workers: 1, core: Some(0), routes: 0 };
    let keybound = servers::keybound(&folder, &upstream, Some(&redis), &alone)?;
    let apache = servers::apache(&folder, &upstream)?;
    if apache.is_none() {
        println!("Apache with mod_oauth2 is not installed and left out (Debian: libapache2-mod-oauth2)");
    }
    let under_test = |case: &Case| match case.server {
        "nginx" => Some(&nginx),
        "apache" => apache.as_ref(),
        _ => Some(&keybound),
    };

    println!(
        "{rounds} interleaved rounds of {requests} requests, {connections} connections, one core for the server"
    );
    let load = |case: &Case, requests: u64| Load {
        requests: if case.server == "apache" { requests / FEWER } else { requests },
        connections,
        rate: 0.0,
    };
    let mut measured: Vec<Vec<Figures>> = CASES.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (case, figures) in CASES.iter().zip(&mut measured) {
            let Some(server) = under_test(case) else { continue };
            if round == 0 {
                // Connections, key set and caches.
                fire(&folder, case, server, &load(case, WARM_UP))?;
                continue;
            }
            let one = fire(&folder, case, server, &load(case, requests))?;
            println!("round {round}: {}: {:.1} µs CPU, {} failed", case.name, one.cpu_micros, one.failed);
            figures.push(one);
        }
    }
    let mut count = table(&measured);
    println!("\nlatency at half of saturation:");
    for (case, figures) in CASES.iter().zip(&measured) {
        let Some(server) = under_test(case).filter(|_| case.server != "apache") else { continue };
        let rate = median(figures, |one| one.per_second) / 2.0;
        let one = fire(&folder, case, server, &Load { requests: requests / 2, connections, rate })?;
        println!("{}: {rate:.0} requests/s: p50 {:.0} µs, p99 {:.0} µs", case.name, one.p50, one.p99);
        count.failed += one.failed;
    }
    drop((nginx, apache, keybound));
    let both = Setup { name: "both-cores", workers: 2, core: None, ..alone };
    let keybound = servers::keybound(&folder, &upstream, Some(&redis), &both)?;
    println!("\ntwo workers on both cores, beside generator and upstream:");
    for place in [PLAIN, IN_MEMORY] {
        let (Some(case), Some(figures)) = (CASES.get(place), measured.get(place)) else { continue };
        fire(&folder, case, &keybound, &load(case, WARM_UP))?;
        let mut twice = Vec::new();
        for _ in 0..rounds {
            let one = fire(&folder, case, &keybound, &load(case, requests))?;
            count.failed += one.failed;
            twice.push(one.cpu_micros);
        }
        twice.sort_by(f64::total_cmp);
        let twice = twice.get(twice.len() / 2).copied().unwrap_or(f64::NAN);
        println!(
            "{}: {twice:.1} µs CPU per request: two cores of its own would serve × {:.2} of one",
            case.name,
            2.0 * median(figures, |one| one.cpu_micros) / twice
        );
    }
    println!("\nrequests: {} passed, {} failed", count.passed, count.failed);
    Ok(count.well())
}

/// How much is sent, and how fast.
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) connections: u64,
    /// Requests a second; zero for as many as get answers.
    pub(crate) rate: f64,
}

/// Says which program is missing, and which package of Debian has it.
fn needs(programs: &[(&str, &str)]) -> Result<(), Fault> {
    for (program, package) in programs {
        if !run::on_path(program) {
            return Err(Fault::new(format!(
                "the comparison needs {program} (Debian: apt-get install {package})"
            )));
        }
    }
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Err(Fault::new(
            "the comparison needs two cores: one for the server, one for everything else",
        ));
    }
    Ok(())
}

/// Builds the generator, and the gateway unless one is given; where the gateway is.
fn build(gateway: Option<&str>) -> Result<PathBuf, Fault> {
    let Some(gateway) = gateway else { return dist::build() };
    dist::generator()?;
    Ok(PathBuf::from(gateway))
}

fn median(figures: &[Figures], of: fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = figures.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Sends `requests` and sets the CPU time that the server used meanwhile against them.
pub(crate) fn fire(folder: &Path, case: &Case, server: &Server, load: &Load) -> Result<Figures, Fault> {
    let Load { requests, connections, rate } = load;
    let shot = Shot {
        address: &server.address,
        path: case.path,
        requests: *requests,
        connections: *connections,
        rate: *rate,
        token: case.token.map(|token| (folder, token)),
    };
    let before = server.cpu_seconds()?;
    let said = generator::fire(servers::generator(1), &shot)?;
    let used = server.cpu_seconds()? - before;
    let (sent, failed) = (said.number("requests")?, said.number("failed")?);
    if failed > 0.0 && *requests > WARM_UP {
        println!("{}: {}", case.name, said.failure().unwrap_or_default());
    }
    Ok(Figures {
        cpu_micros: used * 1e6 / sent,
        failed: failed as u64,
        requests: sent as u64,
        per_second: sent / said.number("seconds")?,
        p50: said.number("p50")?,
        p99: said.number("p99")?,
    })
}

/// Prints the table; counts requests.
fn table(measured: &[Vec<Figures>]) -> Count {
    let yardstick = measured.first().map_or(f64::NAN, |figures| median(figures, |one| one.cpu_micros));
    let mut count = Count::default();
    println!("\n| | × nginx | CPU per request | requests/s | p50 | p99 | requests | failed |");
    println!("|---|---|---|---|---|---|---|---|");
    for (case, figures) in CASES.iter().zip(measured).filter(|(_, figures)| !figures.is_empty()) {
        let cpu = median(figures, |one| one.cpu_micros);
        let requests: u64 = figures.iter().map(|one| one.requests).sum();
        let failed: u64 = figures.iter().map(|one| one.failed).sum();
        count.passed += requests - failed;
        count.failed += failed;
        println!(
            "| {} | {:.2} | {cpu:.1} µs | {:.0} | {:.0} µs | {:.0} µs | {requests} | {failed} |",
            case.name,
            cpu / yardstick,
            median(figures, |one| one.per_second),
            median(figures, |one| one.p50),
            median(figures, |one| one.p99),
        );
    }
    let cpu =
        |place: usize| measured.get(place).map_or(f64::NAN, |figures| median(figures, |one| one.cpu_micros));
    println!(
        "\nused proofs in Redis against memory: × {:.2} CPU of the gateway",
        cpu(IN_REDIS) / cpu(IN_MEMORY)
    );
    let rate =
        |place: usize| measured.get(place).map_or(f64::NAN, |figures| median(figures, |one| one.per_second));
    println!(
        "used proofs in memory against Redis: × {:.2} requests a second",
        rate(IN_MEMORY) / rate(IN_REDIS)
    );
    println!(
        "strict DPoP: Apache with mod_oauth2 takes × {:.1} of what Keybound takes",
        cpu(APACHE) / cpu(IN_MEMORY)
    );
    count
}
