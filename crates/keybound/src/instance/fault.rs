use std::path::PathBuf;
use std::time::Duration;

/// Why a command did not reach the one that runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceFault {
    /// Nobody runs there.
    #[error("Keybound is not running at {}", prefix.display())]
    NotRunning {
        /// The prefix.
        prefix: PathBuf,
    },
    /// Nobody runs there, but somebody ended without clearing up.
    #[error("Keybound is not running at {}: {} was left by a process that is gone", prefix.display(), path.display())]
    Stale {
        /// The prefix.
        prefix: PathBuf,
        /// The pid file.
        path: PathBuf,
    },
    /// Somebody runs there already.
    #[error("Keybound is running there already, as process {pid}")]
    Running {
        /// Its process id.
        pid: u32,
    },
    /// The pid file cannot be read or written, or does not hold what it should.
    #[error("{}: {cause}", path.display())]
    File {
        /// The pid file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The system did not deliver a signal.
    #[error("process {pid} cannot be signalled: {cause}")]
    Signal {
        /// The process.
        pid: u32,
        /// What the system said.
        cause: std::io::Error,
    },
    /// It is being upgraded already.
    #[error("process {pid} is handing over already, or tries to: its log says how that ends")]
    Upgrading {
        /// The process.
        pid: u32,
    },
    /// It was told to hand over to the new binary, and gave up.
    #[error("process {pid} goes on, the new one did not take over: {cause}")]
    Refused {
        /// The process.
        pid: u32,
        /// Why, as its log says.
        cause: String,
    },
    /// It was told to hand over to the new binary, and still runs without a word.
    #[error("process {pid} still runs after {} s: the new one did not take over; the log says why", timeout.as_secs())]
    NotUpgraded {
        /// The process.
        pid: u32,
        /// How long was waited.
        timeout: Duration,
    },
    /// It did not end, whatever was sent.
    #[error("process {pid} still runs after {} s, and after it was killed", timeout.as_secs())]
    Stuck {
        /// The process.
        pid: u32,
        /// How long was waited first.
        timeout: Duration,
    },
}
