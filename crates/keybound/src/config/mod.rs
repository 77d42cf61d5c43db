//! `keybound config`: declarative files, without and with a store.

mod export;
mod fault;
mod import;
mod init;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use keybound_model::declarative::Declared;
use keybound_store::config::ConfigStore;

pub use fault::ConfigFault;

use crate::settings::{Database, Settings};
use crate::start::{OpenStore, Parts};
use crate::terminal::print;

/// The file that is meant when none is named.
const USUAL: &str = "kong.yml";

/// What `keybound config` does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read a declarative file and say what is wrong with it, or that it is in order.
    Parse {
        /// The file.
        #[arg(default_value = USUAL)]
        file: PathBuf,
    },
    /// Write a sample file, kong.yml, that explains itself.
    Init,
    /// Bring a declarative file into the store: all of it or nothing. What has the same id is replaced, the rest stays.
    #[command(name = "db_import")]
    Import {
        /// The file.
        #[arg(default_value = USUAL)]
        file: PathBuf,
    },
    /// Write everything that is in the store into a declarative file. It holds the secrets too: only its owner may read it.
    #[command(name = "db_export")]
    Export {
        /// The file; it must not be there yet.
        #[arg(default_value = USUAL)]
        file: PathBuf,
    },
}

/// Runs a command.
///
/// # Errors
/// [`ConfigFault`], after which nothing is changed.
pub fn run(settings: &Settings, command: Command) -> Result<(), ConfigFault> {
    match command {
        Command::Init => {
            init::write(Path::new(USUAL))?;
            print("wrote a sample to kong.yml\n");
        }
        Command::Parse { file } => {
            declared(&Parts::of(settings)?, &file)?;
            print("parse successful\n");
        }
        Command::Import { file } => {
            let parts = Parts::of(settings)?;
            let declared = declared(&parts, &file)?;
            with_store(settings, &parts, "db_import", async |store| {
                print("parse successful, beginning import\n");
                let count =
                    import::import(store, &parts, settings.router_flavor.of_entities(), declared).await?;
                print(&format!("import successful: {count} records\n"));
                Ok(())
            })?;
        }
        Command::Export { file } => {
            let parts = Parts::of(settings)?;
            with_store(settings, &parts, "db_export", async |store| {
                let text = export::export(store, settings.router_flavor.of_entities()).await?;
                init::create(&file, text.as_bytes(), 0o600)
            })?;
            print(&format!("exported to {}\n", file.display()));
        }
    }
    Ok(())
}

/// Reads a file, and finds out whether what it says could serve.
fn declared(parts: &Parts, file: &Path) -> Result<Declared, ConfigFault> {
    let declared = parts.declared(file)?;
    parts.compile(&declared.configuration)?;
    Ok(declared)
}

/// Does something with the store of the settings, and closes it.
fn with_store<T>(
    settings: &Settings,
    parts: &Parts,
    command: &'static str,
    work: impl AsyncFnOnce(&dyn ConfigStore) -> Result<T, ConfigFault>,
) -> Result<T, ConfigFault> {
    if settings.database == Database::Off {
        return Err(ConfigFault::NoDatabase { command });
    }
    parts.runtime.block_on(async {
        let opened = OpenStore::open(settings, parts).await?;
        let done = work(&*opened.store()).await;
        opened.close().await;
        done
    })
}
