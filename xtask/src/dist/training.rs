//! The load that fills the counters: what the program is for, plain and with proofs, from a declarative file.

use std::path::Path;

use crate::bench::{CASES, Load, fire, servers};
use crate::fault::Fault;
use crate::run;

/// Requests of each case. More changes nothing: the profile is about which ways are taken, and how often beside others.
const REQUESTS: u64 = 10_000;

pub(super) fn run(program: &Path, folder: &Path) -> Result<(), Fault> {
    for (name, package) in [("nginx", "nginx-light"), ("taskset", "util-linux")] {
        if !run::on_path(name) {
            return Err(Fault::new(format!("the load needs {name} (Debian: apt-get install {package})")));
        }
    }
    let upstream = servers::upstream(folder)?;
    servers::provider(folder, &upstream)?;
    let setup = servers::Setup { name: "training", program, workers: 1, core: None, routes: 0 };
    let keybound = servers::keybound(folder, &upstream, None, &setup)?;
    for case in CASES.iter().filter(|case| case.server == "keybound" && case.path != "/bound-redis") {
        let load = Load { requests: REQUESTS, connections: 32, rate: 0.0 };
        let figures = fire(folder, case, &keybound, &load)?;
        if figures.failed > 0 {
            return Err(Fault::new(format!(
                "{} of the load's requests failed: {}",
                figures.failed, case.name
            )));
        }
    }
    // Counters are written when it ends by itself, as it does when it is asked to.
    drop(keybound);
    Ok(())
}
