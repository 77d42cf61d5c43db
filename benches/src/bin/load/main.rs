//! The load comparison's generator: one thread, keep-alive connections, every request prepared before the first is sent.
//!
//! ```text
//! keybound-load provider FOLDER ISSUER        keys, tokens and the provider's two documents
//! keybound-load fire ADDRESS PATH REQUESTS CONNECTIONS RATE [FOLDER es256|rs256]
//! keybound-load hold ADDRESS PATH CONNECTIONS
//! ```
//! With a folder, each request carries a token and a DPoP proof of its own. RATE is in requests a second, 0 for as many as
//! get answers. The last line of `fire` is read by `cargo xtask bench`: `requests=… failed=… seconds=… p50=… p99=…`,
//! latencies in microseconds. `hold` sends one request on each connection, says so, and keeps all of them open until its
//! standard input ends.

#![allow(clippy::print_stdout, reason = "the figures go to standard output")]

mod fire;
mod provider;
mod requests;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("keybound-load: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    match *arguments {
        ["provider", folder, issuer] => provider::write(Path::new(folder), issuer),
        ["fire", address, path, requests, connections, rate, ref credential @ ..] => {
            let requests: usize = requests.parse()?;
            let prepared = match *credential {
                [] => requests::plain(address, path, requests),
                [folder, token] => requests::bound(address, path, requests, Path::new(folder), token)?,
                _ => return Err("a folder and the token's algorithm, or neither".into()),
            };
            let figures = fire::all(address.parse()?, prepared, connections.parse()?, rate.parse()?)?;
            println!("{figures}");
            Ok(())
        }
        ["hold", address, path, connections] => {
            let connections: usize = connections.parse()?;
            let held = fire::hold(address.parse()?, &requests::plain(address, path, connections))?;
            println!("held={}", held.len());
            // Its end is the sign to let go.
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
            Ok(())
        }
        _ => Err("provider FOLDER ISSUER, fire ADDRESS PATH REQUESTS CONNECTIONS RATE [FOLDER TOKEN], or \
                  hold ADDRESS PATH CONNECTIONS"
            .into()),
    }
}
