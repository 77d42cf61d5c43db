use std::path::Path;
use std::sync::Arc;

use keybound_model::Configuration;
use keybound_model::declarative::Declared;
use keybound_plugins::Registry;
use keybound_pop::time::Clock as _;
use keybound_store::config::ConfigStore;

use super::plugins::Plugins;
use super::prefix::Prefix;
use super::source::{Declaration, Source};
use super::trust::Authorities;
use super::{StartFault, environment, publication, runtime};
use crate::clock::SystemClock;
use crate::settings::Settings;

/// What the commands need that read a configuration and serve nothing.
pub(crate) struct Parts {
    /// For what waits.
    pub(crate) runtime: tokio::runtime::Runtime,
    /// The plugins.
    pub(crate) plugins: Arc<Plugins>,
}

impl Parts {
    pub(crate) fn of(settings: &Settings) -> Result<Self, StartFault> {
        let authorities = Authorities::read(settings)?;
        let runtime = runtime()?;
        let roots = authorities.roots()?;
        let environment = environment::environment(roots, runtime.handle().clone(), SystemClock.now());
        let plugins = Plugins::new(settings, Registry::new(environment))?;
        Ok(Self { runtime, plugins })
    }

    /// Reads a declarative file.
    pub(crate) fn declared(&self, file: &Path) -> Result<Declared, StartFault> {
        let read = Declaration::File(file.to_owned()).read(&*self.plugins)?;
        // A file is always something.
        read.map(|(_, declared)| declared)
            .ok_or_else(|| StartFault::Declarative(format!("{}: holds nothing", file.display())))
    }

    /// Finds out whether a configuration could serve.
    pub(crate) fn compile(&self, configuration: &Configuration) -> Result<(), StartFault> {
        publication::compile(configuration, &*self.plugins).map(drop).map_err(StartFault::Configuration)
    }
}

/// The store of the settings.
pub(crate) struct OpenStore(Source);

impl OpenStore {
    /// Opens it, as a start would.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, StartFault> {
        let prefix = Prefix::open(settings)?;
        Source::open(&prefix).await.map(|(source, _)| Self(source))
    }

    pub(crate) fn store(&self) -> Arc<dyn ConfigStore> {
        self.0.store()
    }

    /// Closes it after what is under way.
    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}
