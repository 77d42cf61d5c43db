//! `opentelemetry`: traces requests (W3C Trace Context) and tells a collector of them (OTLP over HTTP, protobuf).
//!
//! What is measured of a request is what `tracing_instrumentations` says; where that is off, traces are passed on as they
//! came and nobody is told. No attribute has a value that a credential, a query or a body holds.

mod context;
mod encode;
pub(crate) mod fuzzing;
mod request;
mod sampling;
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use keybound_model::Record;
use keybound_pop::time::Clock;
use serde::Deserialize;
use uuid::Uuid;

use self::context::{Context, TRACEPARENT, TRACESTATE};
use self::sampling::{Sampler, Strategy};
use crate::contract::{Decision, Exchange, Flow, Head, Listening, LogEntry, Plugin, ResponseHead, Trace};
use crate::delivery::{Again, Queue, Sender, Settings, Target};
use crate::environment::{Environment, Instrumentations, Random};
use crate::kind::Kind;
use crate::typed::{Simple, read, settable};

const NAME: &str = "opentelemetry";
const PRIORITY: i32 = 14;

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(schema::description(), build)
}

#[derive(Deserialize)]
struct Config {
    traces_endpoint: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    resource_attributes: Option<BTreeMap<String, String>>,
    queue: Settings,
    batch_span_count: Option<usize>,
    batch_flush_delay: Option<f64>,
    connect_timeout: f64,
    send_timeout: f64,
    read_timeout: f64,
    http_response_header_for_traceid: Option<String>,
    header_type: String,
    sampling_rate: Option<f64>,
    sampling_strategy: String,
    propagation: Propagation,
}

/// How traces come in and go out.
#[derive(Deserialize)]
struct Propagation {
    extract: Option<Vec<String>>,
    clear: Option<Vec<String>>,
    inject: Option<Vec<String>>,
}

struct OpenTelemetry {
    queue: Option<Arc<Queue>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    measured: Instrumentations,
    sampler: Sampler,
    extracts: bool,
    injects: bool,
    clears: Vec<HeaderName>,
    /// The field of responses that names the trace.
    tells: Option<HeaderName>,
}

fn build(id: Uuid, config: &Record, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let names = |names: Option<Vec<String>>| names.unwrap_or_default();
    let clears = names(config.propagation.clear.clone()).into_iter().map(|name| {
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("propagation.clear: bad name '{name}'"))
    });
    let tells = config.http_response_header_for_traceid.as_deref();
    let ignores = config.header_type == "ignore";
    let some = |list: &Option<Vec<String>>| list.as_ref().is_none_or(|list| !list.is_empty());
    let (extracts, injects) = (some(&config.propagation.extract), some(&config.propagation.inject));
    let measures = environment.tracing.instrumentations.any();
    if !measures {
        tracing::warn!(
            plugin = NAME,
            instance = %id,
            "tracing_instrumentations is off: traces are passed on as they come, and the collector is told nothing"
        );
    }
    let queue = config.traces_endpoint.clone().filter(|_| measures);
    let queue = queue.map(|url| deliver(id, url, &config, environment)).transpose()?;
    Ok(Arc::new(OpenTelemetry {
        queue,
        clock: Arc::clone(&environment.clock),
        random: Arc::clone(&environment.random),
        measured: environment.tracing.instrumentations,
        sampler: Sampler {
            rate: config.sampling_rate.unwrap_or(environment.tracing.sampling_rate),
            strategy: Strategy::named(&config.sampling_strategy),
        },
        extracts: extracts && !ignores,
        injects: injects && !ignores,
        clears: clears.collect::<Result<_, _>>()?,
        tells: tells.map(|name| settable("http_response_header_for_traceid", name)).transpose()?,
    }))
}

