use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Why entries were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Too many waited.
    Full,
    /// They are longer than all that may wait.
    Large,
    /// Whoever takes them said no, and would say so again.
    Refused,
    /// They were tried for as long as is configured.
    Failed,
    /// The process ends, or the instance of the plugin did.
    Ended,
}

impl Loss {
    /// Each with its name in metrics.
    pub(crate) const ALL: [(Self, &'static str); 5] = [
        (Self::Full, "queue"),
        (Self::Large, "size"),
        (Self::Refused, "refused"),
        (Self::Failed, "failed"),
        (Self::Ended, "ended"),
    ];
}

/// What became of the entries of one plugin's queues.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    sent: AtomicU64,
    full: AtomicU64,
    large: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    ended: AtomicU64,
}

impl Counts {
    pub(super) fn send(&self, entries: u64) {
        self.sent.fetch_add(entries, Relaxed);
    }

    pub(super) fn lose(&self, loss: Loss, entries: u64) {
        self.of(loss).fetch_add(entries, Relaxed);
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }

    pub(super) fn lost(&self, loss: Loss) -> u64 {
        self.of(loss).load(Relaxed)
    }

    fn of(&self, loss: Loss) -> &AtomicU64 {
        match loss {
            Loss::Full => &self.full,
            Loss::Large => &self.large,
            Loss::Refused => &self.refused,
            Loss::Failed => &self.failed,
            Loss::Ended => &self.ended,
        }
    }
}
