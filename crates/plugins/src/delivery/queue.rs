use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::counts::{Counts, Loss};
use super::sender::Sender;
use super::told::Told;
use crate::environment::Environment;

/// Bytes that wait at most where the configuration sets no bound: strangers choose how long an entry is.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Batches that are sent at once at most.
const MOST_DELIVERIES: usize = 64;
const FULL: &str = "the queue was full";
const LARGE: &str = "they were longer than max_bytes";
/// How long an instance that is gone, or has another configuration now, still sends.
const AFTERWARDS: Duration = Duration::from_secs(30);

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
    /// Until when is sent what waits, where nothing more will come.
    closing: watch::Sender<Option<Instant>>,
    /// Nothing waits, and nothing is under way.
    emptied: Notify,
    /// Places for batches that are sent at once, where the configuration sets no bound.
    delivering: Arc<Semaphore>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Waiting {
    entries: VecDeque<Bytes>,
    bytes: usize,
    /// Entries of batches that are being sent.
    under_way: usize,
    /// Whether somebody sends what waits.
    running: bool,
    full: Told,
    large: Told,
    refused: Told,
    failed: Told,
}

/// How sending a batch ended.
enum Ended {
    Sent,
    Lost(Loss, String),
}

impl Queue {
    pub(crate) fn new(
        (name, id): (&'static str, Uuid),
        settings: Settings,
        sender: Sender,
        compose: Compose,
        environment: &Environment,
    ) -> Arc<Self> {
        let queue = Arc::new(Self {
            name,
            id,
            compose,
            settings,
            sender,
            runtime: environment.runtime.clone(),
            waiting: Mutex::default(),
            changed: Notify::new(),
            closing: watch::Sender::new(None),
            emptied: Notify::new(),
            delivering: Arc::new(Semaphore::new(MOST_DELIVERIES)),
            counts: environment.deliveries.counts(name),
        });
        environment.deliveries.enter(&queue);
        queue
    }

    /// Adds an entry and returns at once.
    pub(crate) fn push(this: &Arc<Self>, entry: Bytes) {
        let start = {
            let mut waiting = this.waiting.lock();
            let most = this.settings.max_bytes.unwrap_or(MOST_BYTES);
            if entry.len() > most {
                waiting.large.note(1);
                this.counts.lose(Loss::Large, 1);
            } else {
                while waiting.entries.len() >= this.settings.max_entries || waiting.bytes + entry.len() > most
                {
                    let Some(oldest) = waiting.entries.pop_front() else { break };
                    waiting.bytes -= oldest.len();
                    waiting.full.note(1);
                    this.counts.lose(Loss::Full, 1);
                }
                waiting.bytes += entry.len();
                waiting.entries.push_back(entry);
            }
            // After the end it is only counted.
            !this.is_over() && !std::mem::replace(&mut waiting.running, true)
        };
        if start {
            this.runtime.spawn(Arc::clone(this).run());
        } else {
            this.changed.notify_one();
        }
    }

    /// Says that the instance is gone; what waits is still sent, for some time.
    pub(crate) fn end(&self) {
        self.close(Instant::now() + AFTERWARDS);
    }

    /// Says that nothing more will come; what waits is still sent, at most until then.
    pub(super) fn close(&self, until: Instant) {
        self.closing.send_if_modified(|known| {
            let is_sooner = known.is_none_or(|known| until < known);
            if is_sooner {
                *known = Some(until);
            }
            is_sooner
        });
        self.changed.notify_one();
    }

    /// Whether the time to send is over.
    fn is_over(&self) -> bool {
        self.closing.borrow().is_some_and(|until| until <= Instant::now())
    }

    /// Waits for the time to send to be over.
    async fn over(&self) {
        let mut closing = self.closing.subscribe();
        loop {
            let until = *closing.borrow_and_update();
            let changed = match until {
                None => closing.changed().await,
                Some(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => return,
                    changed = closing.changed() => changed,
                },
            };
            if changed.is_err() {
                return;
            }
        }
    }

    /// Waits until nothing waits and nothing is under way.
    pub(super) async fn emptied(&self) {
        loop {
            let mut emptied = std::pin::pin!(self.emptied.notified());
            emptied.as_mut().enable();
            {
                let waiting = self.waiting.lock();
                if waiting.entries.is_empty() && waiting.under_way == 0 {
                    return;
                }
            }
            emptied.await;
        }
    }

    /// Gives up what waits and what is under way, and says how much that was.
    pub(super) fn give_up(&self) {
        let entries = {
            let mut waiting = self.waiting.lock();
            waiting.bytes = 0;
            std::mem::take(&mut waiting.entries).len() + std::mem::take(&mut waiting.under_way)
        };
        self.emptied.notify_waiters();
        self.say_the_rest();
        if entries > 0 {
            self.counts.lose(Loss::Ended, entries as u64);
            tracing::error!(
                plugin = self.name,
                instance = %self.id,
                entries,
                "there was no more time to send them: entries were given up"
            );
        }
    }

    /// Sends what waits, batch by batch, until nothing does.
    async fn run(self: Arc<Self>) {
        loop {
            self.fill().await;
            if self.is_over() {
                self.give_up();
                self.waiting.lock().running = false;
                return;
            }
            self.say_full();
            let Some(batch) = self.batch() else { return };
            if self.settings.concurrency_limit < 0 {
                // The semaphore is never closed.
                let permit = Arc::clone(&self.delivering).acquire_owned().await.ok();
                let queue = Arc::clone(&self);
                self.runtime.spawn(async move {
                    queue.deliver(batch).await;
                    drop(permit);
                });
            } else {
                self.deliver(batch).await;
            }
        }
    }

    /// Takes a batch; when there is none, whoever pushes next starts over.
    fn batch(&self) -> Option<Vec<Bytes>> {
        let mut waiting = self.waiting.lock();
        let size = waiting.entries.len().min(self.settings.max_batch_size);
        let batch: Vec<Bytes> = waiting.entries.drain(..size).collect();
        waiting.bytes -= batch.iter().map(Bytes::len).sum::<usize>();
        waiting.under_way += batch.len();
        waiting.running = !batch.is_empty();
        Some(batch).filter(|batch| !batch.is_empty())
    }

    /// Waits until a batch is full, or has waited for long enough.
    async fn fill(&self) {
        let deadline = Instant::now() + seconds(self.settings.max_coalescing_delay);
        loop {
            let changed = self.changed.notified();
            let is_closing = self.closing.borrow().is_some();
            if is_closing || self.waiting.lock().entries.len() >= self.settings.max_batch_size {
                return;
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return;
            }
        }
    }

    /// Sends a batch, and counts how that ended.
    async fn deliver(&self, batch: Vec<Bytes>) {
        let Some(ended) = self.attempts(&batch).await else {
            self.give_up();
            return;
        };
        let entries = batch.len() as u64;
        let say = {
            let mut waiting = self.waiting.lock();
            // Otherwise it was given up meanwhile.
            let Some(left) = waiting.under_way.checked_sub(batch.len()) else { return };
            waiting.under_way = left;
            match ended {
                Ended::Sent => {
                    self.counts.send(entries);
                    None
                }
                Ended::Lost(loss, fault) => {
                    self.counts.lose(loss, entries);
                    let told = if loss == Loss::Refused { &mut waiting.refused } else { &mut waiting.failed };
                    told.note(entries);
                    told.due(Instant::now()).map(|entries| (entries, fault))
                }
            }
        };
        self.emptied.notify_waiters();
        if let Some((entries, fault)) = say {
            tracing::error!(plugin = self.name, instance = %self.id, entries, "{fault}: entries were given up");
        }
    }

    /// Sends a batch again and again, with longer pauses, until it arrives, is refused for good, or was tried for long enough;
    /// `None` when there is no more time.
    async fn attempts(&self, batch: &[Bytes]) -> Option<Ended> {
        let body = (self.compose)(batch);
        let settings = &self.settings;
        let deadline = Instant::now() + seconds(settings.max_retry_time);
        let mut pause = seconds(settings.initial_retry_delay);
        let mut left = settings.retries;
        let mut closing = self.closing.subscribe();
        let mut over = std::pin::pin!(self.over());
        loop {
            let sent = tokio::select! {
                biased;
                sent = self.sender.send(body.clone()) => sent,
                () = &mut over => return None,
            };
            let Err(fault) = sent else { return Some(Ended::Sent) };
            if fault.is_final {
                return Some(Ended::Lost(Loss::Refused, fault.text));
            }
            if Instant::now() + pause > deadline || left == Some(0) {
                return Some(Ended::Lost(Loss::Failed, fault.text));
            }
            tracing::warn!(plugin = self.name, instance = %self.id, "{}: trying again", fault.text);
            left = left.map(|left| left - 1);
            let rest = deadline.saturating_duration_since(Instant::now());
            let wait = wait(pause, fault.after, seconds(settings.max_retry_delay).min(rest));
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // There is less time now.
                _ = closing.changed() => {}
                () = &mut over => return None,
            }
            pause = (pause * 2).min(seconds(settings.max_retry_delay));
        }
    }

