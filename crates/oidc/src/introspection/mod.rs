//! Token introspection (RFC 7662): asking the issuer what a token is worth.

mod answer;
mod answer_jwt;
mod cache;
mod introspector;
mod rate;
mod request;
mod settings;
mod shared;

pub use introspector::Introspector;
pub use request::RequestExtras;
pub use settings::{AnswerForm, CacheTimes, IntrospectionSettings, MutualTls};
pub use shared::SharedAnswers;
