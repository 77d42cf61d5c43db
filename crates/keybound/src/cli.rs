//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::instance::InstanceFault;
use crate::settings::{Inputs, Settings, SettingsFault};
use crate::start::{Heir, Invocation, MigrationsCommand};
use crate::terminal::print;
use crate::{config, demo, dpop, instance, logging, reference, settings, start};

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
    Start {
        #[command(flatten)]
        settings: SettingsArguments,
        /// Take the place of the process that started this one, and speaks through standard input.
        #[arg(long, hide = true)]
        take_over: bool,
    },
    /// Stop the one that runs in the prefix.
    Stop(Ending),
    /// Stop the one that runs in the prefix gracefully.
    Quit(Ending),
    /// Stop the one that runs in the prefix, if one does, and run the gateway in the foreground.
    Restart(Ending),
    /// Let the one that runs in the prefix read its configuration again.
    Reload(SettingsArguments),
    /// Let the one that runs in the prefix hand over to the binary that stands in its place now: no connection is refused.
    Upgrade(Upgrading),
    /// Say what runs in the prefix.
    Health(SettingsArguments),
    /// Read settings and configuration, say what is wrong with them or what they amount to.
    Check(SettingsArguments),
    /// Work with declarative files.
    Config {
        #[command(flatten)]
        settings: SettingsArguments,
        #[command(subcommand)]
        command: config::Command,
    },
    /// Look into vaults.
    #[command(subcommand)]
    Vault(Vaults),
    /// Make and change the tables of the configuration store; a start does so too.
    #[command(subcommand)]
    Migrations(Tables),
    /// Print the version.
    Version {
        /// Also print what it is compatible with and built on.
        #[arg(short, long)]
        all: bool,
    },
    /// Show, in one process and without set-up, a bound token pass and its misuse refused.
    Demo {
        /// Keep everything running afterwards, and print commands to try.
        #[arg(long)]
        serve: bool,
    },
    /// Make keys, sign proofs, and take proofs apart (DPoP, RFC 9449).
    #[command(subcommand)]
    Dpop(dpop::Command),
    /// Print a page of the reference documentation: what a fault means, what can be configured.
    #[command(subcommand)]
    Reference(reference::Page),
}

#[derive(Debug, Subcommand)]
enum Vaults {
    /// Print what a reference leads to.
    Get {
        #[command(flatten)]
        settings: SettingsArguments,
        /// The reference: {vault://env/NAME}, or the same without the braces.
        reference: String,
    },
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
    #[arg(short = 'c', long, value_name = "FILE", global = true)]
    conf: Option<PathBuf>,
    /// The folder for everything that is written: the setting `prefix`.
    #[arg(short, long, value_name = "FOLDER", global = true)]
    prefix: Option<String>,
}

#[derive(Debug, Args)]
struct Ending {
    #[command(flatten)]
    settings: SettingsArguments,
    /// How many seconds requests in flight have to finish before it is stopped forcefully.
    #[arg(short, long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u32,
}

#[derive(Debug, Args)]
struct Upgrading {
    #[command(flatten)]
    settings: SettingsArguments,
    /// How many seconds the new process has to serve.
    #[arg(short, long, value_name = "SECONDS", default_value_t = 60)]
    timeout: u32,
}

