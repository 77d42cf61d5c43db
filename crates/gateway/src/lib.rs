//! The data plane: listen, route, proxy, observe.
//!
//! A [`Gateway`] is bound with [`Settings`] and serves a [`Snapshot`], which is compiled from a
//! [`Configuration`](keybound_model::Configuration) and may be exchanged at any time. The folders carry the stages of
//! a request: `listen` accepts connections, `head` puts a request in order, `route` finds its route, the plugin chain
//! decides, `upstream` reaches the service, `proxy` streams both bodies, `respond` is the one way out and `observe`
//! writes one access record.
//!
//! ```no_run
//! use keybound_gateway::{Gateway, Listener, Settings, Snapshot};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listeners = vec![Listener::plain("127.0.0.1:8000".parse()?)];
//! let gateway = Gateway::bind(Settings { listeners, ..Settings::default() }, Snapshot::empty().shared())?;
//! println!("listening on {:?}", gateway.local_addrs());
//! gateway.run(std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod balance;
mod dns;
#[doc(hidden)]
pub mod fuzzing;
mod h1;
mod head;
mod listen;
mod observe;
mod panics;
mod proxy;
mod respond;
mod route;
mod settings;
mod snapshot;
mod tls;
mod upstream;
mod watch;

pub use balance::{AddressReport, Condition, TargetReport, UpstreamReport};
pub use listen::{BindFault, Closing, Gateway, RunFault, Traffic, TrafficCounts};
pub use observe::{Handshakes, RuntimeFigures, TARGET as ACCESS_TARGET, WorkerFigures};
pub use panics::panic_text;
pub use route::expression::check_expression;
pub use settings::{
    CipherSuites, CustomSuites, DnsOrder, DnsRecord, DnsSettings, ErrorType, FieldTokens, Limits, Listener,
    RouterFlavor, ServerIdentity, Settings, SuiteFault, TlsProtocols, TlsSettings, Trust, UpstreamSettings,
};
pub use snapshot::{CompileFault, Compiler, SharedSnapshot, Snapshot};
pub use tls::shown::Certificates;
