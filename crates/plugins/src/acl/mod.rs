//! The plugin `acl`: only callers of some groups, or none of some groups.
//!
//! The groups are the consumer's; those that a provider put the caller in count instead where no credential of a consumer
//! was accepted, or with `always_use_authenticated_groups`.

mod schema;

use std::sync::Arc;

use http::HeaderName;
use keybound_model::PluginDescription;

use crate::contract::{Decision, Directory, Exchange, Flow, Identity, Instance, Plugin, Refusal};
use crate::environment::Environment;
use crate::fault::IdentityFault;
use crate::identity;
use crate::kind::Kind;

const NAME: &str = "acl";
const PRIORITY: i32 = 950;

const CONSUMER_GROUPS: HeaderName = HeaderName::from_static("x-consumer-groups");
const AUTHENTICATED_GROUPS: HeaderName = HeaderName::from_static("x-authenticated-groups");

/// The plugin, for the registry.
pub(crate) struct AclKind(PluginDescription);

impl AclKind {
    pub(crate) fn new() -> Self {
        Self(schema::description())
    }
}

impl Kind for AclKind {
    fn description(&self) -> &PluginDescription {
        &self.0
    }

    fn build(&self, instance: &Instance<'_>, _environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
        let config = instance.config;
        let deny = identity::list(config, "deny");
        let rule =
            if deny.is_empty() { Rule::Allow(identity::list(config, "allow")) } else { Rule::Deny(deny) };
        Ok(Arc::new(Acl {
            rule,
            hide_groups_header: identity::flag(config, "hide_groups_header"),
            always_use_authenticated_groups: identity::flag(config, "always_use_authenticated_groups"),
            include_consumer_groups: identity::flag(config, "include_consumer_groups"),
        }))
    }
}

/// One configured instance.
struct Acl {
    rule: Rule,
    hide_groups_header: bool,
    always_use_authenticated_groups: bool,
    include_consumer_groups: bool,
}

enum Rule {
    /// In one of these at least.
    Allow(Vec<String>),
    /// In none of these.
    Deny(Vec<String>),
}

impl Plugin for Acl {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            let Exchange { head, notes, directory, .. } = exchange;
            identity::restate(&mut head.headers, &notes.identity);
            match self.decide(&notes.identity, directory) {
                Err(fault) => Flow::Refuse(Box::new(Refusal::new(fault))),
                Ok((name, groups)) => {
                    head.headers.remove(AUTHENTICATED_GROUPS);
                    if !self.hide_groups_header
                        && let Some(value) = identity::group_list(&groups)
                    {
                        head.headers.insert(name, value);
                    }
                    Flow::Continue
                }
            }
        })
    }
}

impl Acl {
    /// The groups of a caller that is let through, and the field that tells the upstream.
    fn decide<'a>(
        &self,
        identity: &'a Identity,
        directory: &'a Directory,
    ) -> Result<(HeaderName, Vec<&'a str>), IdentityFault> {
        let (name, groups) = self.groups(identity, directory)?;
        let is_in = |wanted: &[String]| groups.iter().any(|group| wanted.iter().any(|other| other == group));
        let allowed = match &self.rule {
            Rule::Allow(wanted) => is_in(wanted),
            Rule::Deny(wanted) => !is_in(wanted),
        };
        if allowed { Ok((name, groups)) } else { Err(IdentityFault::AclForbidden) }
    }

    fn groups<'a>(
        &self,
        identity: &'a Identity,
        directory: &'a Directory,
    ) -> Result<(HeaderName, Vec<&'a str>), IdentityFault> {
        let consumer = identity.consumer.as_ref();
        let of_provider =
            !identity.authenticated || consumer.is_none() || self.always_use_authenticated_groups;
        if of_provider && let Some(groups) = &identity.groups {
            return Ok((AUTHENTICATED_GROUPS, groups.iter().map(String::as_str).collect()));
        }
        let by_provider = self.include_consumer_groups && identity.consumer_groups.is_some();
        if consumer.is_none() && !by_provider {
            let known = identity.authenticated;
            return Err(if known { IdentityFault::AclForbidden } else { IdentityFault::AclUnknown });
        }
        let own = consumer.map_or(&[][..], |consumer| directory.acl_groups_of(consumer.id));
        let mut groups: Vec<&str> = own.iter().map(String::as_str).collect();
        if self.include_consumer_groups {
            let of_consumer = identity.consumer_groups(directory).iter();
            groups.extend(of_consumer.filter_map(|group| directory.group_name(*group)));
        }
        Ok((CONSUMER_GROUPS, groups))
    }
}
