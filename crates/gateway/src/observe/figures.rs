use std::time::Duration;

use tokio::runtime::Handle;

/// How a TLS handshake ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Handshake {
    Completed,
    Failed,
    TimedOut,
}

impl Handshake {
    pub(crate) const COUNT: usize = 3;
}

/// How many TLS handshakes ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Handshakes {
    /// A connection came of it.
    pub completed: u64,
    /// One side refused, or left.
    pub failed: u64,
    /// It took too long.
    pub timed_out: u64,
}

/// What one worker counted since the start, and what it does now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerFigures {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections open now.
    pub connections: u64,
    /// Requests taken.
    pub requests: u64,
    /// Requests under way now.
    pub in_flight: u64,
    /// TLS handshakes.
    pub handshakes: Handshakes,
    /// Its runtime; `None` before it runs.
    pub runtime: Option<RuntimeFigures>,
}

/// How a tokio runtime is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuntimeFigures {
    /// Its threads.
    pub threads: usize,
    /// Tasks that have not ended.
    pub tasks: usize,
    /// Tasks that wait in the queue of all its threads.
    pub queue: usize,
    /// How long its threads were busy, together.
    pub busy: Duration,
}

impl RuntimeFigures {
    /// The figures of a runtime.
    #[must_use]
    pub fn of(runtime: &Handle) -> Self {
        let metrics = runtime.metrics();
        let threads = metrics.num_workers();
        Self {
            threads,
            tasks: metrics.num_alive_tasks(),
            queue: metrics.global_queue_depth(),
            busy: (0..threads).map(|thread| metrics.worker_total_busy_duration(thread)).sum(),
        }
    }
}