/// The way to the collector.
fn deliver(id: Uuid, url: String, config: &Config, environment: &Environment) -> Result<Arc<Queue>, String> {
    let mut settings = config.queue.clone();
    // Old names.
    if let Some(count) = config.batch_span_count {
        settings.max_batch_size = count;
    }
    if let Some(delay) = config.batch_flush_delay {
        settings.max_coalescing_delay = delay;
    }
    let target = Target {
        taker: "the collector of traces",
        field: "traces_endpoint",
        url,
        method: Method::POST,
        content_type: "application/x-protobuf".to_owned(),
        timeout: config.connect_timeout + config.send_timeout + config.read_timeout,
        keepalive: true,
        headers: config.headers.clone().unwrap_or_default(),
        again: Again::Otlp,
    };
    let mut bytes = [0; 16];
    environment.random.fill(&mut bytes);
    let mut attributes = BTreeMap::from([
        ("service.name".to_owned(), "kong".to_owned()),
        ("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("service.instance.id".to_owned(), uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()),
    ]);
    attributes.extend(config.resource_attributes.clone().unwrap_or_default());
    let resource = encode::resource(&attributes);
    let compose = Box::new(move |entries: &[Bytes]| encode::message(&resource, entries));
    Ok(Queue::new((NAME, id), settings, Sender::new(target, environment)?, compose, environment))
}

impl Plugin for OpenTelemetry {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn traces(&self) -> bool {
        true
    }

    fn trace(&self, head: &Head, started: Instant) -> Option<Box<Trace>> {
        if !self.measured.any() {
            return None;
        }
        let context = if self.extracts { context::extract(&head.headers) } else { None };
        let mut bytes = [0; 24];
        self.random.fill(&mut bytes);
        let (own, seed) = bytes.split_first_chunk::<16>()?;
        let seed = seed.first_chunk::<8>().map_or(0, |seed| u64::from_be_bytes(*seed));
        let id = context.as_ref().map_or(*own, |context| context.trace);
        let now = self.clock.now();
        let began = request::earlier(now, started.elapsed());
        let mut trace = Trace::new(if id == [0; 16] { [1; 16] } else { id }, seed, began, started);
        // Whoever names the trace could choose a name that the rate takes: that is left to trusted peers.
        let decides = if head.connection.trusted { &trace.id } else { own };
        trace.sampled = self.sampler.takes(decides, context.as_ref().map(|context| context.sampled));
        trace.measured = self.measured;
        if trace.sampled {
            trace.origin = head.public.to_string();
        }
        if let Some(Context { parent, state, .. }) = context {
            trace.parent = Some(parent);
            trace.state = state;
        }
        Some(Box::new(trace))
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        let headers = &mut exchange.head.headers;
        for name in &self.clears {
            headers.remove(name);
        }
        match &exchange.notes.trace {
            Some(trace) if self.injects => {
                headers.insert(TRACEPARENT, context::value(trace));
                match &trace.state {
                    Some(state) => headers.insert(TRACESTATE, state.clone()),
                    None => headers.remove(TRACESTATE),
                };
            }
            // Passed on as it came, if it can be read.
            None if self.extracts && context::extract(headers).is_none() => {
                headers.remove(TRACEPARENT);
                headers.remove(TRACESTATE);
            }
            _ => {}
        }
        Box::pin(std::future::ready(Flow::Continue))
    }

    fn response(&self, response: &mut ResponseHead<'_>) {
        if let (Some(name), Some(trace)) = (&self.tells, &response.notes.trace)
            && let Ok(value) = HeaderValue::from_str(&context::hex(&trace.id))
        {
            response.headers.insert(name.clone(), value);
        }
    }

    fn listens(&self) -> Listening {
        if self.queue.is_some() { Listening::Facts } else { Listening::Nothing }
    }

    fn log(&self, entry: &LogEntry) {
        let (Some(queue), Some(trace)) = (&self.queue, &entry.trace) else { return };
        if trace.sampled {
            Queue::push(queue, request::spans(trace, entry));
        }
    }
}

impl Drop for OpenTelemetry {
    fn drop(&mut self) {
        if let Some(queue) = &self.queue {
            queue.end();
        }
    }
}
