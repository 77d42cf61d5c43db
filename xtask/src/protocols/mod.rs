//! `cargo xtask protocols`: h2spec, and gRPC's interop client, through the gateway to real upstreams.

mod grpc;
mod h2spec;
mod server;
mod stage;

use std::path::Path;

use self::stage::Stage;
use crate::fault::Fault;
use crate::summary::Summary;
use crate::workspace::Options;
use crate::{interop, lab};

pub(crate) fn run(arguments: &[String]) -> Result<bool, Fault> {
    let options = Options::parse(arguments, &["--gateway"], &[])?;
    let [h2spec, client, server] = lab::go::install([
        ("h2spec", "github.com/summerwind/h2spec/cmd/h2spec"),
        ("grpc-client", "google.golang.org/grpc/interop/client"),
        ("grpc-server", "google.golang.org/grpc/interop/server"),
    ])?;
    let gateway = match options.value("--gateway") {
        Some(path) => Path::new(path).canonicalize().map_err(Fault::with(path))?,
        None => interop::build()?,
    };
    let stage = Stage::start(&gateway, &server)?;
    let mut summary = Summary::default();
    summary.part("h2spec over h2c", || h2spec::run(&h2spec, &stage, false));
    summary.part("h2spec over TLS", || h2spec::run(&h2spec, &stage, true));
    summary.part("gRPC", || Ok(grpc::run(&client, &stage)));
    let well = summary.finish();
    if well {
        let _ = std::fs::remove_dir_all(&stage.folder);
    } else {
        println!("logs are in {}", stage.folder.display());
    }
    Ok(well)
}