impl Ending {
    fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout))
    }
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
        Command::Start { settings: arguments, take_over } => start(arguments, take_over),
        Command::Stop(ending) => {
            let timeout = ending.timeout();
            folder(ending.settings).and_then(|prefix| said(instance::stop(&prefix, timeout)))
        }
        Command::Quit(ending) => {
            let timeout = ending.timeout();
            folder(ending.settings).and_then(|prefix| said(instance::quit(&prefix, timeout)))
        }
        Command::Restart(ending) => restart(ending),
        Command::Upgrade(upgrading) => {
            let timeout = Duration::from_secs(u64::from(upgrading.timeout));
            folder(upgrading.settings).and_then(|prefix| said(instance::upgrade(&prefix, timeout)))
        }
        Command::Reload(arguments) => folder(arguments)
            .and_then(|prefix| instance::reload(&prefix).map_err(lines))
            .map(|text| print(&text)),
        Command::Health(arguments) => folder(arguments)
            .and_then(|prefix| instance::health(&prefix).map_err(lines))
            .map(|text| print(&text)),
        Command::Check(arguments) => settings(arguments).and_then(|settings| {
            print(&settings::report(&settings));
            start::check(&settings).map_err(lines)?;
            print("\nSettings and configuration are in order.\n");
            Ok(())
        }),
        Command::Config { settings: arguments, command } => {
            settings(arguments).and_then(|settings| config::run(&settings, command).map_err(lines))
        }
        Command::Version { all } => {
            print(&version(all));
            Ok(())
        }
        Command::Vault(Vaults::Get { settings: arguments, reference }) => settings(arguments)
            .and_then(|settings| start::secret(&settings, &reference).map_err(lines))
            .map(|secret| print(&format!("{secret}\n"))),
        Command::Migrations(tables) => match migrations(tables) {
            Ok(code) => return ExitCode::from(code),
            Err(lines) => Err(lines),
        },
        Command::Demo { serve } => demo::run(serve).map_err(lines),
        Command::Dpop(command) => return dpop::run(command),
        Command::Reference(page) => reference::page(&page).map(|text| print(&text)),
    };
    match outcome {
        Ok(()) => {
            logging::flush();
            ExitCode::SUCCESS
        }
        Err(lines) => {
            logging::flush();
            for line in lines {
                eprintln!("keybound: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Runs the gateway; in place of the process that started this one, that is told when it cannot be.
fn start(arguments: SettingsArguments, take_over: bool) -> Result<(), Vec<String>> {
    if !take_over {
        let (settings, invocation) = invoked(arguments, None)?;
        return start::run(&settings, &invocation).map_err(lines);
    }
    let heir = || Heir::on_standard_input().map_err(|error| vec![format!("--take-over: {error}")]);
    let teller = heir()?;
    invoked(arguments, Some(heir()?))
        .and_then(|(settings, invocation)| start::run(&settings, &invocation).map_err(lines))
        .inspect_err(|lines| teller.refuse(lines))
}

/// Ends the one that runs, after everything that a start would refuse was found in order.
fn restart(ending: Ending) -> Result<(), Vec<String>> {
    let timeout = ending.timeout();
    let (settings, invocation) = invoked(ending.settings, None)?;
    start::check(&settings).map_err(lines)?;
    let stopped = wait(instance::stop_if_running(&settings.prefix.0, timeout))?.map_err(lines)?;
    if let Some(text) = stopped {
        print(&text);
    }
    start::run(&settings, &invocation).map_err(lines)
}

/// The prefix: the option's, or else the settings'. With the option, settings that are out of order do not matter.
fn folder(arguments: SettingsArguments) -> Result<PathBuf, Vec<String>> {
    match arguments.prefix {
        Some(folder) => Ok(PathBuf::from(folder)),
        None => settings(arguments).map(|settings| settings.prefix.0),
    }
}

/// Runs a command that waits, and prints what it says.
fn said(command: impl Future<Output = Result<String, InstanceFault>>) -> Result<(), Vec<String>> {
    wait(command)?.map(|text| print(&text)).map_err(lines)
}

fn wait<T>(work: impl Future<Output = T>) -> Result<T, Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(lines)?;
    Ok(runtime.block_on(work))
}

fn version(all: bool) -> String {
    let own = concat!("keybound ", env!("CARGO_PKG_VERSION"), "\n").to_owned();
    if !all {
        return own;
    }
    format!(
        "{own}Kong's Admin API: {}\ndeclarative files: {}\nTLS: rustls with aws-lc-rs, 1.2 and 1.3\nmachine: {} {}\n",
        keybound_admin::KONG_VERSION,
        keybound_model::declarative::FORMAT_VERSIONS.join(", "),
        std::env::consts::OS,
        std::env::consts::ARCH,
    )
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
    loaded(&inputs(&arguments))
}

/// The settings, and how they come to be read again.
fn invoked(arguments: SettingsArguments, heir: Option<Heir>) -> Result<(Settings, Invocation), Vec<String>> {
    let inputs = inputs(&arguments);
    let settings = loaded(&inputs)?;
    Ok((settings, Invocation::new(inputs, arguments.conf, arguments.prefix.as_deref(), heir)))
}

fn inputs(arguments: &SettingsArguments) -> Inputs {
    let mut inputs = Inputs::of_process(arguments.conf.clone());
    inputs.flags.extend(arguments.prefix.clone().map(|folder| ("prefix", "--prefix", folder)));
    inputs
}

fn loaded(inputs: &Inputs) -> Result<Settings, Vec<String>> {
    Settings::load(inputs).map_err(|faults| faults.iter().map(SettingsFault::to_string).collect())
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
