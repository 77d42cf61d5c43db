//! Every chore of the project as `cargo xtask NAME`: one file each.

#![allow(clippy::print_stdout, reason = "a chore talks to the person who runs it")]

mod bench;
mod budget;
mod chaos;
mod churn;
mod deb;
mod dist;
mod docs;
mod fault;
mod fuzz;
mod generator;
mod interop;
mod lab;
mod lint;
mod protocols;
mod rules;
mod run;
mod soak;
mod summary;
mod test;
mod workspace;

use std::process::ExitCode;

use fault::Fault;

const HELP: &str = "\
cargo xtask NAME

  test      everything: format, clippy, tests and doctests, generated pages, instructions, fuzzing, protocols, the interop walk
  lint      format and clippy only                             [--fix]
  interop   the walk with Keycloak, oidc-provider and npm clients    [--gateway BINARY] [--list]
  protocols h2spec and gRPC's interop client               [--gateway BINARY]
  fuzz      every parser of what strangers send, for a while   [TARGET] [--seconds N] [--jobs N] [--merge]
  chaos     what breaks, and what clients see then             [TEST]
  soak      mixed traffic for long; curves to docs/soak.svg    [--minutes N] [--gateway BINARY] [--picture FILE]
  bench     CPU per request against nginx and Apache, on one core    [--rounds N] [--requests N] [--gateway BINARY]
  budget    instructions of hot operations against the committed budget    [--update]
  memory    memory at start, with idle connections, many routes, after many requests    [--requests N] [--gateway BINARY]
  churn     reloads and Admin writes under load, failed must be 0 [--seconds N] [--gateway BINARY]
  dist      the program as it is handed out: target/dist/keybound, built along a profile of itself under load
  deb       the Debian package, from that build                   [--gateway BINARY] [--maintainer NAME]
  rules     promtool reads the alert rules                      [--metrics FILE]
  docs      writes the generated pages below docs/             [--check]";

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() {
        eprintln!("{HELP}");
        return ExitCode::from(2);
    }
    let name = arguments.remove(0);
    match chore(&name, &arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("cargo xtask {name}: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a chore; answers whether everything it looked at was well.
fn chore(name: &str, arguments: &[String]) -> Result<bool, Fault> {
    match name {
        "test" => test::run(arguments),
        "lint" => lint::run(arguments),
        "interop" => interop::run(arguments),
        "protocols" => protocols::run(arguments),
        "fuzz" => fuzz::run(arguments),
        "chaos" => chaos::run(arguments),
        "soak" => soak::run(arguments),
        "bench" => bench::run(arguments),
        "budget" => budget::run(arguments),
        "memory" => bench::memory::run(arguments),
        "churn" => churn::run(arguments),
        "dist" => dist::run(arguments),
        "deb" => deb::run(arguments),
        "rules" => rules::run(arguments),
        "docs" => docs::run(arguments),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(true)
        }
        _ => Err(Fault::new(format!("there is no such chore\n\n{HELP}"))),
    }
}
