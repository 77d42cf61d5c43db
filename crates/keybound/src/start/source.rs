use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use keybound_model::declarative::{self, DeclarativeFault, Declared, Reading};
use keybound_model::{Configuration, PluginCatalog};
use keybound_plugins::RootSecret;
use keybound_store::config::{ConfigStore, StoreFault, Versioned};
use keybound_store::memory::MemoryStore;
use keybound_store::postgres::PostgresStore;
use keybound_store::sqlite::SqliteStore;

use super::StartFault;
use super::database;
use super::environment::{secret, seed};
use super::plugins::Plugins;
use super::prefix::Prefix;
use super::trust::Authorities;
use crate::clock::SystemClock;
use crate::settings::{Database, Settings};

/// Where the configuration comes from.
pub(super) enum Source {
    /// A store that the Admin API writes to.
    Stored(Arc<dyn ConfigStore>),
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
    /// Whether it came through `/config`, and stands nowhere else.
    pub(super) loaded: bool,
}

impl Source {
    /// Opens the store that the settings name; answers what is in it, and its version.
    pub(super) async fn open(
        settings: &Settings,
        prefix: &Prefix,
        authorities: &Authorities,
        catalog: Arc<dyn PluginCatalog>,
    ) -> Result<(Self, Versioned), StartFault> {
        let fault = |fault: StoreFault| StartFault::Store(fault.to_string());
        let sealing = database::sealing(settings, catalog)?;
        let store: Arc<dyn ConfigStore> = if settings.database == Database::Postgres {
            let options = database::postgres(settings, authorities)?;
            Arc::new(PostgresStore::open(options, sealing).await.map_err(fault)?)
        } else {
            Arc::new(SqliteStore::open_sealed(&prefix.store(), sealing).await.map_err(fault)?)
        };
        let loaded = store.load().await.map_err(fault)?;
        Ok((Self::Stored(store), loaded))
    }

    /// Hands the secret that the store keeps to those who derive theirs from it.
    pub(super) async fn share_root(&self, root: &RootSecret) -> Result<(), StartFault> {
        let Self::Stored(store) = self else { return Ok(()) };
        let kept = store.root_secret(secret()).await.map_err(|fault| StartFault::Store(fault.to_string()))?;
        if let Some(kept) = kept {
            root.share(kept);
        }
        Ok(())
    }

    /// The store that the Admin API works on.
    pub(super) fn store(&self) -> Arc<dyn ConfigStore> {
        match self {
            Self::Stored(store) => Arc::clone(store),
            Self::Declarative(declarations) => Arc::clone(&declarations.store) as Arc<dyn ConfigStore>,
        }
    }

    /// Closes the store after what is under way.
    pub(super) async fn close(&self) {
        if let Self::Stored(store) = self {
            store.close().await;
        }
    }

    /// Holds what was declared.
    pub(super) fn declarative(
        from: Declaration,
        declared: Option<(String, Declared)>,
        loaded: bool,
    ) -> (Self, Versioned) {
        let store = Arc::new(MemoryStore::default());
        let (held, configuration) = match declared {
            Some((text, declared)) => {
                store.replace(declared.records, declared.configuration.clone());
                (Held { text, hash: declared.hash, loaded }, declared.configuration)
            }
            None => {
                tracing::warn!("database is off and declarative_config is not set: nothing is configured");
                (Held { text: String::new(), hash: "0".repeat(32), loaded: false }, Configuration::default())
            }
        };
        let versioned = Versioned { version: 0, configuration };
        (Self::Declarative(Declarations { store, held: RwLock::new(held), from }), versioned)
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
    /// The one that the settings name; `None` when the configuration is kept in a store, whose settings are in order.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>, StartFault> {
        let (file, text) = (&settings.declarative_config.0, &settings.declarative_config_string.0);
        if settings.database != Database::Off {
            database::configured(settings)?;
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
    pub(super) fn read(&self, plugins: &Plugins) -> Result<Option<(String, Declared)>, StartFault> {
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
            parse(&text, &name, plugins).map_err(|fault| StartFault::Declarative(fault.to_string()))?;
        Ok(Some((text, declared)))
    }
}

/// Reads a declarative text as of now.
pub(super) fn parse(text: &str, name: &str, plugins: &Plugins) -> Result<Declared, DeclarativeFault> {
    let now = i64::try_from(SystemClock.since_epoch().as_secs()).unwrap_or(i64::MAX);
    let reading = Reading { seed: Some(seed()), flavor: plugins.flavor(), ..Reading::at(now) };
    declarative::parse_with(text, name, reading, plugins)
}
