//! `cargo xtask interop`: the walk in `tests/interop`, with a real Keycloak, oidc-provider and npm clients.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use crate::fault::Fault;
use crate::summary::{Count, Summary};
use crate::workspace::{self, Options};
use crate::{lab, run};

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--gateway"], &["--list"])?;
    let walk = Walk::start_in_background();
    let gateway = match options.value("--gateway") {
        Some(path) => Path::new(path).canonicalize().map_err(Fault::with(path))?,
        None => build()?,
    };
    let mut summary = Summary::default();
    summary.part("interop", || walk.join()?.finish(&gateway, options.has("--list")));
    Ok(summary.finish())
}

/// Builds the gateway as the tests build it, so that nothing is compiled twice.
pub(crate) fn build() -> Result<PathBuf, Fault> {
    // As tests have it built: with the features of what only tests depend on, so that nothing is compiled twice.
    if run::succeeds(&mut run::cargo(["test", "--workspace", "--no-run", "--test", "demo"]))? {
        Ok(workspace::target().join("debug/keybound"))
    } else {
        Err(Fault::new("keybound does not build: see above"))
    }
}

/// The walk while its providers boot. Dropping it ends the walk, and the walk ends all that it started.
#[derive(Debug)]
pub(crate) struct Walk {
    child: Child,
    /// Where decK's second gateway keeps its configuration; ends with the walk.
    _postgres: lab::PostgresServer,
}

/// A walk that is being installed.
#[derive(Debug)]
pub(crate) struct Starting(JoinHandle<Result<Walk, Fault>>);

impl Starting {
    pub(crate) fn join(self) -> Result<Walk, Fault> {
        self.0.join().map_err(|_| Fault::new("the thread that installs the providers panicked"))?
    }
}

impl Walk {
    /// Installs what is missing and starts the providers, beside whatever the caller does next.
    pub(crate) fn start_in_background() -> Starting {
        Starting(thread::spawn(Self::start))
    }

    fn start() -> Result<Self, Fault> {
        let node = lab::npm::install()?;
        let keycloak = lab::keycloak::install()?;
        let deck = lab::deck::install();
        let nginx = lab::nginx::install();
        let postgres = lab::PostgresServer::start();
        let settings = postgres.settings("deck");
        let settings =
            settings.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect::<Vec<_>>();
        let child = Command::new(node)
            .arg("main.mjs")
            .arg("--keycloak")
            .arg(keycloak)
            .arg("--folder")
            .arg(workspace::lab().join("interop"))
            .arg("--deck")
            .arg(deck)
            .arg("--nginx")
            .arg(nginx)
            .arg("--postgres")
            .arg(format!("{{{}}}", settings.join(",")))
            .current_dir(workspace::root().join("tests/interop"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Fault::with("the walk does not start"))?;
        Ok(Self { child, _postgres: postgres })
    }

    /// Hands the gateway to the walk, and counts what it asserts. `list` prints every case, not only failures.
    pub(crate) fn finish(mut self, gateway: &Path, list: bool) -> Result<Count, Fault> {
        let stdin = self.child.stdin.as_mut().ok_or_else(|| Fault::new("the walk has no standard input"))?;
        let verbose = if list { "list\n" } else { "" };
        // A walk that has ended already says below why.
        let _ = stdin.write_all(format!("{verbose}gateway {}\n", gateway.display()).as_bytes());
        let stdout = self.child.stdout.take().ok_or_else(|| Fault::new("the walk has no standard output"))?;
        let mut count = Count::default();
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(Fault::with("the walk's output"))?;
            println!("{line}");
            if line.starts_with("interop: ") {
                count.read(&line);
            }
        }
        let status = self.child.wait().map_err(Fault::with("the walk"))?;
        if !status.success() && count.failed == 0 {
            println!(
                "the walk ended early ({status}); logs are in {}",
                workspace::lab().join("interop").display()
            );
            count.failed = 1;
        }
        Ok(count)
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        // The end of its standard input tells the walk to end; it then stops its own children.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
