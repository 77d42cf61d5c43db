//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::settings::{Inputs, Settings, SettingsFault};
use crate::start::MigrationsCommand;
use crate::terminal::print;
use crate::{demo, dpop, reference, settings, start};

/// An API gateway that lets an access token through only together with the key it is bound to.
#[derive(Debug, Parser)]
#[command(name = "keybound", version, disable_help_subcommand = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway in the foreground.
    Start(SettingsArguments),
    /// Read settings and configuration, say what is wrong with them or what they amount to.
    Check(SettingsArguments),
    /// Make and change the tables of the configuration store; a start does so too.
    #[command(subcommand)]
    Migrations(Tables),
    /// Print the version.
    Version,
    /// Show, in one process and without set-up, a bound token pass and its misuse refused.
    Demo {
        /// Keep everything running afterwards, and print commands to try.
        #[arg(long)]
        serve: bool,
    },
    /// Make keys, sign proofs, and take proofs apart (DPoP, RFC 9449).
    #[command(subcommand)]
    Dpop(dpop::Command),
    /// Print a page of the reference documentation.
    #[command(hide = true, subcommand)]
    Reference(reference::Page),
}

#[derive(Debug, Subcommand)]
enum Tables {
    /// Make the tables.
    Bootstrap(SettingsArguments),
    /// Bring the tables up to date.
    Up(SettingsArguments),
    /// Finish what `up` began; it leaves nothing.
    Finish(SettingsArguments),
    /// Show what was done: exit code 3 when there are no tables, 5 when something is to be done.
    List(SettingsArguments),
    /// Show what was done, in JSON.
    Status(SettingsArguments),
    /// Drop the tables, with everything that is configured.
    Reset {
        #[command(flatten)]
        settings: SettingsArguments,
        /// Do it without a question.
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct SettingsArguments {
    /// The settings file; without it, the first of /etc/keybound/keybound.conf, /etc/keybound.conf, /etc/kong/kong.conf
    /// and /etc/kong.conf that exists.
    #[arg(short = 'c', long = "conf", value_name = "FILE")]
    file: Option<PathBuf>,
    /// The folder for everything that is written: the setting `prefix`.
    #[arg(short, long, value_name = "FOLDER")]
    prefix: Option<String>,
}

/// Runs the command that the process was started with: 0 when it went well, 1 when it did not, 2 for a command line
/// that cannot be understood.
#[must_use]
pub fn run() -> ExitCode {
    run_with(std::env::args_os())
}

/// Runs a command line, the program's name first.
#[must_use]
pub fn run_with(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is all that can go wrong here.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    // One provider of cryptography for every TLS connection; a second call would find the first one in place.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let outcome = match cli.command {
        Command::Start(arguments) => {
            settings(arguments).and_then(|settings| start::run(&settings).map_err(lines))
        }
        Command::Check(arguments) => settings(arguments).and_then(|settings| {
            print(&settings::report(&settings));
            start::check(&settings).map_err(lines)?;
            print("\nSettings and configuration are in order.\n");
            Ok(())
        }),
        Command::Migrations(tables) => match migrations(tables) {
            Ok(code) => return ExitCode::from(code),
            Err(lines) => Err(lines),
        },
        Command::Version => {
            print(concat!("keybound ", env!("CARGO_PKG_VERSION"), "\n"));
            Ok(())
        }
        Command::Demo { serve } => demo::run(serve).map_err(lines),
        Command::Dpop(command) => return dpop::run(command),
        Command::Reference(page) => reference::page(&page).map(|text| print(&text)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(lines) => {
            for line in lines {
                eprintln!("keybound: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Works on the tables of the store; answers the code to exit with.
fn migrations(tables: Tables) -> Result<u8, Vec<String>> {
    let (command, arguments) = match tables {
        Tables::Bootstrap(arguments) => (MigrationsCommand::Bootstrap, arguments),
        Tables::Up(arguments) => (MigrationsCommand::Up, arguments),
        Tables::Finish(arguments) => (MigrationsCommand::Finish, arguments),
        Tables::List(arguments) => (MigrationsCommand::List, arguments),
        Tables::Status(arguments) => (MigrationsCommand::Status, arguments),
        Tables::Reset { settings, yes: true } => (MigrationsCommand::Reset, settings),
        Tables::Reset { .. } => {
            return Err(vec!["this drops everything that is configured: say --yes if it shall".to_owned()]);
        }
    };
    let done = start::migrations(&settings(arguments)?, command).map_err(lines)?;
    print(&done.text);
    Ok(done.code)
}

fn settings(arguments: SettingsArguments) -> Result<Settings, Vec<String>> {
    let mut inputs = Inputs::of_process(arguments.file);
    inputs.flags.extend(arguments.prefix.map(|folder| ("prefix", "--prefix", folder)));
    Settings::load(&inputs).map_err(|faults| faults.iter().map(SettingsFault::to_string).collect())
}

/// A fault as the lines that a person reads, one for each thing that is wrong.
fn lines(fault: impl std::fmt::Display) -> Vec<String> {
    fault.to_string().lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
