//! What a plugin sees of a request, what it may answer, and the chain that runs plugins in order.

mod answer;
mod body;
mod captures;
mod chain;
mod connection;
mod directory;
mod factory;
mod head;
mod identity;
mod log;
mod material;
mod notes;
mod plugin;
mod refusal;
mod reserved;
mod resource;
mod trace;

pub use answer::Answer;
pub use body::{BodyFault, BodySource, NoBody};
pub use captures::UriCaptures;
pub use chain::{Audience, BodyEdit, Chain, Permit, Scope, Slot, Stop};
pub use connection::{Connection, TlsInfo};
pub use directory::Directory;
pub use factory::{BuildFault, Instance, PluginFactory};
pub use head::{Head, Public, RequestPath};
pub use identity::Identity;
pub use log::{Fields, Listening, LogEntry, UpstreamFacts};
pub use material::Material;
pub use notes::Notes;
pub use plugin::{Decision, Exchange, Flow, Plugin, ResponseHead};
pub use refusal::{Detail, Form, Refusal};
pub use reserved::Reserved;
pub(crate) use reserved::{folded, is_disguised};
pub use resource::{PublishesResource, RESOURCE_METADATA, Resource};
pub use trace::{Attribute, Open, Span, Trace};
