//! `cargo xtask dist`: the program as it is handed out: `target/dist/keybound`, built along a profile of itself under load.
//!
//! Twice the crates of this workspace are compiled: once with counters, which a short load fills (see [`training`]), and once more
//! along what they counted; third-party crates are compiled once and have no counters. Code that the load does not reach is
//! built as in any release. The profile is made anew each time that the sources are newer than the program, so that nothing
//! depends on a file that somebody must keep up to date.

mod training;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::fault::Fault;
use crate::run;
use crate::workspace::{self, Options};

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    Options::parse(arguments, &[], &[])?;
    println!("{}", build()?.display());
    Ok(true)
}

/// Where the build puts a program.
pub(crate) fn built(name: &str) -> PathBuf {
    workspace::target().join("dist").join(name)
}

/// The program, newer than every source; answers where it is.
pub(crate) fn build() -> Result<PathBuf, Fault> {
    let (program, stamp) = (built("keybound"), folder().join("done"));
    let sources = newest(&workspace::root())?;
    if fs::read_to_string(&stamp).is_ok_and(|said| facts(&program, sources).is_ok_and(|facts| facts == said))
    {
        return Ok(program);
    }
    let _ = fs::remove_file(&stamp);
    let profiler = profiler()?;
    let raw = workspace::emptied("pgo/raw")?;
    clean()?;
    compile(&format!("-Cprofile-generate={}", raw.display()))?;
    training::run(&program, &workspace::emptied("pgo/load")?)?;
    counted(&raw)?;
    let profile = folder().join("keybound.profdata");
    run::output(Command::new(profiler).arg("merge").arg("-o").arg(&profile).arg(&raw))?;
    clean()?;
    // What the load did not reach is not built for size: HTTP/2, TLS and the Admin API are somebody's hot path, too.
    compile(&format!("-Cprofile-use={} -Cllvm-args=-pgso=false", profile.display()))?;
    // Of the sources that this began with: what changed meanwhile may be in it or not.
    let facts = facts(&program, sources)?;
    fs::write(&stamp, facts).map_err(Fault::with(stamp.display().to_string()))?;
    Ok(program)
}

/// What tells one program from another: itself, its sources, and the compiler.
fn facts(program: &Path, sources: SystemTime) -> Result<String, Fault> {
    let length = fs::metadata(program).map_err(Fault::with(program.display().to_string()))?.len();
    let compiler = run::output(Command::new(rustc()).arg("-vV"))?;
    Ok(format!("{:?}\n{length}\n{sources:?}\n{compiler}", modified(program)?))
}

/// The generator alone, where the program comes from elsewhere.
pub(crate) fn generator() -> Result<(), Fault> {
    if built("keybound-load").is_file() {
        return Ok(());
    }
    cargo_build(&["-p", "keybound-benches"], "")
}

fn compile(flags: &str) -> Result<(), Fault> {
    cargo_build(&["-p", "keybound", "-p", "keybound-benches"], flags)
}

/// Builds, with more flags for the compiler where it compiles a crate of ours.
fn cargo_build(packages: &[&str], flags: &str) -> Result<(), Fault> {
    let mut command = run::cargo(["build", "--profile", "dist", "--locked", "--bins"]);
    command.args(packages);
    command.env("RUSTC_WORKSPACE_WRAPPER", workspace::root().join("xtask/src/dist/rustc.sh"));
    command.env("KEYBOUND_RUSTC_FLAGS", flags);
    if !run::succeeds(&mut command)? {
        return Err(Fault::new("the build failed: see above"));
    }
    Ok(())
}

/// Forgets what was compiled of this workspace: cargo does not know of the flags.
fn clean() -> Result<(), Fault> {
    let list = ["tree", "--workspace", "--depth", "0", "--prefix", "none", "--format", "{p}"];
    let ours = run::output(&mut run::cargo(list))?;
    let names = ours.lines().filter_map(|line| line.split_whitespace().next());
    let mut command = run::cargo(["clean", "--profile", "dist", "--quiet"]);
    command.args(names.flat_map(|name| ["-p", name]));
    run::output(&mut command).map(drop)
}

/// Whether both programs left counters: the generator has some, too, and they are worth nothing without the program's.
fn counted(raw: &Path) -> Result<(), Fault> {
    let left = fs::read_dir(raw).map_err(Fault::with(raw.display().to_string()))?.count();
    if left < 2 {
        return Err(Fault::new(format!("the program left no counters in {}", raw.display())));
    }
    Ok(())
}

/// The program that merges profiles; it comes with the compiler, as a component of rustup.
fn profiler() -> Result<PathBuf, Fault> {
    let said = run::output(Command::new(rustc()).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
    let root = run::output(Command::new(rustc()).args(["--print", "sysroot"]))?;
    let program = Path::new(root.trim()).join("lib/rustlib").join(host).join("bin/llvm-profdata");
    if !program.is_file() {
        run::output(Command::new("rustup").args(["component", "add", "llvm-tools"]))?;
    }
    if program.is_file() {
        return Ok(program);
    }
    Err(Fault::new(format!("{} is not there (rustup component add llvm-tools)", program.display())))
}

fn rustc() -> std::ffi::OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn folder() -> PathBuf {
    workspace::target().join("pgo")
}

fn modified(path: &Path) -> Result<SystemTime, Fault> {
    match fs::metadata(path) {
        Ok(facts) => facts.modified().map_err(Fault::with(path.display().to_string())),
        Err(_) => Ok(SystemTime::UNIX_EPOCH),
    }
}

/// When the newest of what the program is made of changed.
fn newest(root: &Path) -> Result<SystemTime, Fault> {
    let mut latest = SystemTime::UNIX_EPOCH;
    let mut left = vec![root.join("Cargo.toml"), root.join("Cargo.lock"), root.join("xtask/src/dist")];
    left.extend([root.join("crates"), root.join("benches")]);
    while let Some(path) = left.pop() {
        latest = latest.max(modified(&path)?);
        if path.is_dir() {
            let entries = fs::read_dir(&path).map_err(Fault::with(path.display().to_string()))?;
            left.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    Ok(latest)
}
