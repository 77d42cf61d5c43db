//! `cargo xtask protocols`: h2spec, and gRPC's interop client, through the gateway to real upstreams.

mod grpc;
mod h2spec;
mod server;
mod stage;

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use self::stage::Stage;
use crate::fault::Fault;
use crate::summary::{Count, Summary};
use crate::workspace::Options;
use crate::{interop, lab};

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--gateway"], &[])?;
    let suites = Suites::install()?;
    let gateway = match options.value("--gateway") {
        Some(path) => Path::new(path).canonicalize().map_err(Fault::with(path))?,
        None => interop::build()?,
    };
    let mut summary = Summary::default();
    summary.part("protocols", || suites.run(&gateway));
    Ok(summary.finish())
}

/// The suites' programs.
#[derive(Debug)]
pub(crate) struct Suites {
    h2spec: PathBuf,
    client: PathBuf,
    server: PathBuf,
}

/// Suites that are being installed.
#[derive(Debug)]
pub(crate) struct Installing(JoinHandle<Result<Suites, Fault>>);

impl Installing {
    pub(crate) fn join(self) -> Result<Suites, Fault> {
        self.0.join().map_err(|_| Fault::new("the thread that installs the protocol suites panicked"))?
    }
}

impl Suites {
    /// Builds what is missing, beside whatever the caller does next.
    pub(crate) fn install_in_background() -> Installing {
        Installing(thread::spawn(Self::install))
    }

    fn install() -> Result<Self, Fault> {
        let [h2spec, client, server] = lab::go::install([
            ("h2spec", "github.com/summerwind/h2spec/cmd/h2spec"),
            ("grpc-client", "google.golang.org/grpc/interop/client"),
            ("grpc-server", "google.golang.org/grpc/interop/server"),
        ])?;
        Ok(Self { h2spec, client, server })
    }

    /// Runs every case of each.
    pub(crate) fn run(&self, gateway: &Path) -> Result<Count, Fault> {
        let stage = Stage::start(gateway, &self.server)?;
        let mut count = Count::default();
        for (name, tls) in [("h2spec over h2c", false), ("h2spec over TLS", true)] {
            println!("{name}:");
            count.add(h2spec::run(&self.h2spec, &stage, tls)?);
        }
        println!("gRPC:");
        count.add(grpc::run(&self.client, &stage));
        if count.well() {
            let _ = std::fs::remove_dir_all(&stage.folder);
        } else {
            println!("logs are in {}", stage.folder.display());
        }
        Ok(count)
    }
}
