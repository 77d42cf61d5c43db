use super::text::Text;

/// What is known of the process beside what the plugins counted; the binary fills it in.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// The node's id.
    pub id: &'a str,
    /// The version that the node reports.
    pub version: &'a str,
    /// Whether the configuration store answers.
    pub datastore_reachable: bool,
    /// The connections of clients, where they are counted.
    pub connections: Option<Connections>,
    /// Requests since the start, where they are counted.
    pub requests: Option<u64>,
    /// The targets of upstreams; told only when an instance of `prometheus` has `upstream_health_metrics`.
    pub targets: &'a [TargetHealth],
}

/// The connections of clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// Accepted since the start.
    pub accepted: u64,
    /// Accepted since the start and served.
    pub handled: u64,
    /// Open now.
    pub active: u64,
}

/// How a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetHealth {
    /// The name of its upstream.
    pub upstream: String,
    /// The target as configured: `host:port`.
    pub target: String,
    /// The address that it has; empty when its name has none.
    pub address: String,
    /// How it is.
    pub health: Health,
}

/// How a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Nobody looks.
    Off,
    /// Requests are sent to it.
    Healthy,
    /// Requests are not sent to it.
    Unhealthy,
    /// Its name has no address.
    DnsError,
}

impl Health {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Off, "healthchecks_off"),
        (Self::Healthy, "healthy"),
        (Self::Unhealthy, "unhealthy"),
        (Self::DnsError, "dns_error"),
    ];
}

impl Node<'_> {
    pub(super) fn write(&self, text: &mut Text, tells_health: bool) {
        text.family("datastore_reachable", "Datastore reachable from Kong, 0 is unreachable", "gauge");
        text.sample("datastore_reachable", &[], u64::from(self.datastore_reachable));
        text.family("node_info", "Kong Node metadata information", "gauge");
        text.sample("node_info", &[("node_id", self.id), ("version", self.version)], 1);
        if let Some(connections) = &self.connections {
            text.family("nginx_connections_total", "Number of connections by subsystem", "gauge");
            for (state, count) in [
                ("accepted", connections.accepted),
                ("active", connections.active),
                ("handled", connections.handled),
                ("total", self.requests.unwrap_or(0)),
            ] {
                let labels = [("node_id", self.id), ("subsystem", "http"), ("state", state)];
                text.sample("nginx_connections_total", &labels, count);
            }
        }
        if let Some(requests) = self.requests {
            text.family("nginx_requests_total", "Number of requests total", "gauge");
            text.sample("nginx_requests_total", &[("node_id", self.id), ("subsystem", "http")], requests);
        }
        if tells_health {
            self.write_targets(text);
        }
    }

    fn write_targets(&self, text: &mut Text) {
        text.family(
            "upstream_target_health",
            "Health status of targets of upstream. States = healthchecks_off|healthy|unhealthy|dns_error, value is 1 when state is populated.",
            "gauge",
        );
        for target in self.targets {
            for (health, state) in Health::ALL {
                let labels = [
                    ("upstream", target.upstream.as_str()),
                    ("target", target.target.as_str()),
                    ("address", target.address.as_str()),
                    ("state", state),
                    ("subsystem", "http"),
                ];
                text.sample("upstream_target_health", &labels, u64::from(health == target.health));
            }
        }
    }
}
