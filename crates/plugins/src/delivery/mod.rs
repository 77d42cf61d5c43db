//! Messages to somebody who only takes them: a log server, a collector of traces. They are sent off the path that serves
//! requests, in batches, from a bounded queue. What waits at the end of an instance or of the process is sent first, for as
//! long as there is time.

mod counts;
mod deliveries;
mod queue;
pub(crate) mod schema;
mod sender;
mod told;

pub use deliveries::Deliveries;
pub(crate) use queue::{Queue, Settings};
pub(crate) use sender::{Again, Sender, Target};
