//! What `prometheus` counts, and the text in which it is told.

mod bindings;
mod configured;
mod figures;
mod histogram;
mod node;
mod possession;
mod recent;
mod series;
mod spread;
mod statuses;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use keybound_model::entity::Consumer;
use keybound_oidc::CallCounts;
use parking_lot::RwLock;

use crate::contract::{LogEntry, Scope};

pub(crate) use self::bindings::{Bindings, Outcome};
pub use self::figures::{DeliveryFigures, Figures, MemoryFigures, ProofKeyFigures};
pub use self::node::{Connections, Health, Node, TargetHealth};
pub(crate) use self::possession::Possession;
use self::recent::{Recent, address, is_same, mark};
use self::series::Series;
pub use self::text::Text;

/// What was counted since the process started.
#[derive(Default)]
pub struct Metrics {
    series: RwLock<BTreeMap<Labels, Arc<Series>>>,
    /// Tells it from others, for what threads remember.
    number: Number,
    /// What `openid-connect` decided.
    pub(crate) bindings: Bindings,
    /// Nonces and records of used proofs.
    pub(crate) possession: Possession,
    /// How calls to providers went.
    pub(crate) calls: Arc<CallCounts>,
    /// Held by every instance that tells the health of targets.
    health: Arc<()>,
}

/// What tells series apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    service: Arc<str>,
    route: Arc<str>,
    consumer: Arc<str>,
}

/// What one instance of the plugin observes.
pub(crate) struct Observed {
    pub(crate) statuses: bool,
    pub(crate) latencies: bool,
    pub(crate) bytes: bool,
    /// As long as it is held, the health of targets is told.
    #[allow(dead_code, reason = "it is there to be held")]
    pub(crate) health: Option<Arc<()>>,
}

/// Everything in Prometheus's text form: what the plugins counted and keep, what is known of the node, and `more`.
#[must_use]
pub fn render(metrics: &Metrics, node: &Node<'_>, figures: &Figures, more: impl FnOnce(&mut Text)) -> String {
    let mut text = Text::default();
    node.write(&mut text, metrics.tells_health());
    let series = metrics.series.read();
    series::write(&series, &mut text);
    metrics.bindings.write(&mut text);
    metrics.possession.write(&mut text);
    figures.write(&metrics.calls, &mut text);
    more(&mut text);
    text.finish()
}

/// A number that no other has.
struct Number(usize);

impl Default for Number {
    fn default() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self(NEXT.fetch_add(1, Relaxed))
    }
}

thread_local! {
    static RECENT: Recent<Seen, Arc<Series>> = const { Recent::new() };
}

/// What a series is recognised by.
struct Seen {
    metrics: usize,
    service: Option<Arc<str>>,
    route: Option<Arc<str>>,
    consumer: Option<Arc<Consumer>>,
}

/// The name of a service or a route, or its id where it has none.
fn name(part: Option<&(Arc<str>, Option<Arc<str>>)>) -> Option<&Arc<str>> {
    part.map(|(id, name)| name.as_ref().unwrap_or(id))
}

impl Metrics {
    pub(crate) fn watch_health(&self) -> Arc<()> {
        Arc::clone(&self.health)
    }

    /// Whether an instance of the plugin wants the health of targets told.
    #[must_use]
    pub fn tells_health(&self) -> bool {
        Arc::strong_count(&self.health) > 1
    }

    /// Counts a request. `per_consumer`: whether consumers are told apart.
    pub(crate) fn observe(&self, per_consumer: bool, observed: &Observed, entry: &LogEntry) {
        let nothing = Scope::default();
        let scope = entry.scope.as_deref().unwrap_or(&nothing);
        let (service, route) = (name(scope.service.as_ref()), name(scope.route.as_ref()));
        let consumer = entry.consumer.as_ref().filter(|_| per_consumer);
        let place = consumer.map_or(0, |consumer| Arc::as_ptr(consumer).addr());
        let mark = mark(&[self.number.0, address(service), address(route), place]);
        let is = |seen: &Seen| {
            seen.metrics == self.number.0
                && is_same(seen.service.as_ref(), service)
                && is_same(seen.route.as_ref(), route)
                && seen.consumer.as_ref().map_or(0, |consumer| Arc::as_ptr(consumer).addr()) == place
        };
        if RECENT.with(|recent| recent.find(mark, is, |series| series.observe(observed, entry))) {
            return;
        }
        let label = |name: Option<&Arc<str>>| name.cloned().unwrap_or_default();
        let labels = Labels {
            service: label(service),
            route: label(route),
            consumer: consumer.map_or_else(Arc::default, |consumer| {
                consumer.username.clone().unwrap_or_else(|| consumer.id.to_string()).into()
            }),
        };
        let known = self.series.read().get(&labels).map(Arc::clone);
        let series = known.unwrap_or_else(|| Arc::clone(self.series.write().entry(labels).or_default()));
        series.observe(observed, entry);
        let seen = Seen {
            metrics: self.number.0,
            service: service.cloned(),
            route: route.cloned(),
            consumer: consumer.cloned(),
        };
        RECENT.with(|recent| recent.keep(mark, seen, series));
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
