//! `prometheus`: counts requests, bytes and milliseconds, by service and route.
//!
//! Labels take their values from the configuration and from closed sets only (statuses, consumers), so that what strangers
//! send does not make new series. [`metrics::render`] writes all of it.

pub mod metrics;

use std::sync::Arc;

use keybound_model::catalog::HTTP_PROTOCOLS;
use keybound_model::schema::{Schema, Type, boolean};
use keybound_model::{PluginDescription, Record};
use serde::Deserialize;
use uuid::Uuid;

use self::metrics::{Metrics, Observed};
use crate::contract::{Decision, Exchange, Flow, Listening, LogEntry, Plugin};
use crate::environment::Environment;
use crate::kind::Kind;
use crate::typed::{KONG, Simple, read};

const NAME: &str = "prometheus";
const PRIORITY: i32 = 13;

pub(crate) fn kind() -> Box<dyn Kind> {
    let switch = |doc: &'static str| boolean().default(false).doc(doc);
    let later = |switch: Type| switch.not_yet_supported();
    let config = Schema::new([
        ("per_consumer", switch("Whether consumers are told apart.")),
        ("status_code_metrics", switch("Whether requests are counted by status.")),
        ("ai_metrics", later(switch("Metrics of language models."))),
        ("latency_metrics", switch("Whether times are measured.")),
        ("bandwidth_metrics", switch("Whether bytes are counted.")),
        ("upstream_health_metrics", switch("Whether the health of targets is told.")),
        ("wasm_metrics", later(switch("Metrics of WebAssembly filters."))),
    ]);
    let description = PluginDescription::new(NAME, KONG, PRIORITY, config).for_any_protocol(HTTP_PROTOCOLS);
    Simple::boxed(description, build)
}

#[derive(Deserialize)]
struct Config {
    per_consumer: Option<bool>,
    status_code_metrics: Option<bool>,
    latency_metrics: Option<bool>,
    bandwidth_metrics: Option<bool>,
    upstream_health_metrics: Option<bool>,
}

struct Prometheus {
    per_consumer: bool,
    observed: Observed,
    metrics: Arc<Metrics>,
}

fn build(_id: Uuid, config: &Record, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let on = |switch: Option<bool>| switch.unwrap_or(false);
    let metrics = Arc::clone(&environment.metrics);
    Ok(Arc::new(Prometheus {
        per_consumer: on(config.per_consumer),
        observed: Observed {
            statuses: on(config.status_code_metrics),
            latencies: on(config.latency_metrics),
            bytes: on(config.bandwidth_metrics),
            health: on(config.upstream_health_metrics).then(|| metrics.watch_health()),
        },
        metrics,
    }))
}

impl Plugin for Prometheus {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, _exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(std::future::ready(Flow::Continue))
    }

    fn listens(&self) -> Listening {
        Listening::Facts
    }

    fn log(&self, entry: &LogEntry) {
        self.metrics.observe(self.per_consumer, &self.observed, entry);
    }
}
