use std::sync::Arc;

use keybound_model::entity::RouterFlavor;
use keybound_model::{Errors, PluginCatalog, PluginDescription, Record};
use keybound_plugins::Registry;
use keybound_plugins::contract::{BuildFault, Instance, Plugin, PluginFactory};

use super::StartFault;
use crate::settings::{PluginNames, Settings};

/// The plugins that the setting `plugins` enables; to everything else the others are not there.
pub(crate) struct Plugins {
    registry: Registry,
    enabled: PluginNames,
    flavor: RouterFlavor,
}

impl Plugins {
    /// Refuses names that no plugin has.
    pub(super) fn new(settings: &Settings, registry: Registry) -> Result<Arc<Self>, StartFault> {
        let enabled = settings.plugins.clone();
        if let Some(unknown) = enabled.named.iter().find(|name| registry.plugin(name).is_none()) {
            let cause = format!("there is no plugin '{unknown}': one of {}", registry.names().join(", "));
            return Err(StartFault::setting(settings, "plugins", cause));
        }
        Ok(Arc::new(Self { registry, enabled, flavor: settings.router_flavor.of_entities() }))
    }

    /// In which form the routes say what they match, in which the plugins are configured.
    pub(super) fn flavor(&self) -> RouterFlavor {
        self.flavor
    }

    /// The plugins that there are, whether they may be configured or not.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Says that the configuration found at the start was built.
    pub(super) fn booted(&self) {
        self.registry.booted();
    }
}

impl PluginCatalog for Plugins {
    fn names(&self) -> Vec<&str> {
        self.registry.names().into_iter().filter(|name| self.enabled.enables(name)).collect()
    }

    fn plugin(&self, name: &str) -> Option<&PluginDescription> {
        self.registry.plugin(name).filter(|_| self.enabled.enables(name))
    }

    fn check(&self, name: &str, config: &Record) -> Result<(), Errors> {
        self.registry.check(name, config)
    }
}

impl PluginFactory for Plugins {
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        match self.registry.plugin(instance.name) {
            Some(description) if !self.enabled.enables(instance.name) => Err(BuildFault::Config {
                name: description.name,
                id: instance.id,
                reason: "is in use but not enabled; add it to the 'plugins' configuration property"
                    .to_owned(),
            }),
            _ => self.registry.build(instance),
        }
    }
}
