//! `cargo xtask lint`: format and clippy, warnings as errors.

use crate::fault::Fault;
use crate::run;
use crate::summary::{Count, Summary};
use crate::workspace::Options;

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &[], &["--fix"])?;
    if options.has("--fix") && !run::succeeds(&mut run::cargo(["fmt", "--all"]))? {
        return Ok(false);
    }
    let mut summary = Summary::default();
    summary.part("format", format);
    summary.part("clippy", clippy);
    Ok(summary.finish())
}

pub(crate) fn format() -> Result<Count, Fault> {
    run::succeeds(&mut run::cargo(["fmt", "--all", "--check"])).map(Count::of)
}

pub(crate) fn clippy() -> Result<Count, Fault> {
    run::succeeds(&mut run::cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        .map(Count::of)
}
