use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use keybound_model::entity::Consumer;
use uuid::Uuid;

use super::Directory;

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
    /// Consumer groups that a provider put the caller in; they replace those of the consumer.
    pub consumer_groups: Option<Vec<Uuid>>,
    /// Fields for the upstream that are configured under the name of a field that says who calls. They hold against what
    /// would be said of the consumer.
    pub told: Vec<(HeaderName, HeaderValue)>,
}

impl Identity {
    /// The consumer groups of the caller: those that a provider put it in, else those of the consumer.
    #[must_use]
    pub fn consumer_groups<'a>(&'a self, directory: &'a Directory) -> &'a [Uuid] {
        match (&self.consumer_groups, &self.consumer) {
            (Some(groups), _) => groups,
            (None, Some(consumer)) => directory.groups_of(consumer.id),
            (None, None) => &[],
        }
    }
}
