//! `cargo xtask bench`: CPU time per request, nginx as a plain proxy against Keybound plain and with DPoP.
//!
//! One run, one machine: the server under test has core 0 for itself, generator and upstream share core 1. Rounds are
//! interleaved, the median counts, and the ratios come first, because they mean more than the figures of one machine.

mod process;
mod servers;

use std::fs;
use std::path::Path;

use crate::fault::Fault;
use crate::workspace::{self, Options};
use crate::{run, summary::Count};
use process::Server;

/// Untimed requests before each server's first round: connections, key set and caches.
const WARM_UP: u64 = 2_000;

/// What is measured, in the order of the table.
const CASES: [Case; 6] = [
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
];

/// The places of strict DPoP with an ES256 token, used proofs in memory and in Redis.
const IN_MEMORY: usize = 2;
const IN_REDIS: usize = 4;

struct Case {
    name: &'static str,
    server: &'static str,
    path: &'static str,
    token: Option<&'static str>,
}

/// One case in one round.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    cpu_micros: f64,
    failed: u64,
    requests: u64,
    per_second: f64,
    p50: f64,
    p99: f64,
}

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--rounds", "--requests", "--connections"], &[])?;
    let (rounds, requests) = (options.number("--rounds", 5)?, options.number("--requests", 40_000)?);
    let connections = options.number("--connections", 32)?;
    for (program, package) in
        [("nginx", "nginx-light"), ("redis-server", "redis-server"), ("taskset", "util-linux")]
    {
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
    if !run::succeeds(&mut run::cargo([
        "build",
        "--release",
        "-p",
        "keybound",
        "-p",
        "keybound-benches",
        "--bins",
    ]))? {
        return Err(Fault::new("the release build failed: see above"));
    }
    let folder = workspace::target().join("bench");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(Fault::with(folder.display().to_string()))?;

    let upstream = servers::upstream(&folder)?;
    servers::provider(&folder, &upstream)?;
    let nginx = servers::nginx(&folder, &upstream)?;
    let redis = servers::redis(&folder)?;
    let keybound = servers::keybound(&folder, &upstream, &redis)?;
    let under_test = |name: &str| if name == "nginx" { &nginx } else { &keybound };

    println!(
        "{rounds} interleaved rounds of {requests} requests, {connections} connections, one core for the server"
    );
    for case in &CASES {
        fire(&folder, case, under_test(case.server), WARM_UP, connections)?;
    }
    let mut measured: Vec<Vec<Figures>> = CASES.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        for (case, figures) in CASES.iter().zip(&mut measured) {
            let one = fire(&folder, case, under_test(case.server), requests, connections)?;
            println!("round {round}: {}: {:.1} µs CPU, {} failed", case.name, one.cpu_micros, one.failed);
            figures.push(one);
        }
    }
    Ok(table(&measured).well())
}

/// Sends `requests` and sets the CPU time that the server used meanwhile against them.
fn fire(
    folder: &Path,
    case: &Case,
    server: &Server,
    requests: u64,
    connections: u64,
) -> Result<Figures, Fault> {
    let mut generator = servers::generator(1);
    generator.args(["fire", &server.address, case.path, &requests.to_string(), &connections.to_string()]);
    if let Some(token) = case.token {
        generator.arg(folder).arg(token);
    }
    let before = server.cpu_seconds()?;
    let said = run::output(&mut generator)?;
    let used = server.cpu_seconds()? - before;
    let line = said.lines().last().unwrap_or_default();
    let number = |name: &str| {
        line.split_whitespace()
            .find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse::<f64>().ok())
            .ok_or_else(|| Fault::new(format!("the generator said: {said}")))
    };
    let (sent, failed) = (number("requests")?, number("failed")?);
    if failed > 0.0 && requests != WARM_UP {
        println!("{}: {}", case.name, said.lines().next().unwrap_or_default());
    }
    Ok(Figures {
        cpu_micros: used * 1e6 / sent,
        failed: failed as u64,
        requests: sent as u64,
        per_second: sent / number("seconds")?,
        p50: number("p50")?,
        p99: number("p99")?,
    })
}

/// Prints the table; counts requests.
fn table(measured: &[Vec<Figures>]) -> Count {
    let median = |figures: &[Figures], of: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = figures.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let yardstick = measured.first().map_or(f64::NAN, |figures| median(figures, |one| one.cpu_micros));
    let mut count = Count::default();
    println!("\n| | × nginx | CPU per request | requests/s | p50 | p99 | requests | failed |");
    println!("|---|---|---|---|---|---|---|---|");
    for (case, figures) in CASES.iter().zip(measured) {
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
    println!("\nrequests: {} passed, {} failed", count.passed, count.failed);
    count
}
