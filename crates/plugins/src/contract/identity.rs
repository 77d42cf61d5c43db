use std::sync::Arc;

use keybound_model::entity::Consumer;

/// Who a request comes from, as far as the plugins found out.
#[derive(Debug, Default, Clone)]
pub struct Identity {
    /// The consumer; `None` until a plugin that authenticates finds one.
    pub consumer: Option<Arc<Consumer>>,
    /// What identified it, as upstreams are told (`X-Credential-Identifier`): a credential's id or name.
    pub credential: Option<String>,
    /// Whether a credential was accepted, be it of a consumer or of a provider's user.
    pub authenticated: bool,
    /// Whether the consumer is the one that stands for callers without a credential.
    pub anonymous: bool,
    /// Groups that a provider put the caller in; they replace those of the consumer for `acl`.
    pub groups: Option<Vec<String>>,
}
