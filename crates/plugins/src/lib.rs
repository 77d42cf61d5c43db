//! The plugin contract, the chain that alone can permit a request, and the plugins.
//!
//! A request reaches an upstream only as a [`Permit`](contract::Permit), and only
//! [`Chain::decide`](contract::Chain::decide) makes one, after every plugin of the chain said
//! [`Flow::Continue`](contract::Flow::Continue). Every refusal is a [`Refusal`](contract::Refusal) that carries a
//! [`Fault`](fault::Fault): the one table from which status, OAuth error, body text and log level come.
//!
//! The [`Registry`] knows every plugin: it tells the configuration side their schemas and makes running instances.
//!
//! A plugin that refuses whoever names no client, and the chain that asks it:
//!
//! ```
//! use std::sync::Arc;
//!
//! use keybound_plugins::contract::{Chain, Decision, Exchange, Flow, NoBody, Notes, Plugin, Refusal, Scope, Stop};
//! use keybound_plugins::fault::{AccessFault, CredentialFault};
//!
//! struct Named;
//!
//! impl Plugin for Named {
//!     fn name(&self) -> &'static str {
//!         "named"
//!     }
//!
//!     fn priority(&self) -> i32 {
//!         1000
//!     }
//!
//!     fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
//!         Box::pin(async move {
//!             match exchange.head.headers.contains_key("x-client") {
//!                 true => Flow::Continue,
//!                 false => Flow::Refuse(Box::new(Refusal::new(AccessFault::from(CredentialFault::Missing)))),
//!             }
//!         })
//!     }
//! }
//!
//! # fn head() -> keybound_plugins::contract::Head {
//! #     use keybound_plugins::contract::{Connection, Head, Public, RequestPath};
//! #     use keybound_pop::htu::{Host, Scheme};
//! #     let address: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
//! #     Head {
//! #         method: http::Method::GET,
//! #         version: http::Version::HTTP_11,
//! #         path: RequestPath { escaped: "/".to_owned(), decoded: None, had_empty_segments: false },
//! #         query: None,
//! #         headers: http::HeaderMap::new(),
//! #         public: Public { scheme: Scheme::Http, host: Host::V4([127, 0, 0, 1].into()), port: None },
//! #         client_ip: address.ip(),
//! #         connection: Arc::new(Connection { peer: address, local: address, trusted: false, tls: None }),
//! #         request_id: String::new(),
//! #         websocket: false,
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let chain = Chain::new(vec![Arc::new(Named)], Scope::default());
//! let stop = chain.decide(head(), &mut NoBody, &mut Notes::default()).await.unwrap_err();
//! let Stop::Refusal(refusal) = stop else { panic!("an answer") };
//! assert_eq!(refusal.fault.row().status, 401);
//! assert_eq!(refusal.fault.row().code, "credential_missing");
//!
//! let mut named = head();
//! named.headers.insert("x-client", "john".parse().unwrap());
//! let permit = chain.decide(named, &mut NoBody, &mut Notes::default()).await.unwrap();
//! assert!(permit.head().headers.contains_key("x-client"));
//! # }
//! ```

mod acl;
mod basic_auth;
mod client_certificate;
pub mod contract;
mod correlation_id;
mod cors;
mod delivery;
mod environment;
pub mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod hmac_auth;
mod http_log;
mod identity;
mod ip_restriction;
mod jwt;
mod key_auth;
mod kind;
mod mtls_auth;
mod openid_connect;
mod opentelemetry;
mod prometheus;
mod rate_limiting;
mod registry;
mod request_termination;
mod request_transformer;
mod response_transformer;
mod secret;
mod tls_handshake_modifier;
mod typed;

pub use delivery::Deliveries;
pub use environment::{
    CounterStores, Environment, Instrumentations, Random, ReplayStores, RootSecret, Tracing,
};
pub use openid_connect::DearChecks;
pub use prometheus::metrics;
pub use registry::{Registry, descriptions};
