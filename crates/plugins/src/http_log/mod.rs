//! `http-log`: tells a log server of every request, off the path that serves them.

mod entry;
mod schema;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use keybound_model::Record;
use keybound_pop::time::Clock;
use serde::Deserialize;
use uuid::Uuid;

use crate::contract::{Decision, Exchange, Flow, Listening, LogEntry, Plugin};
use crate::delivery::{Again, Queue, Sender, Settings, Target};
use crate::environment::Environment;
use crate::kind::Kind;
use crate::typed::{Simple, read};

const NAME: &str = "http-log";
const PRIORITY: i32 = 12;

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(schema::description(), build)
}

#[derive(Deserialize)]
struct Config {
    http_endpoint: String,
    method: String,
    content_type: String,
    timeout: f64,
    keepalive: f64,
    headers: Option<BTreeMap<String, String>>,
    queue: Settings,
    queue_size: Option<usize>,
    flush_timeout: Option<f64>,
    retry_count: Option<u32>,
}

struct HttpLog {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
}

fn build(id: Uuid, config: &Record, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let mut queue = config.queue;
    // Old names, which Kong takes for the new ones unless they have their old default.
    if let Some(size) = config.queue_size.filter(|size| *size > 1) {
        queue.max_batch_size = size;
    }
    if let Some(delay) = config.flush_timeout.filter(|delay| (*delay - 2.0).abs() > f64::EPSILON) {
        queue.max_coalescing_delay = delay;
    }
    queue.retries = config.retry_count;
    let target = Target {
        taker: "the log server",
        field: "http_endpoint",
        url: config.http_endpoint,
        method: Method::from_bytes(config.method.as_bytes()).map_err(|_| "method: no method")?,
        content_type: config.content_type,
        timeout: config.timeout,
        keepalive: config.keepalive > 0.0,
        headers: config.headers.unwrap_or_default(),
        again: Again::Moment,
    };
    let sender = Sender::new(target, environment)?;
    Ok(Arc::new(HttpLog {
        queue: Queue::new((NAME, id), queue, sender, Box::new(compose), environment),
        clock: Arc::clone(&environment.clock),
    }))
}

/// One entry is sent as it is, several as a list.
fn compose(entries: &[Bytes]) -> Bytes {
    match entries {
        [only] => only.clone(),
        several => [b"[", several.join(&b","[..]).as_slice(), b"]"].concat().into(),
    }
}

impl Plugin for HttpLog {
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
        Listening::Fields
    }

    fn log(&self, entry: &LogEntry) {
        let text = entry::of(entry, self.clock.now()).to_string();
        Queue::push(&self.queue, text.into());
    }
}

impl Drop for HttpLog {
    fn drop(&mut self) {
        self.queue.end();
    }
}
