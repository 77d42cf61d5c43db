use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::counts::{Counts, Loss};
use super::queue::Queue;
use crate::metrics::DeliveryFigures;

/// Every queue of the process, so that what waits in them is sent before it ends.
#[derive(Default)]
pub struct Deliveries {
    queues: Mutex<Vec<Weak<Queue>>>,
    counts: Mutex<BTreeMap<&'static str, Arc<Counts>>>,
}

impl Deliveries {
    /// Where the queues of this plugin count.
    pub(super) fn counts(&self, plugin: &'static str) -> Arc<Counts> {
        Arc::clone(self.counts.lock().entry(plugin).or_default())
    }

    pub(super) fn enter(&self, queue: &Arc<Queue>) {
        let mut queues = self.queues.lock();
        queues.retain(|queue| queue.strong_count() > 0);
        queues.push(Arc::downgrade(queue));
    }

    fn queues(&self) -> Vec<Arc<Queue>> {
        self.queues.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Says that the process ends: from now on nothing waits for others to be sent with.
    pub fn close(&self, until: std::time::Instant) {
        self.queues().iter().for_each(|queue| queue.close(until.into()));
    }

    /// Waits until everything was sent, at most until then. What is left is given up, and the log says how much that is.
    pub async fn finish(&self, until: std::time::Instant) {
        self.close(until);
        let queues = self.queues();
        for queue in &queues {
            // Whether it is in time shows in what is left.
            let _ = tokio::time::timeout_at(Instant::from_std(until), queue.emptied()).await;
        }
        queues.iter().for_each(|queue| queue.give_up());
    }

    pub(crate) fn figures(&self) -> Vec<DeliveryFigures> {
        let counts = self.counts.lock();
        let figures = counts.iter().map(|(plugin, counts)| DeliveryFigures {
            plugin,
            sent: counts.sent(),
            lost: Loss::ALL.map(|(loss, name)| (name, counts.lost(loss))),
        });
        figures.collect()
    }
}

impl std::fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deliveries").finish_non_exhaustive()
    }
}
