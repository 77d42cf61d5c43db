//! `cargo xtask fuzz`: the targets in `fuzz/`, for a while each, some at a time.
//!
//! Built with the toolchain that builds everything else: only the crates of this workspace have coverage (`fuzz/rustc.sh`),
//! and third-party crates are those of the debug build.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::fault::Fault;
use crate::run;
use crate::summary::{Count, Summary};
use crate::workspace::{self, Options};

/// Longest input, longest run of one input in seconds, and most memory in MB.
const BOUNDS: [&str; 3] = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024"];

/// What one target did.
struct Outcome {
    target: String,
    executions: u64,
    seconds: f64,
    inputs: usize,
    /// Inputs that it found something with.
    findings: Vec<PathBuf>,
    /// Why it ended, where it did not end well.
    said: Option<String>,
}

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--seconds", "--jobs"], &["--merge"])?;
    let seconds = options.number("--seconds", 20)?;
    let jobs = options.number("--jobs", 2)?.max(1);
    let all = targets()?;
    let chosen: Vec<String> =
        all.iter().filter(|name| options.word.is_none_or(|word| word == *name)).cloned().collect();
    if chosen.is_empty() {
        return Err(Fault::new(format!("there is no such target; there are {}", all.join(", "))));
    }
    let mut summary = Summary::default();
    summary.part("fuzz", || {
        if options.has("--merge") {
            let program = build()?;
            return Ok(told(&each(&chosen, jobs, |target| merge(&program, target))?));
        }
        each_for(&chosen, seconds, jobs)
    });
    Ok(summary.finish())
}

/// Every target for a while, as every run of the tests does.
pub(crate) fn all_for(seconds: u64, jobs: u64) -> Result<Count, Fault> {
    each_for(&targets()?, seconds, jobs)
}

fn each_for(targets: &[String], seconds: u64, jobs: u64) -> Result<Count, Fault> {
    let program = build()?;
    Ok(told(&each(targets, jobs, |target| one(&program, target, seconds))?))
}

/// The targets by name: the folders of the corpus, which a test holds against the list of the bodies.
pub(crate) fn targets() -> Result<Vec<String>, Fault> {
    let folder = folder().join("corpus");
    let entries = fs::read_dir(&folder).map_err(Fault::with(folder.display().to_string()))?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Builds the fuzzer; answers where it is.
fn build() -> Result<PathBuf, Fault> {
    // The whole workspace is selected so that third-party crates have the features that they have everywhere else.
    let mut command = run::cargo(["build", "--workspace", "--features", "keybound-fuzz/fuzzer"]);
    command.args(["--bin", "keybound-fuzz"]);
    command.env("RUSTC_WORKSPACE_WRAPPER", folder().join("rustc.sh"));
    // Coverage needs whole crates, and what is built here is not built again and again.
    command.env("CARGO_INCREMENTAL", "0");
    if !run::succeeds(&mut command)? {
        return Err(Fault::new("the fuzzer does not build: see above (it needs a C++ compiler)"));
    }
    Ok(workspace::target().join("debug/keybound-fuzz"))
}

/// Runs `work` for each target, `jobs` at a time; what came of them, in the order of the targets.
fn each(
    targets: &[String],
    jobs: u64,
    work: impl Fn(&str) -> Result<Outcome, Fault> + Sync,
) -> Result<Vec<Outcome>, Fault> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = work(target);
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(outcome);
                }
            });
        }
    });
    let done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut outcomes = done.into_iter().collect::<Result<Vec<_>, _>>()?;
    outcomes.sort_by(|one, other| one.target.cmp(&other.target));
    Ok(outcomes)
}

/// Fuzzes one target. What it learns stays in `target/fuzz`, for the next time.
fn one(program: &Path, target: &str, seconds: u64) -> Result<Outcome, Fault> {
    let (learned, artifacts) = (made(workspace::target().join("fuzz").join(target))?, artifacts(target)?);
    let before = files(&artifacts);
    let started = Instant::now();
    let mut command = fuzzer(program, target);
    command.arg(format!("-max_total_time={seconds}")).args(BOUNDS).arg("-print_final_stats=1");
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.arg(&learned).arg(folder().join("corpus").join(target));
    let done = command.output().map_err(Fault::with(program.display().to_string()))?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let executions = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok())
        .unwrap_or(0);
    let findings = files(&artifacts).into_iter().filter(|file| !before.contains(file)).collect();
    Ok(Outcome {
        target: target.to_owned(),
        executions,
        seconds: started.elapsed().as_secs_f64(),
        inputs: files(&learned).len(),
        findings,
        said: (!done.status.success()).then(|| last(&said)),
    })
}

/// Adds to the committed corpus the fewest learned inputs that reach what it does not.
fn merge(program: &Path, target: &str) -> Result<Outcome, Fault> {
    let learned = made(workspace::target().join("fuzz").join(target))?;
    let corpus = folder().join("corpus").join(target);
    let mut command = fuzzer(program, target);
    command.args(["-merge=1", "-max_len=512"]).arg(&corpus).arg(&learned);
    let done = command.output().map_err(Fault::with(program.display().to_string()))?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    Ok(Outcome {
        target: target.to_owned(),
        executions: 0,
        seconds: 0.0,
        inputs: files(&corpus).len(),
        findings: Vec::new(),
        said: (!done.status.success()).then(|| last(&said)),
    })
}

fn fuzzer(program: &Path, target: &str) -> Command {
    let mut command = Command::new(program);
    command.env("KEYBOUND_FUZZ_TARGET", target).env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command
}

/// Prints the table; a target passed when it ended well.
fn told(outcomes: &[Outcome]) -> Count {
    let mut count = Count::default();
    println!("\n| target | executions | a second | inputs learned | findings |");
    println!("|---|---|---|---|---|");
    for outcome in outcomes {
        let a_second = outcome.executions as f64 / outcome.seconds.max(0.001);
        println!(
            "| {} | {} | {a_second:.0} | {} | {} |",
            outcome.target,
            outcome.executions,
            outcome.inputs,
            outcome.findings.len()
        );
        count.passed += u64::from(outcome.said.is_none());
        count.failed += u64::from(outcome.said.is_some());
    }
    let executions: u64 = outcomes.iter().map(|outcome| outcome.executions).sum();
    println!("\n{executions} executions in all");
    for outcome in outcomes {
        let Some(said) = &outcome.said else { continue };
        println!("\n{} ended badly:\n{said}", outcome.target);
        for finding in &outcome.findings {
            println!(
                "commit it with what mends it: cp {} fuzz/corpus/{}/regression-WHAT",
                finding.display(),
                outcome.target
            );
        }
    }
    count
}

/// The lines that tell what was found: from the panic on, without the table of figures.
fn last(said: &str) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.starts_with("stat::")).collect();
    let from = lines.iter().position(|line| line.contains("panicked at") || line.contains("ERROR:"));
    let from = from.unwrap_or(lines.len().saturating_sub(8));
    lines.iter().skip(from).take(12).copied().collect::<Vec<_>>().join("\n")
}

fn artifacts(target: &str) -> Result<PathBuf, Fault> {
    made(folder().join("artifacts").join(target))
}

fn made(folder: PathBuf) -> Result<PathBuf, Fault> {
    fs::create_dir_all(&folder).map_err(Fault::with(folder.display().to_string()))?;
    Ok(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}

fn folder() -> PathBuf {
    workspace::root().join("fuzz")
}
