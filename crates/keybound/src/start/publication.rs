use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use keybound_admin::{Connections, Declarative, LoadFault, Publisher, Serving};
use keybound_gateway::{Compiler, SharedSnapshot, Snapshot, Traffic, TrafficCounts};
use keybound_model::declarative::Declared;
use keybound_model::{Configuration, PluginCatalog};
use keybound_store::BoxFuture;
use keybound_store::config::{ConfigStore, Versioned};
use tokio::sync::{Mutex, watch};

use super::plugins::Plugins;
use super::secrets;
use super::source::{self, Declarations, Held, Source};
use super::{StartFault, client_keys, warnings};
use crate::clock::SystemClock;

/// How long to wait before what another node wrote is read again, when it could not be.
const AGAIN: Duration = Duration::from_secs(1);

/// Brings what is configured to the data plane: compiled first, then exchanged as a whole.
pub(super) struct Publication {
    source: Source,
    registry: Arc<Plugins>,
    compiler: Compiler,
    snapshot: SharedSnapshot,
    /// One at a time: a snapshot that was loaded earlier never takes the place of a later one.
    publishing: Mutex<()>,
    /// The version of the store that was read last, whether it can serve or not.
    read: AtomicU64,
    /// Why the stored configuration does not serve, while an older one does.
    fault: RwLock<Option<String>>,
    /// What serves, but not as it was probably meant.
    warnings: RwLock<Vec<String>>,
    stopping: AtomicBool,
    declares_keys: AtomicBool,
    counts: OnceLock<TrafficCounts>,
    loaded: AtomicU64,
    failed: AtomicU64,
    loaded_at: AtomicU64,
}

/// What is known of the configuration that serves.
pub(super) struct ConfigurationFigures {
    /// How many were put in place since the start, that of the start included.
    pub(super) loaded: u64,
    /// How many could not be read, or could not serve.
    pub(super) failed: u64,
    /// The version of the store that was read last.
    pub(super) version: u64,
    /// When the one that serves was put in place, in seconds since 1970.
    pub(super) loaded_at: u64,
    /// Whether it is what is configured.
    pub(super) up_to_date: bool,
}

impl Publication {
    /// Compiles what is configured at the start; nothing serves yet.
    pub(super) fn new(
        source: Source,
        registry: Arc<Plugins>,
        compiler: Compiler,
        loaded: &Versioned,
    ) -> Result<Self, StartFault> {
        let snapshot =
            compile(&compiler, &loaded.configuration, &registry).map_err(StartFault::Configuration)?;
        let is_stored = matches!(source, Source::Stored(_));
        client_keys::hand_over(&loaded.configuration, &registry, is_stored);
        registry.booted();
        let publication = Self {
            source,
            registry,
            compiler,
            snapshot: snapshot.shared(),
            publishing: Mutex::default(),
            read: AtomicU64::new(loaded.version),
            fault: RwLock::default(),
            warnings: RwLock::default(),
            stopping: AtomicBool::default(),
            declares_keys: AtomicBool::new(!loaded.configuration.oic_jwks.is_empty()),
            counts: OnceLock::new(),
            loaded: AtomicU64::new(1),
            failed: AtomicU64::new(0),
            loaded_at: AtomicU64::new(SystemClock.since_epoch().as_secs()),
        };
        publication.warn(&loaded.configuration);
        Ok(publication)
    }

    /// Says what is new of the warnings.
    fn warn(&self, configuration: &Configuration) {
        let found = warnings::of(self.store().database(), configuration);
        let mut known = self.warnings.write().unwrap_or_else(PoisonError::into_inner);
        for warning in found.iter().filter(|warning| !known.contains(warning)) {
            tracing::warn!("{warning}");
        }
        *known = found;
    }

    /// The store that the Admin API works on.
    pub(super) fn store(&self) -> Arc<dyn ConfigStore> {
        self.source.store()
    }

    /// What `/config` works on; `None` with a store.
    pub(super) fn declarative(self: &Arc<Self>) -> Option<Arc<dyn Declarative>> {
        match &self.source {
            Source::Stored(_) => None,
            Source::Declarative(_) => Some(Arc::clone(self) as Arc<dyn Declarative>),
        }
    }

    /// Whether there is no store to keep anything in.
    pub(super) fn is_declarative(&self) -> bool {
        matches!(self.source, Source::Declarative(_))
    }

    /// Whether the declarative configuration has a key set of the gateway's own.
    pub(super) fn declares_keys(&self) -> bool {
        self.declares_keys.load(Ordering::Acquire)
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
        let read = declarations.from.read(&self.registry).map_err(|fault| fault.to_string());
        let read = match read {
            Err(cause) => return self.count(Err(cause)),
            Ok(read) => read,
        };
        match read {
            Some((text, declared)) => self.count(self.take(declarations, (text, false), &declared)),
            None => Ok(()),
        }
    }

    /// The plugins.
    pub(super) fn plugins(&self) -> Arc<Plugins> {
        Arc::clone(&self.registry)
    }

    /// Says where the data plane counts its connections and requests.
    pub(super) fn count_by(&self, counts: TrafficCounts) {
        // There is one data plane, so that nothing was said before.
        let _ = self.counts.set(counts);
    }

    /// Where the data plane counts, once it is bound.
    pub(super) fn counts(&self) -> Option<&TrafficCounts> {
        self.counts.get()
    }

    /// What is known of the configuration that serves.
    pub(super) fn figures(&self) -> ConfigurationFigures {
        ConfigurationFigures {
            loaded: self.loaded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            version: self.read.load(Ordering::Acquire),
            loaded_at: self.loaded_at.load(Ordering::Relaxed),
            up_to_date: self.fault.read().unwrap_or_else(PoisonError::into_inner).is_none(),
        }
    }

