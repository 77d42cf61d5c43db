//! `session_bind`: what a request must have in common with the one that began the session.

use aws_lc_rs::digest;
use http::header::USER_AGENT;
use keybound_pop::base64url;
use keybound_pop::htu::Scheme;
use serde::{Deserialize, Serialize};

use crate::contract::Head;

/// What is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bind {
    pub(super) ip: bool,
    pub(super) scheme: bool,
    pub(super) user_agent: bool,
}

/// What the first request had; only what was to be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Terms {
    #[serde(rename = "i", default, skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    scheme: Option<String>,
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

impl Bind {
    /// What this request has.
    pub(super) fn of(self, head: &Head) -> Terms {
        let scheme = || if head.public.scheme == Scheme::Https { "https" } else { "http" };
        Terms {
            ip: self.ip.then(|| head.client_ip.to_string()),
            scheme: self.scheme.then(|| scheme().to_owned()),
            user_agent: self.user_agent.then(|| user_agent(head)),
        }
    }

    /// Whether a request has all that is compared. What the first request did not note differs.
    pub(super) fn holds(self, terms: &Terms, head: &Head) -> bool {
        let now = self.of(head);
        (!self.ip || terms.ip == now.ip)
            && (!self.scheme || terms.scheme == now.scheme)
            && (!self.user_agent || terms.user_agent == now.user_agent)
    }
}

/// A digest: the field can be long, and is only compared.
fn user_agent(head: &Head) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for value in head.headers.get_all(USER_AGENT) {
        context.update(value.as_bytes());
        context.update(b"\n");
    }
    base64url::encode(context.finish().as_ref().get(..16).unwrap_or_default())
}
