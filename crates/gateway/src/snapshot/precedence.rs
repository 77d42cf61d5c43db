use std::collections::HashMap;
use std::sync::Arc;

use keybound_model::PluginInstance;
use keybound_plugins::contract::{Instance, Plugin, PluginFactory};
use uuid::Uuid;

use super::CompileFault;

/// The route and the service that a plugin is configured for.
type Place = (Option<Uuid>, Option<Uuid>);

/// The enabled plugins, each built once, by where they are configured.
#[derive(Default)]
pub(crate) struct Plugins<'a> {
    scopes: HashMap<Place, Vec<(&'a str, Arc<dyn Plugin>)>>,
}

impl<'a> Plugins<'a> {
    /// Builds every enabled plugin that runs for HTTP.
    ///
    /// # Errors
    /// The factory's, and [`CompileFault::Unsupported`] for a plugin of a consumer.
    pub(crate) fn build(
        instances: &'a [PluginInstance],
        factory: &dyn PluginFactory,
    ) -> Result<Self, CompileFault> {
        let mut plugins = Self::default();
        for instance in instances.iter().filter(|instance| instance.enabled && speaks_http(instance)) {
            if instance.consumer.is_some() {
                return Err(CompileFault::Unsupported {
                    entity: format!("plugin '{}' ({})", instance.name, instance.id),
                    field: "consumer",
                    reason: "plugins of a consumer are not supported".to_owned(),
                });
            }
            let plugin = factory.build(&Instance {
                id: instance.id,
                name: &instance.name,
                config: &instance.config,
            })?;
            plugins
                .scopes
                .entry((instance.route, instance.service))
                .or_default()
                .push((&instance.name, plugin));
        }
        Ok(plugins)
    }

    /// The plugins for requests of this route and service: of each name the instance with the narrowest scope, which
    /// is route and service, then route, then service, then global.
    pub(crate) fn of(&self, route: Uuid, service: Option<Uuid>) -> Vec<Arc<dyn Plugin>> {
        let mut chosen: Vec<(&str, Arc<dyn Plugin>)> = Vec::new();
        let mut scopes = vec![(Some(route), None), (None, None)];
        if let Some(service) = service {
            scopes =
                vec![(Some(route), Some(service)), (Some(route), None), (None, Some(service)), (None, None)];
        }
        for (name, plugin) in scopes.iter().filter_map(|scope| self.scopes.get(scope)).flatten() {
            if !chosen.iter().any(|(taken, _)| taken == name) {
                chosen.push((name, Arc::clone(plugin)));
            }
        }
        chosen.into_iter().map(|(_, plugin)| plugin).collect()
    }
}

fn speaks_http(instance: &PluginInstance) -> bool {
    instance.protocols.iter().any(|protocol| matches!(protocol.as_str(), "http" | "https" | "grpc" | "grpcs"))
}
