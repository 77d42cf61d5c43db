//! `cargo xtask test`: sets up what is missing and runs everything.

use crate::fault::Fault;
use crate::summary::{Count, Summary};
use crate::workspace::Options;
use crate::{budget, docs, fuzz, interop, lint, protocols, run};

/// How long each parser is fuzzed.
const FUZZ_SECONDS: u64 = 20;

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    Options::parse(arguments, &[], &[])?;
    let mut summary = Summary::default();
    // The providers are installed and boot, and the protocol suites are built, while everything else compiles.
    let walk = interop::Walk::start_in_background();
    let suites = protocols::Suites::install_in_background();
    summary.part("format", lint::format);
    summary.part("clippy", lint::clippy);
    summary.part("tests", tests);
    summary.part("generated pages", docs::check);
    summary.part("instructions", || budget::check(false));
    summary.part("fuzz", || fuzz::all_for(FUZZ_SECONDS, 2));
    summary.part("protocols", || suites.join()?.run(&interop::build()?));
    summary.part("interop", || walk.join()?.finish(&interop::build()?, false));
    Ok(summary.finish())
}

/// Every test of the workspace and every example in its documentation.
fn tests() -> Result<Count, Fault> {
    let mut count = Count::default();
    let mut command = run::cargo(["test", "--workspace", "--no-fail-fast"]);
    let well = run::watched(&mut command, |line| {
        if line.starts_with("test result: ") {
            count.read(line);
        }
    })?;
    if !well && count.failed == 0 {
        println!("cargo test failed before it could count: see above");
        count.failed = 1;
    }
    Ok(count)
}
