use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use super::histogram::{Histogram, OWN, Reading, WHOLE};
use super::text::Text;
use super::{Labels, Observed};
use crate::contract::LogEntry;

/// nginx's status for a client that went away before its answer.
const CLIENT_GONE: u16 = 499;
const WORKSPACE: (&str, &str) = ("workspace", "default");

/// What was counted of one service, route and consumer.
pub(super) struct Series {
    /// By status, and whether the upstream answered.
    statuses: RwLock<BTreeMap<(u16, bool), AtomicU64>>,
    ingress: AtomicU64,
    egress: AtomicU64,
    own: Histogram,
    upstream: Histogram,
    whole: Histogram,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            statuses: RwLock::default(),
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
        if observed.statuses {
            let status = entry.status.map_or(CLIENT_GONE, |status| status.as_u16());
            let key = (status, entry.from_upstream);
            let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
            let known = self.statuses.read().get(&key).map(count).is_some();
            if !known {
                count(self.statuses.write().entry(key).or_default());
            }
        }
        if observed.bytes {
            self.ingress.fetch_add(entry.request_bytes, Ordering::Relaxed);
            self.egress.fetch_add(entry.response_bytes, Ordering::Relaxed);
        }
        if observed.latencies {
            let whole = u64::try_from(entry.latency.as_millis()).unwrap_or(u64::MAX);
            self.whole.observe(whole);
            match entry.upstream.as_ref().filter(|_| entry.from_upstream) {
                Some(upstream) => {
                    self.upstream.observe(upstream.latency);
                    self.own.observe(upstream.proxy_latency);
                }
                None => self.own.observe(whole),
            }
        }
    }
}

/// All series, family by family.
pub(super) fn write(all: &BTreeMap<Labels, Arc<Series>>, text: &mut Text) {
    let help = "HTTP status codes per consumer/service/route in Kong";
    text.family("http_requests_total", help, "counter");
    for (labels, series) in all {
        for ((status, from_upstream), count) in series.statuses.read().iter() {
            let labels = [
                ("service", &*labels.service),
                ("route", &*labels.route),
                ("code", &*status.to_string()),
                ("source", if *from_upstream { "service" } else { "kong" }),
                WORKSPACE,
                ("consumer", &*labels.consumer),
            ];
            text.sample("http_requests_total", &labels, count.load(Ordering::Relaxed));
        }
    }
    text.family("bandwidth_bytes", "Total bandwidth (ingress/egress) throughput in bytes", "counter");
    for (labels, series) in all {
        for (direction, bytes) in [("egress", &series.egress), ("ingress", &series.ingress)] {
            let bytes = bytes.load(Ordering::Relaxed);
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
    histograms(all, text, "kong_latency_ms", own, |series| &series.own);
    let upstream = "Latency added by upstream response for each service/route in Kong";
    histograms(all, text, "upstream_latency_ms", upstream, |series| &series.upstream);
    let whole = "Total latency incurred during requests for each service/route in Kong";
    histograms(all, text, "request_latency_ms", whole, |series| &series.whole);
}

/// Times are told without the consumer, as in Kong: the series of all consumers are added up.
fn histograms(
    all: &BTreeMap<Labels, Arc<Series>>,
    text: &mut Text,
    name: &str,
    help: &str,
    of: fn(&Series) -> &Histogram,
) {
    let mut sums: BTreeMap<(&str, &str), Reading> = BTreeMap::new();
    for (labels, series) in all {
        let Some((within, count, sum)) = of(series).read() else { continue };
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
    text.family(name, help, "histogram");
    for ((service, route), (within, count, sum)) in sums {
        let labels = [("service", service), ("route", route), WORKSPACE];
        let bucket = format!("{name}_bucket");
        let mut with_bound = |bound: &str, count| {
            let [service, route, workspace] = labels;
            text.sample(&bucket, &[service, route, workspace, ("le", bound)], count);
        };
        for (bound, count) in within {
            with_bound(&bound.to_string(), count);
        }
        with_bound("+Inf", count);
        text.sample(&format!("{name}_count"), &labels, count);
        text.sample(&format!("{name}_sum"), &labels, sum);
    }
}
