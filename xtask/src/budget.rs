//! `cargo xtask budget`: instructions of hot operations, counted by callgrind, against `benches/budget/budget.tsv`.
//!
//! Instructions mean the same on a busy machine as on an idle one, which times do not. An operation that takes more than its
//! budget and the margin fails; one that takes less by more than the margin asks for a smaller budget (`--update`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::fault::Fault;
use crate::lab::debian;
use crate::run;
use crate::summary::Count;
use crate::workspace::{self, Options};

/// Runs of which the second has so many operations more than the first.
const FEW: u64 = 10;
const MANY: u64 = 50;
/// Part of the budget by which a count may be off: hash maps are seeded anew in each run, and the library knows processors.
const MARGIN: f64 = 0.04;

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &[], &["--update"])?;
    Ok(check(options.has("--update"))?.well())
}

/// Counts every operation and compares.
pub(crate) fn check(update: bool) -> Result<Count, Fault> {
    debian::installed("valgrind", || debian::program("valgrind"));
    let program = build()?;
    let names = run::output(&mut Command::new(&program))?;
    let file = workspace::root().join("benches/budget/budget.tsv");
    let budget = read(&file)?;
    let (mut count, mut counted) = (Count::default(), Vec::new());
    println!("{:<24} {:>12} {:>12}", "operation", "instructions", "budget");
    for name in names.lines() {
        let (few, many) = (instructions(&program, name, FEW)?, instructions(&program, name, MANY)?);
        let one = many.saturating_sub(few) / (MANY - FEW);
        counted.push((name, one));
        let Some(&most) = budget.get(name) else {
            println!("{name:<24} {one:>12} {:>12}  has no budget", "");
            count.failed += u64::from(!update);
            continue;
        };
        let ratio = one as f64 / most as f64;
        let verdict = match ratio {
            _ if ratio > 1.0 + MARGIN => "takes more: find out why",
            _ if ratio < 1.0 - MARGIN => "takes less: lower its budget (cargo xtask budget --update)",
            _ => "",
        };
        println!("{name:<24} {one:>12} {most:>12}  {verdict}");
        count.passed += u64::from(verdict.is_empty());
        count.failed += u64::from(!verdict.is_empty() && !update);
    }
    if update {
        let lines: String = counted.iter().map(|(name, one)| format!("{name}\t{one}\n")).collect();
        fs::write(&file, lines).map_err(Fault::with(file.display().to_string()))?;
        return Ok(Count::of(true));
    }
    println!("budget: {} passed, {} failed", count.passed, count.failed);
    Ok(count)
}

fn build() -> Result<PathBuf, Fault> {
    let mut command = run::cargo(["build", "--profile", "budget", "-p", "keybound-budget"]);
    if !run::succeeds(&mut command)? {
        return Err(Fault::new("the build of keybound-budget failed: see above"));
    }
    Ok(workspace::target().join("budget/keybound-budget"))
}

fn read(file: &Path) -> Result<BTreeMap<String, u64>, Fault> {
    let text = fs::read_to_string(file).map_err(Fault::with(file.display().to_string()))?;
    text.lines()
        .map(|line| {
            let entry =
                line.split_once('\t').and_then(|(name, most)| Some((name.to_owned(), most.parse().ok()?)));
            entry.ok_or_else(|| Fault::new(format!("{}: {line} is not NAME, tab, NUMBER", file.display())))
        })
        .collect()
}

/// What callgrind counts of a run.
fn instructions(program: &Path, name: &str, times: u64) -> Result<u64, Fault> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let done = command.args([name, &times.to_string()]).output().map_err(Fault::with("valgrind"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected
        .filter(|_| done.status.success())
        .ok_or_else(|| Fault::new(format!("callgrind of {name} failed:\n{said}")))
}
