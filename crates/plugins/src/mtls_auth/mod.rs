//! The plugin `mtls-auth`: a certificate of a trusted authority says who calls.
//!
//! | step | file |
//! |---|---|
//! | the handshake asks for a certificate, and the client proves that it holds the key | the gateway |
//! | the certificate comes from one of `ca_certificates`, is in time, is for clients and was not revoked | [`Trust`] |
//! | a name of the certificate leads to a consumer | [`consumer`] |

mod consumer;
mod schema;

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use keybound_model::PluginDescription;
use keybound_oidc::Subject;
use keybound_pop::time::Clock;

use self::consumer::{ConsumerBy, Lookup};
use crate::client_certificate::Trust;
use crate::contract::folded;
use crate::contract::{
    Decision, Directory, Exchange, Flow, Head, Identity, Instance, Notes, Plugin, Refusal,
};
use crate::environment::Environment;
use crate::fault::IdentityFault;
use crate::identity::{flag, list, restate, text};
use crate::kind::Kind;

const NAME: &str = "mtls-auth";
const PRIORITY: i32 = 1600;

const CLIENT_CERT_DN: HeaderName = HeaderName::from_static("x-client-cert-dn");
const CLIENT_CERT_SAN: HeaderName = HeaderName::from_static("x-client-cert-san");

pub(crate) fn kind() -> Box<dyn Kind> {
    Box::new(MtlsAuthKind(schema::description()))
}

struct MtlsAuthKind(PluginDescription);

impl Kind for MtlsAuthKind {
    fn description(&self) -> &PluginDescription {
        &self.0
    }

    fn build(&self, instance: &Instance<'_>, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
        let config = instance.config;
        let by = list(config, "consumer_by");
        Ok(Arc::new(MtlsAuth {
            trust: Trust::parse(config, instance.material, environment)?,
            anonymous: text(config, "anonymous").map(str::to_owned),
            skip_consumer_lookup: flag(config, "skip_consumer_lookup"),
            group_by: text(config, "authenticated_group_by").and_then(GroupBy::from_name),
            consumer_by: by.iter().filter_map(|name| ConsumerBy::from_name(name)).collect(),
            default_consumer: text(config, "default_consumer").map(str::to_owned),
            clock: Arc::clone(&environment.clock),
        }))
    }
}

struct MtlsAuth {
    trust: Trust,
    anonymous: Option<String>,
    skip_consumer_lookup: bool,
    group_by: Option<GroupBy>,
    consumer_by: Vec<ConsumerBy>,
    default_consumer: Option<String>,
    clock: Arc<dyn Clock>,
}

/// What of the subject becomes the caller's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupBy {
    CommonName,
    DistinguishedName,
}

impl GroupBy {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "CN" => Some(Self::CommonName),
            "DN" => Some(Self::DistinguishedName),
            _ => None,
        }
    }
}

impl Plugin for MtlsAuth {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            let Exchange { head, notes, directory, .. } = exchange;
            strip(&mut head.headers);
            let flow = self.decide(head, notes, directory).await;
            restate(&mut head.headers, &notes.identity);
            flow
        })
    }

    fn asks_for_certificate(&self) -> bool {
        true
    }
}

impl MtlsAuth {
    async fn decide(&self, head: &mut Head, notes: &mut Notes, directory: &Directory) -> Flow {
        if self.anonymous.is_some() && notes.identity.authenticated {
            return Flow::Continue;
        }
        let fault = match self.identify(head, &mut notes.identity, directory).await {
            Ok(()) => {
                (notes.identity.authenticated, notes.identity.anonymous) = (true, false);
                return Flow::Continue;
            }
            Err((fault, detail)) => {
                notes.detail = detail.map(str::to_owned);
                fault
            }
        };
        let Some(anonymous) = &self.anonymous else { return Flow::Refuse(Box::new(Refusal::new(fault))) };
        let Some(consumer) = directory.named(anonymous) else {
            let text = format!("anonymous consumer {anonymous} is unknown/does not exist");
            notes.detail = Some(text.clone());
            let refusal = Refusal::new(IdentityFault::AnonymousUnknown);
            return Flow::Refuse(Box::new(Refusal { message: Some(text.into()), ..refusal }));
        };
        notes.identity.consumer = Some(Arc::clone(consumer));
        notes.identity.credential = None;
        notes.identity.anonymous = true;
        Flow::Continue
    }

    /// Finds out who calls, or why that cannot be told, with a word for the log.
    async fn identify(
        &self,
        head: &mut Head,
        identity: &mut Identity,
        directory: &Directory,
    ) -> Result<(), (IdentityFault, Option<&'static str>)> {
        let connection = Arc::clone(&head.connection);
        let chain = connection.tls.as_ref().map_or(&[][..], |tls| &*tls.client_chain);
        let leaf = chain.first().ok_or((IdentityFault::MtlsMissing, None))?;
        let rejected =
            |fault: keybound_oidc::CertificateFault| (IdentityFault::MtlsRejected, Some(fault.code()));
        let trusted = self.trust.verifier.verify(chain, self.clock.now()).await.map_err(rejected)?;
        let subject = Subject::of(leaf).map_err(rejected)?;
        if self.skip_consumer_lookup {
            self.tell(&mut head.headers, identity, &subject);
            return Ok(());
        }
        let authorities =
            trusted.authorities.iter().filter_map(|&at| self.trust.authorities.get(at).copied());
        let lookup = Lookup {
            directory,
            authorities: authorities.collect(),
            by: &self.consumer_by,
            default: self.default_consumer.as_deref(),
        };
        let (consumer, credential) = lookup.find(&subject).ok_or((IdentityFault::MtlsUnknown, None))?;
        (identity.consumer, identity.credential) = (Some(consumer), credential);
        Ok(())
    }

    /// Without a consumer, the certificate itself is who calls.
    fn tell(&self, headers: &mut HeaderMap, identity: &mut Identity, subject: &Subject) {
        let Subject { alternative_names, common_name, distinguished_name } = subject;
        let group = match self.group_by {
            Some(GroupBy::CommonName) => common_name.clone(),
            Some(GroupBy::DistinguishedName) => Some(distinguished_name.clone()),
            None => None,
        };
        (identity.consumer, identity.credential) = (None, None);
        identity.groups = group.map(|group| vec![group]);
        let names = alternative_names.join(",");
        for (name, value) in [(CLIENT_CERT_DN, distinguished_name), (CLIENT_CERT_SAN, &names)] {
            // A value that no field can carry is left out.
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes())
                && !value.is_empty()
            {
                headers.insert(name, value);
            }
        }
    }
}

/// Takes out what only this plugin may say, in any spelling.
fn strip(headers: &mut HeaderMap) {
    let said = [folded(CLIENT_CERT_DN.as_str()), folded(CLIENT_CERT_SAN.as_str())];
    let forged: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with('x') && said.contains(&folded(name.as_str())))
        .cloned()
        .collect();
    for name in forged {
        headers.remove(name);
    }
}
