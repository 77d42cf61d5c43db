//! `keybound migrations`: the tables of the configuration store. A start makes and changes them too, by itself.

use std::fmt::Write as _;

use keybound_store::config::StoreFault;
use keybound_store::sql::{Engine, Migration, Migrations, Status};
use serde_json::json;

use super::prefix::Prefix;
use super::trust::Authorities;
use super::{StartFault, database, runtime};
use crate::settings::{Database, Settings};

/// What to do with the tables, in Kong's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationsCommand {
    /// Make them.
    Bootstrap,
    /// Bring them up to date.
    Up,
    /// Kong's second half of `up`: nothing is left to it here.
    Finish,
    /// Say which steps were made, for people.
    List,
    /// Say which steps were made, for programs.
    Status,
    /// Drop them, with all that is configured.
    Reset,
}

/// What a command came to: the text to print, and the code to exit with.
#[derive(Debug, PartialEq, Eq)]
pub struct MigrationsReport {
    /// For standard output.
    pub text: String,
    /// 0; for `list` also 3 when there are no tables yet, and 5 when steps are to be made.
    pub code: u8,
}

/// Runs a command on the store that the settings name.
///
/// # Errors
/// [`StartFault`] when the store cannot be reached, was made by a newer version, or refuses.
pub fn migrations(settings: &Settings, command: MigrationsCommand) -> Result<MigrationsReport, StartFault> {
    runtime()?.block_on(async {
        let done = match settings.database {
            Database::Off => return Ok(report("With database=off there is nothing to migrate.\n")),
            Database::Sqlite => match Migrations::sqlite(&Prefix::open(settings)?.store()).await {
                Ok(migrations) => run(&migrations, command).await,
                Err(fault) => Err(fault),
            },
            Database::Postgres => {
                let options = database::postgres(settings, &Authorities::read(settings)?)?;
                match Migrations::postgres(options).await {
                    Ok(migrations) => run(&migrations, command).await,
                    Err(fault) => Err(fault),
                }
            }
        };
        done.map_err(|fault| StartFault::Store(fault.to_string()))
    })
}

async fn run<E: Engine>(
    migrations: &Migrations<E>,
    command: MigrationsCommand,
) -> Result<MigrationsReport, StoreFault> {
    let status = migrations.status().await?;
    let done = match command {
        MigrationsCommand::Bootstrap if status.schema != 0 => report("Database already bootstrapped\n"),
        MigrationsCommand::Bootstrap => made(&migrations.up().await?),
        MigrationsCommand::Up if status.schema == 0 => {
            return Err(StoreFault::Engine(
                "the database needs bootstrapping: run keybound migrations bootstrap".to_owned(),
            ));
        }
        MigrationsCommand::Up if status.pending.is_empty() => report("Database is already up-to-date\n"),
        MigrationsCommand::Up => made(&migrations.up().await?),
        MigrationsCommand::Finish => report("No pending migrations to finish\n"),
        MigrationsCommand::List => list(&status),
        MigrationsCommand::Status => report(&machine::<E>(&status)),
        MigrationsCommand::Reset if migrations.reset().await? => report("Database successfully reset\n"),
        MigrationsCommand::Reset => report("Database not bootstrapped, nothing to reset\n"),
    };
    migrations.close().await;
    Ok(done)
}

fn report(text: &str) -> MigrationsReport {
    MigrationsReport { text: text.to_owned(), code: 0 }
}

fn made(migrations: &[Migration]) -> MigrationsReport {
    let mut text = String::new();
    for migration in migrations {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "migrated {}", name(migration));
    }
    let count = migrations.len();
    let _ = writeln!(text, "{count} migrations processed\n{count} executed\nDatabase is up-to-date");
    report(&text)
}

fn list(status: &Status) -> MigrationsReport {
    if status.schema == 0 {
        let text = "Database needs bootstrapping; run 'keybound migrations bootstrap'.\n".to_owned();
        return MigrationsReport { text, code: 3 };
    }
    let mut text = format!("Executed migrations:\n{}\n", names(&status.executed).join("\n"));
    if status.pending.is_empty() {
        return report(&text);
    }
    let _ = writeln!(text, "\nNew migrations available:\n{}", names(&status.pending).join("\n"));
    let _ = writeln!(text, "\nRun 'keybound migrations up' to proceed.");
    MigrationsReport { text, code: 5 }
}

fn machine<E: Engine>(status: &Status) -> String {
    let answer = json!({
        "database": E::DATABASE,
        "schema": status.schema,
        "needs_bootstrap": status.schema == 0,
        "executed_migrations": names(&status.executed),
        "new_migrations": names(&status.pending),
        "pending_migrations": [],
    });
    format!("{answer:#}\n")
}

fn names(migrations: &[Migration]) -> Vec<String> {
    migrations.iter().map(name).collect()
}

fn name(migration: &Migration) -> String {
    format!("{:04}_{}", migration.number, migration.name)
}
