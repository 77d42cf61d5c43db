//! `cargo xtask fuzz`: the targets in `fuzz/`, for a while each.

use std::fs;
use std::process::Command;

use crate::fault::Fault;
use crate::run;
use crate::summary::{Count, Summary};
use crate::workspace::{self, Options};

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--seconds"], &[])?;
    let seconds = options.number("--seconds", 60)?;
    if !run::on_path("cargo-fuzz") {
        return Err(Fault::new(
            "cargo-fuzz is not installed: cargo install cargo-fuzz (and a nightly toolchain)",
        ));
    }
    let all = targets()?;
    let chosen: Vec<&String> =
        all.iter().filter(|name| options.word.is_none_or(|word| word == *name)).collect();
    if chosen.is_empty() {
        return Err(Fault::new(format!("there is no such target; there are {}", all.join(", "))));
    }
    let mut summary = Summary::default();
    summary.part("fuzz", || {
        let mut count = Count::default();
        for target in chosen {
            println!("--- {target}, {seconds} s");
            let limit = format!("-max_total_time={seconds}");
            // rustup's cargo, not that of the toolchain that runs this: it understands +nightly.
            let mut command = Command::new("cargo");
            command.args(["+nightly", "fuzz", "run", target, "--", &limit]).current_dir(workspace::root());
            let well = run::succeeds(&mut command)?;
            count.passed += u64::from(well);
            count.failed += u64::from(!well);
        }
        Ok(count)
    });
    Ok(summary.finish())
}

/// The targets by name, sorted: one file each.
pub(crate) fn targets() -> Result<Vec<String>, Fault> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(Fault::with(folder.display().to_string()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".rs").map(ToOwned::to_owned)
        })
        .collect();
    names.sort();
    Ok(names)
}
