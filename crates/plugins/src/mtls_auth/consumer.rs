use std::sync::Arc;

use keybound_model::entity::Consumer;
use keybound_oidc::Subject;
use uuid::Uuid;

use crate::contract::Directory;

/// What of a consumer a name of a certificate may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConsumerBy {
    Username,
    CustomId,
}

/// How the consumer of a certificate is found.
pub(super) struct Lookup<'a> {
    pub(super) directory: &'a Directory,
    /// The authorities that the certificate comes from.
    pub(super) authorities: Vec<Uuid>,
    pub(super) by: &'a [ConsumerBy],
    /// For certificates that are nobody's.
    pub(super) default: Option<&'a str>,
}

impl ConsumerBy {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "username" => Some(Self::Username),
            "custom_id" => Some(Self::CustomId),
            _ => None,
        }
    }
}

impl Lookup<'_> {
    /// The consumer, and what upstreams are told of the credential. The alternative names count in their order, and then
    /// the common name: first those that a credential has for this authority, then for any, then those that are a
    /// consumer's own.
    pub(super) fn find(&self, subject: &Subject) -> Option<(Arc<Consumer>, Option<String>)> {
        let names = || subject.alternative_names.iter().chain(&subject.common_name).map(String::as_str);
        names()
            .find_map(|name| self.mapped(name, |ca| ca.is_some_and(|ca| self.authorities.contains(&ca))))
            .or_else(|| names().find_map(|name| self.mapped(name, |ca| ca.is_none())))
            .or_else(|| names().find_map(|name| self.named(name)))
            .or_else(|| self.directory.named(self.default?).map(|consumer| (Arc::clone(consumer), None)))
    }

    fn mapped(
        &self,
        name: &str,
        fits: impl Fn(Option<Uuid>) -> bool,
    ) -> Option<(Arc<Consumer>, Option<String>)> {
        let mut credentials = self.directory.mtls_auth(name).iter();
        let credential = credentials.find(|credential| fits(credential.ca_certificate))?;
        let consumer = self.directory.consumer(credential.consumer)?;
        Some((Arc::clone(consumer), Some(credential.id.to_string())))
    }

    fn named(&self, name: &str) -> Option<(Arc<Consumer>, Option<String>)> {
        let mut found = self.by.iter().filter_map(|by| match by {
            ConsumerBy::Username => self.directory.by_username(name),
            ConsumerBy::CustomId => self.directory.by_custom_id(name),
        });
        found.next().map(|consumer| (Arc::clone(consumer), Some(name.to_owned())))
    }
}
