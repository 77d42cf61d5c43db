use bytes::Bytes;
use keybound_pop::htu::Target;

use super::Public;

/// The path below which the metadata of protected resources are served (RFC 9728 §3.1): it stands between the host of a
/// resource's identifier and its path.
pub const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource";

/// Which protected resource a plugin publishes metadata of (RFC 9728).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// The one of this identifier, whatever routes lead to it.
    Named(Target),
    /// One for each route: the origin that the client sees, and the route's path.
    OfRoute,
}

/// A plugin that says publicly how to get at what it guards (RFC 9728).
pub trait PublishesResource: Send + Sync {
    /// Which resource. Asked when a chain is made.
    fn resource(&self) -> Resource;

    /// The metadata, as JSON: for everybody, with and without a token. `path` is the route's own path, escaped; it does no I/O.
    fn document(&self, public: &Public, path: &str) -> Bytes;
}
