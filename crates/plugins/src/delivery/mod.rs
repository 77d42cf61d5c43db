//! Messages to somebody who only takes them: a log server, a collector of traces. They are sent off the path that serves
//! requests, in batches, from a bounded queue.

mod queue;
pub(crate) mod schema;
mod sender;

pub(crate) use queue::{Queue, Settings};
pub(crate) use sender::{Sender, Target};
