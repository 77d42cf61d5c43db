//! What the Admin API needs of the rest of the process, as traits that the binary implements.

mod balancers;
mod declarative;
mod inside;
mod log_level;
mod openid_connect;
mod publisher;

pub use balancers::{AddressHealth, Balancers, Health, TargetHealth, UpstreamHealth};
pub use declarative::{Declarative, LoadFault};
pub use inside::Inside;
pub use log_level::{Level, LogLevel};
pub use openid_connect::{Issuer, OpenIdConnect};
pub use publisher::{Connections, Publisher, Serving};

/// A process without balancers and without `openid-connect`: no target is checked, no issuer is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unattached;

impl Balancers for Unattached {}

impl OpenIdConnect for Unattached {}
