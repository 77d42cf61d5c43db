//! The plugins there are, and the instances that run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keybound_model::{Configuration, Errors, PluginCatalog, PluginDescription, Record};
use keybound_oidc::{AtHand, OwnKeys, Standing};
use keybound_pop::time::UnixTime;
use uuid::Uuid;

use crate::contract::{BuildFault, Instance, Material, Plugin, PluginFactory};
use crate::delivery::Deliveries;
use crate::environment::Environment;
use crate::kind::{Kind, kinds};
use crate::metrics::Figures;
use crate::openid_connect::{Builder, DearChecks, OpenIdConnect, Shared, schema};

/// Every plugin: what the configuration side must know of it ([`PluginCatalog`]), and how it is built
/// ([`PluginFactory`]).
///
/// What an instance remembers is kept by its id when it is built again: replay records, nonces, verified tokens. An
/// instance whose configuration did not change is not built again at all.
pub struct Registry {
    environment: Environment,
    openid_connect: PluginDescription,
    kinds: Vec<Box<dyn Kind>>,
    shared: Shared,
    slots: Mutex<Slots>,
    running: Mutex<HashMap<Uuid, Running>>,
    booted: AtomicBool,
}

/// An instance of a plugin that keeps nothing when its configuration changes.
struct Running {
    name: &'static str,
    config: Record,
    material: Material,
    plugin: Weak<dyn Plugin>,
}

#[derive(Default)]
struct Slots {
    known: HashMap<Uuid, Slot>,
    swept_at: Option<UnixTime>,
}

struct Slot {
    builder: Builder,
    config: Record,
    material: Material,
    plugin: Weak<OpenIdConnect>,
    /// When it was last seen to run.
    seen_at: UnixTime,
}

/// Seconds between two looks for instances that are gone.
const SWEEP: i64 = 60;

impl Registry {
    /// A registry in this environment; nothing is called, nothing runs.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            openid_connect: schema::description(),
            kinds: kinds(),
            shared: Shared::new(),
            slots: Mutex::default(),
            running: Mutex::default(),
            booted: AtomicBool::new(false),
        }
    }

    /// Bounds what one source may cause by proofs whose keys are dear to check: so many checks with P-256 a second; 0 for no
    /// bound. To be said before anything is built. Default: 2000.
    #[must_use]
    pub fn with_proof_work(mut self, limit: u32) -> Self {
        self.shared.limit_work(limit);
        self
    }

    /// How many signature checks by such keys there were.
    #[must_use]
    pub fn dear_checks(&self) -> DearChecks {
        self.shared.dear_checks()
    }

    /// Says that the configuration found at the start was built. Instances built for the first time from now on are new:
    /// no earlier process can have taken a proof for them.
    pub fn booted(&self) {
        self.booted.store(true, Ordering::Release);
    }

    /// What is known of the providers of `openid-connect`, without asking them.
    #[must_use]
    pub fn providers(&self) -> Vec<AtHand> {
        self.shared.providers().iter().filter_map(|provider| provider.at_hand()).collect()
    }

    /// What the plugins send to log servers and collectors.
    #[must_use]
    pub fn deliveries(&self) -> &Deliveries {
        &self.environment.deliveries
    }

    /// Says what serves now, so that what was counted of anything else is forgotten.
    pub fn configured(&self, configuration: &Configuration) {
        self.environment.metrics.configured(configuration);
    }

    /// What the plugins keep at the moment.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut figures = Figures { now: self.environment.clock.now().secs(), ..Figures::default() };
        figures.deliveries = self.environment.deliveries.figures();
        self.shared.figures(&mut figures);
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, slot) in &slots.known {
            slot.builder.figures(*id, &mut figures);
        }
        drop(slots);
        figures.memories.sort_by(|a, b| a.plugin.cmp(&b.plugin));
        // Instances with other settings may have the same provider: the worse one counts.
        let worse =
            |provider: &Standing| (provider.issuer.clone(), !provider.is_failing, provider.keys_since);
        figures.providers.sort_by_key(worse);
        figures.providers.dedup_by(|other, first| other.issuer == first.issuer);
        figures
    }

    /// The keys with which `openid-connect` authenticates the gateway where it is given none. Whoever keeps them puts them
    /// in place.
    #[must_use]
    pub fn own_keys(&self) -> Arc<OwnKeys> {
        Arc::clone(&self.shared.own_keys)
    }

    /// Lets go of what is known of a provider, or of all.
    pub fn forget_provider(&self, issuer: Option<&str>) {
        for provider in self.shared.providers() {
            let is_it = |at_hand: AtHand| issuer.is_none_or(|issuer| *at_hand.issuer == *issuer);
            if provider.at_hand().is_some_and(is_it) {
                provider.forget();
            }
        }
    }

    /// The second before which this process knows of no used proof; `None` for instances that came after the start.
    fn complete_from(&self) -> Option<UnixTime> {
        (!self.booted.load(Ordering::Acquire)).then(|| self.environment.started_at.next_whole_second())
    }

    fn openid_connect(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        let fault = |reason| BuildFault::Config { name: schema::NAME, id: instance.id, reason };
        let now = self.environment.clock.now();
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.sweep(now);
        if let Some(slot) = slots.known.get_mut(&instance.id) {
            slot.seen_at = now;
            if slot.config == *instance.config
                && slot.material == *instance.material
                && let Some(plugin) = slot.plugin.upgrade()
            {
                return Ok(plugin);
            }
        }
        let complete = complete(&self.openid_connect, instance)?;
        let slot = slots.known.entry(instance.id).or_insert_with(|| Slot {
            builder: Builder::new(&self.environment, self.complete_from()),
            config: Record::new(),
            material: Material::default(),
            plugin: Weak::new(),
            seen_at: now,
        });
        let whole = Instance { config: &complete, ..*instance };
        let plugin = Arc::new(slot.builder.build(&whole, &self.shared, &self.environment).map_err(fault)?);
        slot.config = instance.config.clone();
        slot.material = instance.material.clone();
        slot.plugin = Arc::downgrade(&plugin);
        Ok(plugin)
    }

    fn other(&self, kind: &dyn Kind, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        let name = kind.description().name;
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, running| running.plugin.strong_count() > 0);
        if let Some(known) = running.get(&instance.id)
            && known.name == name
            && known.config == *instance.config
            && known.material == *instance.material
            && let Some(plugin) = known.plugin.upgrade()
        {
            return Ok(plugin);
        }
        let complete = complete(kind.description(), instance)?;
        let plugin = kind
            .build(&Instance { config: &complete, ..*instance }, &self.environment)
            .map_err(|reason| BuildFault::Config { name, id: instance.id, reason })?;
        let (config, material) = (instance.config.clone(), instance.material.clone());
        running.insert(instance.id, Running { name, config, material, plugin: Arc::downgrade(&plugin) });
        Ok(plugin)
    }

    fn kind(&self, name: &str) -> Option<&dyn Kind> {
        self.kinds.iter().find(|kind| kind.description().name == name).map(AsRef::as_ref)
    }
}

