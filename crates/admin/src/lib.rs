//! Kong's Admin API: the same paths, bodies, error codes and texts, over any
//! [`ConfigStore`](keybound_store::config::ConfigStore).
//!
//! Everything about an entity comes from its [`Descriptor`](keybound_model::Descriptor): one more descriptor is one more
//! set of endpoints. The way of a request:
//!
//! | step | module | what may end it |
//! |---|---|---|
//! | the name it was sent to, the page it comes from, the token | `guard` | 400, 401, 403 |
//! | which endpoint | `endpoints` | 404, 405 |
//! | the arguments and the body | `query`, `body` | 400, 413, 415 |
//! | the operation | `entity`, `node`, `config` | Kong's errors by code: `failure` |
//! | the write, and the configuration that serves it | `entity::commit` | 400, 409, 500, 503 |
//! | the answer and its headers | `answer` | |
//!
//! A write is answered when its configuration serves requests, not before; a write whose configuration could not serve
//! is refused and leaves nothing behind.

mod answer;
mod body;
mod config;
mod dispatch;
mod endpoints;
mod entity;
mod failure;
mod flatten;
mod guard;
mod node;
mod ports;
mod query;
mod secret;
mod serve;
mod state;

pub use ports::{
    AddressHealth, Balancers, Connections, Declarative, Health, Inside, Issuer, Level, LoadFault, LogLevel,
    OpenIdConnect, Publisher, Serving, TargetHealth, Unattached, UpstreamHealth,
};
pub use secret::{Secret, logged_path};
pub use serve::{router, serve, status_router};
pub use state::{AdminState, KONG_VERSION, Metrics, NodeInfo};
