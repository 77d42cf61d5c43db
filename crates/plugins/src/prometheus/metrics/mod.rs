//! What `prometheus` counts, and the text in which it is told.

mod bindings;
mod histogram;
mod node;
mod series;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::contract::LogEntry;

pub(crate) use self::bindings::{Bindings, Outcome};
pub use self::node::{Connections, Health, Node, TargetHealth};
use self::series::Series;

/// What was counted since the process started.
#[derive(Default)]
pub struct Metrics {
    series: RwLock<BTreeMap<Labels, Arc<Series>>>,
    /// What `openid-connect` decided.
    pub(crate) bindings: Bindings,
    /// Held by every instance that tells the health of targets.
    health: Arc<()>,
}

/// What tells series apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Labels {
    pub(crate) service: Arc<str>,
    pub(crate) route: Arc<str>,
    pub(crate) consumer: Arc<str>,
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

/// Everything in Prometheus's text form: what the plugins counted, and what is known of the node.
#[must_use]
pub fn render(metrics: &Metrics, node: &Node<'_>) -> String {
    let mut text = text::Text::default();
    node.write(&mut text, metrics.tells_health());
    let series = metrics.series.read();
    series::write(&series, &mut text);
    metrics.bindings.write(&mut text);
    text.finish()
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

    pub(crate) fn observe(&self, labels: Labels, observed: &Observed, entry: &LogEntry) {
        let known = self.series.read().get(&labels).map(Arc::clone);
        let series = known.unwrap_or_else(|| Arc::clone(self.series.write().entry(labels).or_default()));
        series.observe(observed, entry);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
