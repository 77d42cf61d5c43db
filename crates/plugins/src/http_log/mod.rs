//! `http-log`: tells a log server of every request, off the path that serves them.

mod entry;
mod queue;
mod schema;
mod sender;

use std::sync::Arc;

use keybound_model::Record;
use keybound_pop::time::Clock;
use serde::Deserialize;
use uuid::Uuid;

use self::queue::Queue;
use self::sender::Sender;
use crate::contract::{Decision, Exchange, Flow, Listening, LogEntry, Plugin};
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
    #[serde(flatten)]
    target: sender::Target,
    queue: queue::Settings,
    queue_size: Option<usize>,
    flush_timeout: Option<f64>,
    retry_count: Option<u32>,
}

struct HttpLog {
    queue: Arc<Queue>,
    clock: Arc<dyn Clock>,
}

fn build(id: Uuid, config: &Record, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let Config { target, mut queue, queue_size, flush_timeout, retry_count } = read(config)?;
    // Old names, which Kong takes for the new ones unless they have their old default.
    if let Some(size) = queue_size.filter(|size| *size > 1) {
        queue.max_batch_size = size;
    }
    if let Some(delay) = flush_timeout.filter(|delay| (*delay - 2.0).abs() > f64::EPSILON) {
        queue.max_coalescing_delay = delay;
    }
    queue.retries = retry_count;
    let sender = Sender::new(target, environment)?;
    Ok(Arc::new(HttpLog {
        queue: Arc::new(Queue::new(id, queue, sender, environment.runtime.clone())),
        clock: Arc::clone(&environment.clock),
    }))
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
        self.queue.close();
    }
}
