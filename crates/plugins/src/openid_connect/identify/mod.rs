//! The step after the authorisation: who calls, for the plugins behind this one and for the upstream.
//!
//! A consumer is looked for where `consumer_claims` says; consumer groups, groups for `acl` and the name of the credential
//! come from claims of their own. The claims are the access token's, then those of the provider's answer about it.

mod consumer;
mod groups;

use keybound_model::Record;

use self::consumer::ConsumerRule;
use self::groups::GroupRule;
use super::claims::{self, Claims};
use super::config::{paths, strings, switched_on};
use crate::contract::{Directory, Identity};
use crate::fault::AuthorizationFault;
use crate::identity;

/// Longest name of a credential. It becomes a header field and part of other plugins' keys.
const LONGEST_CREDENTIAL: usize = 1024;

/// Which claims say who calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    consumer: Option<ConsumerRule>,
    groups: Option<GroupRule>,
    authenticated_groups: Vec<String>,
    credential: Vec<String>,
}

impl Rules {
    /// Reads a configuration that passed the schema.
    pub(super) fn parse(record: &Record) -> Self {
        let groups = strings(record, "consumer_groups_claim");
        Self {
            consumer: ConsumerRule::parse(paths(record, "consumer_claims"), record),
            groups: (!groups.is_empty()).then(|| GroupRule {
                path: groups,
                optional: switched_on(record, "consumer_groups_optional"),
            }),
            authenticated_groups: strings(record, "authenticated_groups_claim"),
            credential: strings(record, "credential_claim"),
        }
    }

    /// Says who calls. What another plugin found out before stays where the claims say nothing.
    ///
    /// # Errors
    /// [`AuthorizationFault::Consumer`] and [`AuthorizationFault::ConsumerGroup`] when nobody is found and somebody must be.
    pub(super) fn identify(
        &self,
        claims: Claims<'_>,
        directory: &Directory,
        identity: &mut Identity,
    ) -> Result<(), AuthorizationFault> {
        let consumer = match &self.consumer {
            Some(rule) => rule.find(claims, directory)?,
            None => None,
        };
        let consumer_groups = match &self.groups {
            Some(rule) => rule.find(claims, directory)?,
            None => None,
        };
        identity::accept(identity);
        // A credential is the one of the consumer that it names; of another plugin's consumer it is not.
        if consumer.is_some() || identity.consumer.is_none() {
            identity.credential = self.credential(claims);
        }
        if consumer.is_some() {
            identity.consumer = consumer;
        }
        if consumer_groups.is_some() {
            identity.consumer_groups = consumer_groups;
        }
        // Nothing is not an empty list: whoever denies groups must not take it for being in none of them.
        let groups = claims.find(&self.authenticated_groups).filter(|value| !value.is_object());
        if let Some(groups) = groups {
            identity.groups = Some(claims::texts(groups, true));
        }
        Ok(())
    }

    fn credential(&self, claims: Claims<'_>) -> Option<String> {
        let credential = claims::one_text(claims.find(&self.credential)?)?;
        (credential.len() <= LONGEST_CREDENTIAL).then_some(credential)
    }
}

#[cfg(test)]
mod tests;
