//! `cargo xtask memory`: what Keybound takes of the machine's memory, in four states.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use super::process::{Server, pinned};
use super::servers::{self, Setup};
use super::{CASES, IN_MEMORY, Load, PLAIN, build, fire, needs};
use crate::dist;
use crate::fault::Fault;
use crate::workspace::{self, Options};

/// Requests that are prepared at a time.
const PORTION: u64 = 500_000;

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let valued = ["--requests", "--idle", "--routes", "--gateway"];
    let options = Options::parse(arguments, &valued, &[])?;
    let requests = options.number("--requests", 1_000_000)?;
    let (idle, routes) = (options.number("--idle", 10_000)?, options.number("--routes", 10_000)?);
    needs(&[("nginx", "nginx-light"), ("prlimit", "util-linux")])?;
    let program = build(options.value("--gateway"))?;
    let folder = workspace::emptied("memory")?;
    let upstream = servers::upstream(&folder)?;
    servers::provider(&folder, &upstream)?;

    println!("| two workers | resident |\n|---|---|");
    let row = |what: &str, server: &Server| -> Result<u64, Fault> {
        let resident = server.resident()?;
        println!("| {what} | {:.1} MB |", resident as f64 / 1024.0);
        Ok(resident)
    };
    let few = Setup { name: "few", program: &program, workers: 2, core: None, routes: 0 };
    let keybound = servers::keybound(&folder, &upstream, None, &few)?;
    let start = row("at start, four routes", &keybound)?;
    let held = hold(&keybound, idle)?;
    let with = row(&format!("with {idle} idle connections, each after one request"), &keybound)?;
    println!("| — for each of them | {:.1} kB |", with.saturating_sub(start) as f64 / idle as f64);
    drop(held);
    let mut failed = 0;
    for (done, place) in [(0, PLAIN), (requests / 2, IN_MEMORY)] {
        let mut left = requests / 2;
        while left > 0 {
            let portion = left.min(PORTION);
            let Some(case) = CASES.get(place) else { break };
            let load = Load { requests: portion, connections: 64, rate: 0.0 };
            failed += fire(&folder, case, &keybound, &load)?.failed;
            left -= portion;
        }
        row(
            &format!(
                "after {} requests, the last {}",
                done + requests / 2,
                CASES.get(place).map_or("", |case| case.name)
            ),
            &keybound,
        )?;
    }
    drop(keybound);
    let keybound =
        servers::keybound(&folder, &upstream, None, &Setup { name: "many", routes: routes as usize, ..few })?;
    row(&format!("at start, {routes} routes"), &keybound)?;
    println!("\nrequests: {} passed, {failed} failed", requests - failed);
    Ok(failed == 0)
}

/// Connections that stay open until this is dropped.
struct Held(std::process::Child);

impl Drop for Held {
    fn drop(&mut self) {
        // Its standard input ends, and with it the program.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn hold(server: &Server, connections: u64) -> Result<Held, Fault> {
    let mut command = pinned(1, Path::new("prlimit"));
    command.arg(format!("--nofile={}", connections + 100)).arg(dist::built("keybound-load"));
    command.args(["hold", &server.address, "/plain", &connections.to_string()]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(Fault::with("prlimit"))?;
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut said).map_err(Fault::with("keybound-load hold"))?;
    }
    let held = Held(child);
    if said.trim() != format!("held={connections}") {
        return Err(Fault::new(format!("keybound-load hold said: {said}")));
    }
    Ok(held)
}
