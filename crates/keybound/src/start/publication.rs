use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use keybound_admin::{Declarative, LoadFault, Publisher, Serving};
use keybound_gateway::{Compiler, SharedSnapshot, Snapshot};
use keybound_model::declarative::Declared;
use keybound_model::{Configuration, PluginCatalog};
use keybound_plugins::Registry;
use keybound_plugins::contract::PluginFactory;
use keybound_store::BoxFuture;
use keybound_store::config::ConfigStore;
use tokio::sync::Mutex;

use super::StartFault;
use super::source::{self, Declarations, Held, Source};

/// Brings what is configured to the data plane: compiled first, then exchanged as a whole.
pub(super) struct Publication {
    source: Source,
    registry: Arc<Registry>,
    compiler: Compiler,
    snapshot: SharedSnapshot,
    /// One at a time: a snapshot that was loaded earlier never takes the place of a later one.
    publishing: Mutex<()>,
    /// Why the stored configuration does not serve, while an older one does.
    fault: RwLock<Option<String>>,
    stopping: AtomicBool,
}

impl Publication {
    /// Compiles what is configured at the start; nothing serves yet.
    pub(super) fn new(
        source: Source,
        registry: Arc<Registry>,
        compiler: Compiler,
        configuration: &Configuration,
    ) -> Result<Self, StartFault> {
        let snapshot = compile(&compiler, configuration, &*registry).map_err(StartFault::Configuration)?;
        registry.booted();
        Ok(Self {
            source,
            registry,
            compiler,
            snapshot: snapshot.shared(),
            publishing: Mutex::default(),
            fault: RwLock::default(),
            stopping: AtomicBool::default(),
        })
    }

    /// The store that the Admin API works on.
    pub(super) fn store(&self) -> Arc<dyn ConfigStore> {
        match &self.source {
            Source::Sqlite(store) => Arc::clone(store) as Arc<dyn ConfigStore>,
            Source::Declarative(declarations) => Arc::clone(&declarations.store) as Arc<dyn ConfigStore>,
        }
    }

    /// What `/config` works on; `None` with a store.
    pub(super) fn declarative(self: &Arc<Self>) -> Option<Arc<dyn Declarative>> {
        match &self.source {
            Source::Sqlite(_) => None,
            Source::Declarative(_) => Some(Arc::clone(self) as Arc<dyn Declarative>),
        }
    }

    pub(super) fn snapshot(&self) -> SharedSnapshot {
        Arc::clone(&self.snapshot)
    }

    pub(super) fn catalog(&self) -> Arc<dyn PluginCatalog> {
        Arc::clone(&self.registry) as Arc<dyn PluginCatalog>
    }

    /// Reads the configuration again from where it comes from, and puts it in place when all of it is in order.
    pub(super) async fn reload(&self) -> Result<(), String> {
        let Source::Declarative(declarations) = &self.source else { return self.bring().await };
        let _publishing = self.publishing.lock().await;
        match declarations.from.read(&*self.registry).map_err(|fault| fault.to_string())? {
            Some((text, declared)) => self.take(declarations, text, &declared),
            None => Ok(()),
        }
    }

    /// Says that no further declarative configuration is taken.
    pub(super) fn stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Closes the store after what is under way.
    pub(super) async fn close(&self) {
        if let Source::Sqlite(store) = &self.source {
            store.close().await;
        }
    }

    async fn bring(&self) -> Result<(), String> {
        let _publishing = self.publishing.lock().await;
        let loaded = self.store().load().await.map_err(|fault| fault.to_string());
        let compiled =
            loaded.and_then(|loaded| compile(&self.compiler, &loaded.configuration, &*self.registry));
        *self.fault.write().unwrap_or_else(PoisonError::into_inner) = compiled.as_ref().err().cloned();
        compiled.map(|snapshot| self.snapshot.store(Arc::new(snapshot)))
    }

    /// Puts a declared configuration in place when it can serve.
    fn take(&self, declarations: &Declarations, text: String, declared: &Declared) -> Result<(), String> {
        let snapshot = compile(&self.compiler, &declared.configuration, &*self.registry)?;
        declarations.store.replace(declared.records.clone(), declared.configuration.clone());
        *declarations.held.write().unwrap_or_else(PoisonError::into_inner) =
            Held { text, hash: declared.hash.clone() };
        self.snapshot.store(Arc::new(snapshot));
        Ok(())
    }

    fn held(&self) -> Option<Held> {
        match &self.source {
            Source::Sqlite(_) => None,
            Source::Declarative(held) => {
                Some(held.held.read().unwrap_or_else(PoisonError::into_inner).clone())
            }
        }
    }
}

impl Publisher for Publication {
    fn check(&self, configuration: &Configuration) -> Result<(), String> {
        compile(&self.compiler, configuration, &*self.registry).map(drop)
    }

    fn publish(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.bring())
    }

    fn serving(&self) -> Serving {
        let fault = self.fault.read().unwrap_or_else(PoisonError::into_inner).clone();
        Serving { fault, ..Serving::default() }
    }
}

impl Declarative for Publication {
    fn load(&self, text: String) -> BoxFuture<'_, Result<Declared, LoadFault>> {
        Box::pin(async move {
            let Source::Declarative(declarations) = &self.source else {
                return Err(LoadFault::Failed("the configuration is kept in a store".to_owned()));
            };
            if self.stopping.load(Ordering::Acquire) {
                return Err(LoadFault::Stopping);
            }
            let _publishing = self.publishing.try_lock().map_err(|_| LoadFault::Busy)?;
            let declared =
                source::parse(&text, "declarative config", &*self.registry).map_err(LoadFault::Invalid)?;
            self.take(declarations, text, &declared).map_err(LoadFault::Rejected)?;
            Ok(declared)
        })
    }

    fn text(&self) -> String {
        self.held().map(|held| held.text).unwrap_or_default()
    }

    fn hash(&self) -> String {
        self.held().map(|held| held.hash).unwrap_or_default()
    }
}

/// Compiles a configuration; the text names the entity and the cause.
pub(super) fn compile(
    compiler: &Compiler,
    configuration: &Configuration,
    factory: &dyn PluginFactory,
) -> Result<Snapshot, String> {
    compiler.compile(configuration, factory).map_err(|fault| fault.to_string())
}
