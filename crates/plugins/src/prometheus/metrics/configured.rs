use std::collections::HashSet;

use keybound_model::Configuration;
use uuid::Uuid;

use super::Metrics;

/// The names that series may have.
struct Names {
    services: HashSet<String>,
    routes: HashSet<String>,
    consumers: HashSet<String>,
}

impl Names {
    fn of(configuration: &Configuration) -> Self {
        let name = |id: Uuid, name: &Option<String>| name.clone().unwrap_or_else(|| id.to_string());
        Self {
            services: configuration.services.iter().map(|of| name(of.id, &of.name)).collect(),
            routes: configuration.routes.iter().map(|of| name(of.id, &of.name)).collect(),
            consumers: configuration.consumers.iter().map(|of| name(of.id, &of.username)).collect(),
        }
    }

    fn has(&self, service: &str, route: &str, consumer: &str) -> bool {
        let is_in = |name: &str, names: &HashSet<String>| name.is_empty() || names.contains(name);
        is_in(service, &self.services) && is_in(route, &self.routes) && is_in(consumer, &self.consumers)
    }
}

impl Metrics {
    /// Forgets the series of services, routes and consumers that are not configured any more.
    ///
    /// To be said after a configuration is in place. A request that is still under way by the one before may bring a series
    /// back, which goes with the next one.
    pub fn configured(&self, configuration: &Configuration) {
        if self.series.read().is_empty() && self.bindings.is_empty() {
            return;
        }
        let names = Names::of(configuration);
        let are_known = self
            .series
            .read()
            .keys()
            .all(|labels| names.has(&labels.service, &labels.route, &labels.consumer));
        // Whoever counts waits for a writer, and for most changes none is needed.
        if !are_known {
            let mut series = self.series.write();
            series.retain(|labels, _| names.has(&labels.service, &labels.route, &labels.consumer));
        }
        self.bindings.retain(|service, route| names.has(service, route, ""));
    }
}
