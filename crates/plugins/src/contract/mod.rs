//! What a plugin sees of a request, what it may answer, and the chain that runs plugins in order.

mod body;
mod chain;
mod connection;
mod factory;
mod head;
mod notes;
mod plugin;
mod refusal;

pub use body::{BodyFault, BodySource, NoBody};
pub use chain::{Chain, Permit, Scope};
pub use connection::{Connection, TlsInfo};
pub use factory::{BuildFault, Instance, PluginFactory};
pub use head::{Head, Public, RequestPath};
pub use notes::Notes;
pub use plugin::{Decision, Exchange, Flow, Plugin, ResponseHead};
pub use refusal::{Detail, Refusal};