    /// Counts whether a configuration was put in place.
    fn count<T>(&self, put: Result<T, String>) -> Result<T, String> {
        match &put {
            Ok(_) => {
                self.loaded.fetch_add(1, Ordering::Relaxed);
                self.loaded_at.store(SystemClock.since_epoch().as_secs(), Ordering::Relaxed);
            }
            Err(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        put
    }

    /// Says that no further declarative configuration is taken.
    pub(super) fn stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// The declarative configuration that came through `/config`; `None` when what serves can be read again.
    pub(super) fn loaded_text(&self) -> Option<String> {
        self.held().filter(|held| held.loaded).map(|held| held.text)
    }

    /// Closes the store after what is under way.
    pub(super) async fn close(&self) {
        self.source.close().await;
    }

    /// Brings what other nodes write, as soon as it is heard of, until told to stop.
    pub(super) async fn follow(self: Arc<Self>, stopped: impl Future<Output = ()>) {
        let Some(changes) = self.store().changes() else { return };
        tokio::select! {
            () = self.bring_each(changes) => {}
            () = stopped => {}
        }
    }

    async fn bring_each(&self, mut changes: watch::Receiver<u64>) {
        loop {
            let version = *changes.borrow_and_update();
            if let Err(cause) = self.bring_version(version).await {
                tracing::error!(%cause, version, "the configuration of another node cannot be put in place");
            }
            let behind = self.read.load(Ordering::Acquire) != version;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                // What could not be read is read again; what was read and cannot serve is not.
                () = tokio::time::sleep(AGAIN), if behind => {}
            }
        }
    }

    /// Brings a version, unless it was read meanwhile.
    async fn bring_version(&self, version: u64) -> Result<(), String> {
        let publishing = self.publishing.lock().await;
        if self.read.load(Ordering::Acquire) == version {
            return Ok(());
        }
        let brought = self.bring_locked().await;
        drop(publishing);
        if brought.is_ok() {
            tracing::info!(
                version = self.read.load(Ordering::Acquire),
                "configuration changed by another node"
            );
        }
        brought
    }

    async fn bring(&self) -> Result<(), String> {
        let _publishing = self.publishing.lock().await;
        self.bring_locked().await
    }

    async fn bring_locked(&self) -> Result<(), String> {
        let loaded = self.store().load().await.map_err(|fault| fault.to_string());
        if let Ok(loaded) = &loaded {
            self.read.store(loaded.version, Ordering::Release);
        }
        let compiled = loaded.and_then(|loaded| {
            let compiled = compile(&self.compiler, &loaded.configuration, &self.registry)?;
            client_keys::hand_over(&loaded.configuration, &self.registry, true);
            self.warn(&loaded.configuration);
            Ok((compiled, loaded.configuration))
        });
        *self.fault.write().unwrap_or_else(PoisonError::into_inner) = compiled.as_ref().err().cloned();
        self.count(compiled.map(|(snapshot, configuration)| {
            self.snapshot.store(Arc::new(snapshot));
            self.registry.registry().configured(&configuration);
        }))
    }

    /// Puts a declared configuration in place when it can serve.
    fn take(
        &self,
        declarations: &Declarations,
        (text, loaded): (String, bool),
        declared: &Declared,
    ) -> Result<(), String> {
        let snapshot = compile(&self.compiler, &declared.configuration, &self.registry)?;
        client_keys::hand_over(&declared.configuration, &self.registry, false);
        self.declares_keys.store(!declared.configuration.oic_jwks.is_empty(), Ordering::Release);
        declarations.store.replace(declared.records.clone(), declared.configuration.clone());
        *declarations.held.write().unwrap_or_else(PoisonError::into_inner) =
            Held { text, hash: declared.hash.clone(), loaded };
        self.snapshot.store(Arc::new(snapshot));
        self.registry.registry().configured(&declared.configuration);
        Ok(())
    }

    fn held(&self) -> Option<Held> {
        match &self.source {
            Source::Stored(_) => None,
            Source::Declarative(held) => {
                Some(held.held.read().unwrap_or_else(PoisonError::into_inner).clone())
            }
        }
    }
}

impl Publisher for Publication {
    fn check(&self, configuration: &Configuration) -> Result<(), String> {
        compile(&self.compiler, configuration, &self.registry).map(drop)
    }

    fn publish(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.bring())
    }

    fn serving(&self) -> Serving {
        let fault = self.fault.read().unwrap_or_else(PoisonError::into_inner).clone();
        let connections = self.counts.get().map(|counts| {
            let Traffic { accepted, active, requests, .. } = counts.sum();
            Connections { accepted, active, requests }
        });
        let warnings = self.warnings.read().unwrap_or_else(PoisonError::into_inner).clone();
        let stopping = self.stopping.load(Ordering::Acquire);
        Serving { fault, connections, warnings, stopping, ..Serving::default() }
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
                source::parse(&text, "declarative config", &self.registry).map_err(LoadFault::Invalid)?;
            self.count(self.take(declarations, (text, true), &declared)).map_err(LoadFault::Rejected)?;
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

/// Compiles a configuration, with secrets in place of references; the text names the entity and the cause.
pub(super) fn compile(
    compiler: &Compiler,
    configuration: &Configuration,
    plugins: &Plugins,
) -> Result<Snapshot, String> {
    client_keys::check(configuration, plugins)?;
    let resolved = secrets::resolved(configuration, plugins)?;
    compiler.compile(&resolved, plugins).map_err(|fault| fault.to_string())
}