    /// Says how many entries did not come to wait, once it is time to.
    fn say_full(&self) {
        let now = Instant::now();
        let mut waiting = self.waiting.lock();
        let lost = [(waiting.full.due(now), FULL), (waiting.large.due(now), LARGE)];
        drop(waiting);
        self.say(lost);
    }

    /// Says what was not said yet of what was given up.
    fn say_the_rest(&self) {
        let mut waiting = self.waiting.lock();
        let lost = [
            (waiting.full.rest(), FULL),
            (waiting.large.rest(), LARGE),
            (waiting.refused.rest(), "they were refused"),
            (waiting.failed.rest(), "they did not arrive"),
        ];
        drop(waiting);
        self.say(lost);
    }

    fn say(&self, lost: impl IntoIterator<Item = (Option<u64>, &'static str)>) {
        for (entries, why) in lost {
            if let Some(entries) = entries {
                tracing::error!(plugin = self.name, instance = %self.id, entries, "{why}: entries were given up");
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.say_the_rest();
    }
}

/// How long to wait for the next try: the pause whose turn it is, or longer where whoever takes the batch asks for that. It is no more
/// than a stranger's wish, and holds the queue no longer than `most`.
fn wait(pause: Duration, asked: Option<Duration>, most: Duration) -> Duration {
    asked.map_or(pause, |asked| asked.min(most).max(pause))
}

/// The schema keeps it in a range that a duration has.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_try_waits_as_long_as_is_asked_and_no_longer_than_the_queue_would() {
        let [short, pause, asked, most, ever] = [1, 2, 30, 60, 86_400].map(Duration::from_secs);
        assert_eq!(wait(pause, None, most), pause);
        assert_eq!(wait(pause, Some(short), most), pause, "its own pauses are not cut short");
        assert_eq!(wait(pause, Some(asked), most), asked);
        assert_eq!(wait(pause, Some(ever), most), most);
        assert_eq!(wait(pause, Some(ever), short), pause);
    }
}
