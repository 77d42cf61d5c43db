//! Programs that a chore starts.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fault::Fault;
use crate::workspace;

/// The cargo that runs this, in the workspace's root.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(workspace::root());
    command
}

/// Runs a program with its output on ours; answers whether it ended well.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool, Fault> {
    let status = command.stdin(Stdio::null()).status().map_err(Fault::with(shown(command)))?;
    Ok(status.success())
}

/// Runs a program quietly; its standard output, or a fault with what it said.
pub(crate) fn output(command: &mut Command) -> Result<String, Fault> {
    let done = command.stdin(Stdio::null()).output().map_err(Fault::with(shown(command)))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(Fault::new(format!("{} failed ({}):\n{}", shown(command), done.status, said.trim())))
}

/// Runs a program, passes its standard output on line by line, and shows each line to `see`.
pub(crate) fn watched(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool, Fault> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(Fault::with(shown(command)))?;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(Fault::with(shown(command)))?;
            println!("{line}");
            see(&line);
        }
    }
    let status = child.wait().map_err(Fault::with(shown(command)))?;
    Ok(status.success())
}

/// Whether a program of that name is on PATH.
pub(crate) fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers in /usr/sbin, which the PATH of ordinary users lacks.
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
        || Path::new("/usr/sbin").join(name).is_file()
}

fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}
