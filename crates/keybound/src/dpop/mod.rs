//! `keybound dpop`: keys, proofs, and what is wrong with them.

mod argument;
mod decoded;
mod inspect;
mod key;
mod keyfile;
mod proof;

use std::process::ExitCode;

use clap::Subcommand;

pub use argument::Text;

use crate::terminal::print;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a private key and print it as a JWK set, or write it to a file that only its owner can read.
    Key(key::Arguments),
    /// Sign a proof and print it: curl -H "DPoP: $(keybound dpop proof …)".
    Proof(proof::Arguments),
    /// Take a proof apart, and say which check it would fail. Ends with 1 when it would fail one.
    Inspect(inspect::Arguments),
}

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub enum DpopFault {
    /// A file cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A file holds no key to sign with.
    #[error("{path}: {cause}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// An option's value is of no use.
    #[error("{option}: {cause}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// Signing failed.
    #[error("the key cannot sign: {0}")]
    Signing(String),
}

/// Runs a command: 0 when it went well, 1 when it did not, or when an inspected proof would be refused.
#[must_use]
pub fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Key(arguments) => key::run(&arguments).map(|text| (text, true)),
        Command::Proof(arguments) => proof::run(&arguments).map(|text| (text, true)),
        Command::Inspect(arguments) => inspect::run(&arguments),
    };
    match outcome {
        Ok((text, passes)) => {
            print(&text);
            if passes { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(fault) => {
            eprintln!("keybound: {fault}");
            ExitCode::FAILURE
        }
    }
}
