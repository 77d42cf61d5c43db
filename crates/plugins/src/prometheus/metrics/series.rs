use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::histogram::{Histogram, OWN, Reading, WHOLE};
use super::spread::Spread;
use super::statuses::Statuses;
use super::text::Text;
use super::{Labels, Observed};
use crate::contract::LogEntry;

/// nginx's status for a client that went away before its answer.
const CLIENT_GONE: u16 = 499;
const WORKSPACE: (&str, &str) = ("workspace", "default");

/// What was counted of one service, route and consumer.
#[derive(Default)]
pub(super) struct Series(Spread<Part>);

/// What one thread counted of it.
struct Part {
    /// By status, and whether the upstream answered.
    statuses: Statuses,
    ingress: AtomicU64,
    egress: AtomicU64,
    own: Histogram,
    upstream: Histogram,
    whole: Histogram,
}

impl Default for Part {
    fn default() -> Self {
        Self {
            statuses: Statuses::default(),
            ingress: AtomicU64::new(0),
            egress: AtomicU64::new(0),
            own: Histogram::new(OWN),
            upstream: Histogram::new(WHOLE),
            whole: Histogram::new(WHOLE),
        }
    }
}

impl Series {
    pub(super) fn observe(&self, observed: &Observed, entry: &LogEntry) {
        let Some(part) = self.0.own() else { return };
        if observed.statuses {
            let status = entry.status.map_or(CLIENT_GONE, |status| status.as_u16());
            part.statuses.count(status, entry.from_upstream);
        }
        if observed.bytes {
            part.ingress.fetch_add(entry.request_bytes, Ordering::Relaxed);
            part.egress.fetch_add(entry.response_bytes, Ordering::Relaxed);
        }
        if observed.latencies {
            let whole = u64::try_from(entry.latency.as_millis()).unwrap_or(u64::MAX);
            part.whole.observe(whole);
            match entry.upstream.as_ref().filter(|_| entry.from_upstream) {
                Some(upstream) => {
                    part.upstream.observe(upstream.latency);
                    part.own.observe(upstream.proxy_latency);
                }
                None => part.own.observe(whole),
            }
        }
    }

    fn statuses(&self) -> BTreeMap<(u16, bool), u64> {
        let mut sums = BTreeMap::new();
        self.0.parts().for_each(|part| part.statuses.add_to(&mut sums));
        sums
    }

    fn bytes(&self, of: fn(&Part) -> &AtomicU64) -> u64 {
        self.0.parts().map(|part| of(part).load(Ordering::Relaxed)).sum()
    }
}

/// All series, family by family.
pub(super) fn write(all: &BTreeMap<Labels, Arc<Series>>, text: &mut Text) {
    let help = "HTTP status codes per consumer/service/route in Kong";
    text.family("http_requests_total", help, "counter");
    for (labels, series) in all {
        for ((status, from_upstream), count) in series.statuses() {
            let labels = [
                ("service", &*labels.service),
                ("route", &*labels.route),
                ("code", &*status.to_string()),
                ("source", if from_upstream { "service" } else { "kong" }),
                WORKSPACE,
                ("consumer", &*labels.consumer),
            ];
            text.sample("http_requests_total", &labels, count);
        }
    }
    text.family("bandwidth_bytes", "Total bandwidth (ingress/egress) throughput in bytes", "counter");
    for (labels, series) in all {
        let (egress, ingress) = (series.bytes(|part| &part.egress), series.bytes(|part| &part.ingress));
        for (direction, bytes) in [("egress", egress), ("ingress", ingress)] {
            if bytes > 0 {
                let labels = [
                    ("service", &*labels.service),
                    ("route", &*labels.route),
                    ("direction", direction),
                    WORKSPACE,
                    ("consumer", &*labels.consumer),
                ];
                text.sample("bandwidth_bytes", &labels, bytes);
            }
        }
    }
    let own = "Latency added by Kong and enabled plugins for each service/route in Kong";
    histograms(all, text, "kong_latency_ms", own, |part| &part.own);
    let upstream = "Latency added by upstream response for each service/route in Kong";
    histograms(all, text, "upstream_latency_ms", upstream, |part| &part.upstream);
    let whole = "Total latency incurred during requests for each service/route in Kong";
    histograms(all, text, "request_latency_ms", whole, |part| &part.whole);
}

/// Times are told without the consumer, as in Kong: the series of all consumers are added up.
fn histograms(
    all: &BTreeMap<Labels, Arc<Series>>,
    text: &mut Text,
    name: &str,
    help: &str,
    of: fn(&Part) -> &Histogram,
) {
    let mut sums: BTreeMap<(&str, &str), Reading> = BTreeMap::new();
    for (labels, series) in all {
        for (within, count, sum) in series.0.parts().filter_map(|part| of(part).read()) {
            match sums.get_mut(&(&*labels.service, &*labels.route)) {
                None => {
                    sums.insert((&*labels.service, &*labels.route), (within, count, sum));
                }
                Some(so_far) => {
                    so_far.0.iter_mut().zip(within).for_each(|(so_far, (_, more))| so_far.1 += more);
                    so_far.1 += count;
                    so_far.2 = so_far.2.saturating_add(sum);
                }
            }
        }
    }
    text.family(name, help, "histogram");
    for ((service, route), (within, count, sum)) in sums {
        let labels = [("service", service), ("route", route), WORKSPACE];
        text.histogram(&format!("kong_{name}"), &labels, &(within, count, sum), 1.0);
    }
}
