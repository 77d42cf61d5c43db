use std::path::Path;
use std::sync::Arc;

use keybound_gateway::Compiler;
use keybound_model::declarative::Declared;
use keybound_model::{Configuration, PluginCatalog};
use keybound_plugins::Registry;
use keybound_pop::time::Clock as _;
use keybound_store::config::ConfigStore;

use super::plugins::Plugins;
use super::prefix::Prefix;
use super::source::{Declaration, Source};
use super::trust::Authorities;
use super::{StartFault, configured, data_plane, environment, publication, running, runtime};
use crate::clock::SystemClock;
use crate::settings::Settings;

/// What the commands need that read a configuration and serve nothing.
pub(crate) struct Parts {
    authorities: Authorities,
    compiler: Compiler,
    /// For what waits.
    pub(crate) runtime: tokio::runtime::Runtime,
    /// The plugins.
    pub(crate) plugins: Arc<Plugins>,
}

impl Parts {
    pub(crate) fn of(settings: &Settings) -> Result<Self, StartFault> {
        let authorities = Authorities::read(settings)?;
        let plane = data_plane::settings(settings, Vec::new(), &authorities, &configured(settings)?)?;
        let compiler = Compiler::new(&plane).map_err(|fault| running::bind_fault(settings, fault))?;
        let runtime = runtime()?;
        let roots = authorities.roots()?;
        let environment =
            environment::environment(settings, roots, runtime.handle().clone(), SystemClock.now())?;
        let plugins = Plugins::new(settings, Registry::new(environment))?;
        Ok(Self { authorities, compiler, runtime, plugins })
    }

    /// Reads a declarative file.
    pub(crate) fn declared(&self, file: &Path) -> Result<Declared, StartFault> {
        let read = Declaration::File(file.to_owned()).read(&self.plugins)?;
        // A file is always something.
        read.map(|(_, declared)| declared)
            .ok_or_else(|| StartFault::Declarative(format!("{}: holds nothing", file.display())))
    }

    /// The configuration that a start would serve.
    pub(crate) fn configuration(&self, settings: &Settings) -> Result<Configuration, StartFault> {
        if let Some(declaration) = Declaration::of(settings)? {
            let declared = declaration.read(&self.plugins)?;
            return Ok(declared.map(|(_, declared)| declared.configuration).unwrap_or_default());
        }
        self.runtime.block_on(async {
            let opened = OpenStore::open(settings, self).await?;
            let loaded = opened.store().load().await;
            opened.close().await;
            loaded.map(|loaded| loaded.configuration).map_err(|fault| StartFault::Store(fault.to_string()))
        })
    }

    /// Finds out whether a configuration could serve.
    pub(crate) fn compile(&self, configuration: &Configuration) -> Result<(), StartFault> {
        publication::compile(&self.compiler, configuration, &self.plugins)
            .map(drop)
            .map_err(StartFault::Configuration)
    }
}

/// The store of the settings.
pub(crate) struct OpenStore(Source);

impl OpenStore {
    /// Opens it, as a start would.
    pub(crate) async fn open(settings: &Settings, parts: &Parts) -> Result<Self, StartFault> {
        let prefix = Prefix::open(settings)?;
        let catalog = Arc::clone(&parts.plugins) as Arc<dyn PluginCatalog>;
        Source::open(settings, &prefix, &parts.authorities, catalog).await.map(|(source, _)| Self(source))
    }

    pub(crate) fn store(&self) -> Arc<dyn ConfigStore> {
        self.0.store()
    }

    /// Closes it after what is under way.
    pub(crate) async fn close(self) {
        self.0.close().await;
    }
}
