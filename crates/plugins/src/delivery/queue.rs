use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use uuid::Uuid;

use super::sender::Sender;

/// Bytes that wait at most where the configuration sets no bound: strangers choose how long an entry is.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Batches that are sent at once at most.
const MOST_DELIVERIES: usize = 64;

/// How entries are collected and sent.
#[derive(Clone, Deserialize)]
pub(crate) struct Settings {
    pub(crate) max_batch_size: usize,
    pub(crate) max_coalescing_delay: f64,
    max_entries: usize,
    max_bytes: Option<usize>,
    max_retry_time: f64,
    initial_retry_delay: f64,
    max_retry_delay: f64,
    concurrency_limit: i32,
    /// How often a batch is sent again at most.
    #[serde(skip)]
    pub(crate) retries: Option<u32>,
}

/// Makes one message of the entries of a batch.
pub(crate) type Compose = Box<dyn Fn(&[Bytes]) -> Bytes + Send + Sync>;

/// Entries on their way: bounded, the oldest given up first.
pub(crate) struct Queue {
    /// The plugin's name.
    name: &'static str,
    id: Uuid,
    compose: Compose,
    settings: Settings,
    sender: Sender,
    runtime: Handle,
    waiting: Mutex<Waiting>,
    changed: Notify,
    /// Places for batches that are sent at once, where the configuration sets no bound.
    delivering: Arc<Semaphore>,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Bytes>,
    bytes: usize,
    /// Whether somebody sends what waits.
    running: bool,
    /// Whether nothing more will come.
    closed: bool,
    /// Entries that were given up since it was last said.
    dropped: u64,
}

impl Queue {
    pub(crate) fn new(
        (name, id): (&'static str, Uuid),
        settings: Settings,
        sender: Sender,
        compose: Compose,
        runtime: Handle,
    ) -> Self {
        Self {
            name,
            id,
            compose,
            settings,
            sender,
            runtime,
            waiting: Mutex::default(),
            changed: Notify::new(),
            delivering: Arc::new(Semaphore::new(MOST_DELIVERIES)),
        }
    }

    /// Adds an entry and returns at once.
    pub(crate) fn push(this: &Arc<Self>, entry: Bytes) {
        let start = {
            let mut waiting = this.waiting.lock();
            let most = this.settings.max_bytes.unwrap_or(MOST_BYTES);
            if entry.len() > most {
                waiting.dropped += 1;
                return;
            }
            while waiting.entries.len() >= this.settings.max_entries || waiting.bytes + entry.len() > most {
                let Some(oldest) = waiting.entries.pop_front() else { break };
                waiting.bytes -= oldest.len();
                waiting.dropped += 1;
            }
            waiting.bytes += entry.len();
            waiting.entries.push_back(entry);
            !std::mem::replace(&mut waiting.running, true)
        };
        if start {
            this.runtime.spawn(Arc::clone(this).run());
        } else {
            this.changed.notify_one();
        }
    }

    /// Says that nothing more will come; what waits is still sent.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.changed.notify_one();
    }

    /// Sends what waits, batch by batch, until nothing does.
    async fn run(self: Arc<Self>) {
        loop {
            self.fill().await;
            let (batch, dropped) = {
                let mut waiting = self.waiting.lock();
                let size = waiting.entries.len().min(self.settings.max_batch_size);
                let batch: Vec<Bytes> = waiting.entries.drain(..size).collect();
                waiting.bytes -= batch.iter().map(Bytes::len).sum::<usize>();
                if batch.is_empty() {
                    waiting.running = false;
                    return;
                }
                (batch, std::mem::take(&mut waiting.dropped))
            };
            if dropped > 0 {
                tracing::error!(plugin = self.name, instance = %self.id, dropped, "the queue was full: entries were given up");
            }
            if self.settings.concurrency_limit < 0 {
                // The semaphore is never closed.
                let permit = Arc::clone(&self.delivering).acquire_owned().await.ok();
                let delivery = Arc::clone(&self).deliver(batch);
                self.runtime.spawn(async move {
                    delivery.await;
                    drop(permit);
                });
            } else {
                Arc::clone(&self).deliver(batch).await;
            }
        }
    }

    /// Waits until a batch is full, or has waited for long enough.
    async fn fill(&self) {
        let deadline = Instant::now() + seconds(self.settings.max_coalescing_delay);
        loop {
            let changed = self.changed.notified();
            {
                let waiting = self.waiting.lock();
                if waiting.closed || waiting.entries.len() >= self.settings.max_batch_size {
                    return;
                }
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return;
            }
        }
    }

    /// Sends a batch, again and again with longer pauses, until it arrives or has been tried for long enough.
    async fn deliver(self: Arc<Self>, batch: Vec<Bytes>) {
        let body = (self.compose)(&batch);
        let settings = &self.settings;
        let deadline = Instant::now() + seconds(settings.max_retry_time);
        let mut pause = seconds(settings.initial_retry_delay);
        let mut left = settings.retries;
        loop {
            let fault = match self.sender.send(body.clone()).await {
                Ok(()) => return,
                Err(fault) => fault,
            };
            let over = Instant::now() + pause > deadline || left == Some(0);
            if over {
                let entries = batch.len();
                tracing::error!(plugin = self.name, instance = %self.id, entries, "{fault}: entries were given up");
                return;
            }
            tracing::warn!(plugin = self.name, instance = %self.id, "{fault}: trying again");
            left = left.map(|left| left - 1);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(seconds(settings.max_retry_delay));
        }
    }
}

/// The schema keeps it in a range that a duration has.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}
