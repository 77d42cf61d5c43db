use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use keybound_model::declarative::{self, DeclarativeFault, Declared, Reading};
use keybound_model::{Configuration, PluginCatalog};
use keybound_store::config::ConfigStore as _;
use keybound_store::memory::MemoryStore;
use keybound_store::sqlite::SqliteStore;

use super::StartFault;
use super::environment::seed;
use super::prefix::Prefix;
use crate::clock::SystemClock;
use crate::settings::{Database, Settings};

/// Where the configuration comes from.
pub(super) enum Source {
    /// The store of the prefix.
    Sqlite(Arc<SqliteStore>),
    /// A declarative file, held in memory.
    Declarative(Declarations),
}

/// The declarative configuration that serves.
pub(super) struct Declarations {
    pub(super) store: Arc<MemoryStore>,
    pub(super) held: RwLock<Held>,
    pub(super) from: Declaration,
}

/// The text of the declarative configuration that serves, and its MD5.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) text: String,
    pub(super) hash: String,
}

impl Source {
    /// Opens the store of the prefix.
    pub(super) async fn open(prefix: &Prefix) -> Result<(Self, Configuration), StartFault> {
        let fault = |fault: keybound_store::config::StoreFault| StartFault::Store(fault.to_string());
        let store = SqliteStore::open(&prefix.store()).await.map_err(fault)?;
        let loaded = store.load().await.map_err(fault)?;
        Ok((Self::Sqlite(Arc::new(store)), loaded.configuration))
    }

    /// Holds what was declared.
    pub(super) fn declarative(
        from: Declaration,
        declared: Option<(String, Declared)>,
    ) -> (Self, Configuration) {
        let store = Arc::new(MemoryStore::default());
        let (held, configuration) = match declared {
            Some((text, declared)) => {
                store.replace(declared.records, declared.configuration.clone());
                (Held { text, hash: declared.hash }, declared.configuration)
            }
            None => {
                tracing::warn!("database is off and declarative_config is not set: nothing is configured");
                (Held { text: String::new(), hash: "0".repeat(32) }, Configuration::default())
            }
        };
        (Self::Declarative(Declarations { store, held: RwLock::new(held), from }), configuration)
    }
}

/// A declarative configuration, and where it is read from.
#[derive(Debug, Clone)]
pub(super) enum Declaration {
    File(PathBuf),
    Text(String),
    Nothing,
}

impl Declaration {
    /// The one that the settings name; `None` when the configuration is kept in a store.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>, StartFault> {
        let (file, text) = (&settings.declarative_config.0, &settings.declarative_config_string.0);
        if settings.database != Database::Off {
            let named =
                [("declarative_config", file.is_some()), ("declarative_config_string", text.is_some())];
            return match named.into_iter().find(|(_, is_set)| *is_set) {
                Some((key, _)) => Err(StartFault::setting(settings, key, "only counts with database=off")),
                None => Ok(None),
            };
        }
        match (file, text) {
            (Some(_), Some(_)) => Err(StartFault::setting(
                settings,
                "declarative_config_string",
                "declarative_config is set too: one of them is enough",
            )),
            (Some(path), None) => Ok(Some(Self::File(path.clone()))),
            (None, Some(text)) => Ok(Some(Self::Text(text.clone()))),
            (None, None) => Ok(Some(Self::Nothing)),
        }
    }

    /// Reads it; the fault names the place in the file and the cause.
    pub(super) fn read(&self, catalog: &dyn PluginCatalog) -> Result<Option<(String, Declared)>, StartFault> {
        let (name, text) = match self {
            Self::Nothing => return Ok(None),
            Self::Text(text) => ("declarative_config_string".to_owned(), text.clone()),
            Self::File(path) => {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| {
                    StartFault::Declarative(format!("{name}: the declarative file cannot be read: {error}"))
                })?;
                (name, text)
            }
        };
        let declared =
            parse(&text, &name, catalog).map_err(|fault| StartFault::Declarative(fault.to_string()))?;
        Ok(Some((text, declared)))
    }
}

/// Reads a declarative text as of now.
pub(super) fn parse(
    text: &str,
    name: &str,
    catalog: &dyn PluginCatalog,
) -> Result<Declared, DeclarativeFault> {
    let now = i64::try_from(SystemClock.since_epoch().as_secs()).unwrap_or(i64::MAX);
    let reading = Reading { seed: Some(seed()), ..Reading::at(now) };
    declarative::parse_with(text, name, reading, catalog)
}