/// Every plugin, as the configuration side knows it.
#[must_use]
pub fn descriptions() -> Vec<PluginDescription> {
    let others = kinds().into_iter().map(|kind| kind.description().clone());
    others.chain([schema::description()]).collect()
}

/// A configuration that did not come through the entity is completed, and refused where the entity would refuse it.
fn complete(description: &PluginDescription, instance: &Instance<'_>) -> Result<Record, BuildFault> {
    description.complete(instance.config.clone()).map_err(|errors| BuildFault::Config {
        name: description.name,
        id: instance.id,
        reason: errors.message(),
    })
}

impl PluginFactory for Registry {
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        if instance.name == schema::NAME {
            return self.openid_connect(instance);
        }
        match self.kind(instance.name) {
            Some(kind) => self.other(kind, instance),
            None => Err(BuildFault::Unknown { name: instance.name.to_owned(), id: instance.id }),
        }
    }
}

impl Slots {
    /// Forgets instances that are gone, once no proof that they took can be valid any more. Until then they are kept: an
    /// instance that comes back under its id still knows what was used.
    fn sweep(&mut self, now: UnixTime) {
        if self.swept_at.is_some_and(|at| now < at.plus_secs(SWEEP) && now >= at) {
            return;
        }
        self.swept_at = Some(now);
        self.known.retain(|_, slot| {
            if slot.plugin.strong_count() > 0 {
                slot.seen_at = now;
            }
            now <= slot.seen_at.plus_secs(slot.builder.reach + SWEEP)
        });
    }
}

impl PluginCatalog for Registry {
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.kinds.iter().map(|kind| kind.description().name).collect();
        names.push(self.openid_connect.name);
        names.sort_unstable();
        names
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        if name == self.openid_connect.name {
            return Some(&self.openid_connect);
        }
        self.kind(name).map(Kind::description)
    }

    fn check(&self, name: &str, config: &Record) -> Result<(), Errors> {
        self.kind(name).map_or(Ok(()), |kind| kind.check(config))
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}
