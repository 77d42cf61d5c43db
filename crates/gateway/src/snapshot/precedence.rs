use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use keybound_model::{Configuration, PluginInstance};
use keybound_plugins::contract::{Audience, Instance, Material, Plugin, PluginFactory, Slot};
use uuid::Uuid;

use super::CompileFault;

/// The route and the service that a plugin is configured for.
type Place = (Option<Uuid>, Option<Uuid>);

/// An instance that runs, and for whose requests.
struct Built<'a> {
    name: &'a str,
    audience: Audience,
    plugin: Arc<dyn Plugin>,
}

/// The enabled plugins, each built once, by where they are configured.
#[derive(Default)]
pub(crate) struct Plugins<'a> {
    places: HashMap<Place, Vec<Built<'a>>>,
}

impl<'a> Plugins<'a> {
    /// Builds every enabled plugin that runs for HTTP.
    ///
    /// # Errors
    /// The factory's.
    pub(crate) fn build(
        configuration: &'a Configuration,
        factory: &dyn PluginFactory,
    ) -> Result<Self, CompileFault> {
        let mut plugins = Self::default();
        let instances = &configuration.plugins;
        for instance in instances.iter().filter(|instance| instance.enabled && speaks_http(instance)) {
            let plugin = factory.build(&Instance {
                id: instance.id,
                name: &instance.name,
                config: &instance.config,
                material: &Material::of(&instance.config, configuration),
            })?;
            let audience = match (instance.consumer, instance.consumer_group) {
                (Some(consumer), _) => Audience::Consumer(consumer),
                (None, Some(group)) => Audience::Group(group),
                (None, None) => Audience::Anyone,
            };
            let place = (instance.route, instance.service);
            plugins.places.entry(place).or_default().push(Built { name: &instance.name, audience, plugin });
        }
        Ok(plugins)
    }

    /// Whether a plugin for every request asks clients for a certificate.
    pub(crate) fn ask_everywhere(&self) -> bool {
        let global = self.places.get(&(None, None)).into_iter().flatten();
        global.into_iter().any(|built| built.plugin.asks_for_certificate())
    }

    /// The plugins for requests of this route and service, of each name the instances that may run, the most specific
    /// first (Kong's order).
    pub(crate) fn of(&self, route: Uuid, service: Option<Uuid>) -> Vec<Slot> {
        let mut by_name: BTreeMap<&str, Vec<(usize, &Built<'a>)>> = BTreeMap::new();
        let mut places = vec![(Some(route), None), (None, None)];
        if let Some(service) = service {
            places.extend([(Some(route), Some(service)), (None, Some(service))]);
        }
        for place in places {
            for built in self.places.get(&place).into_iter().flatten() {
                by_name.entry(built.name).or_default().push((rank(place, built.audience), built));
            }
        }
        let slots = by_name.into_values().filter_map(|mut candidates| {
            candidates.sort_by_key(|(rank, _)| *rank);
            Slot::new(
                candidates
                    .into_iter()
                    .map(|(_, built)| (built.audience, Arc::clone(&built.plugin)))
                    .collect(),
            )
        });
        slots.collect()
    }
}

/// The place of a scope in Kong's order of precedence: lower wins.
fn rank((route, service): Place, audience: Audience) -> usize {
    match (audience, route.is_some(), service.is_some()) {
        (Audience::Consumer(_), true, true) => 0,
        (Audience::Group(_), true, true) => 1,
        (Audience::Consumer(_), true, false) => 2,
        (Audience::Consumer(_), false, true) => 3,
        (Audience::Group(_), true, false) => 4,
        (Audience::Group(_), false, true) => 5,
        (Audience::Anyone, true, true) => 6,
        (Audience::Consumer(_), false, false) => 7,
        (Audience::Group(_), false, false) => 8,
        (Audience::Anyone, true, false) => 9,
        (Audience::Anyone, false, true) => 10,
        (Audience::Anyone, false, false) => 11,
    }
}

fn speaks_http(instance: &PluginInstance) -> bool {
    instance.protocols.iter().any(|protocol| matches!(protocol.as_str(), "http" | "https" | "grpc" | "grpcs"))
}
