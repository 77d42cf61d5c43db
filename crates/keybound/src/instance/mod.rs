//! The one that runs in a prefix: how it is found, and the commands that speak to it.
//!
//! `<prefix>/pids/keybound.pid` holds its process id, and the process holds a lock on that file for as long as it lives.
//! The lock, not the number, says whether somebody runs: the system lets go of it however the process ends, and a
//! number that went to another process since is never signalled.

mod attempt;
mod commands;
mod fault;
mod pidfile;

pub use attempt::Attempts;
pub use commands::{health, quit, reload, stop, stop_if_running, upgrade};
pub use fault::InstanceFault;
pub use pidfile::{Found, PidFile, find};
