//! A provider, a clock, and what is made of them.

use std::sync::Arc;
use std::time::Duration;

use keybound_oidc::{
    Fault, HttpClient, HttpSettings, IntrospectionSettings, Introspector, Provider, ProviderSettings,
    RequestExtras, TokenCache, TokenFault, TokenPolicy, TrustRoots, VerifiedToken, Verifier,
};
use keybound_pop::thumbprint::token_hash;
use keybound_pop::time::FixedClock;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::mock::Mock;
use crate::signer::{Signer, key_set};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const METADATA: &str = "/.well-known/openid-configuration";

pub(crate) struct Setup {
    pub(crate) mock: Mock,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) key: Signer,
    pub(crate) settings: ProviderSettings,
    pub(crate) timeout: Duration,
}

impl Setup {
    /// A provider with metadata and one key.
    pub(crate) async fn new() -> Self {
        let mock = Mock::start().await;
        let key = Signer::new("k1");
        publish(&mock, "");
        mock.json("/keys", &key_set(&[&key]));
        Self {
            settings: ProviderSettings::new(mock.url("")),
            clock: Arc::new(FixedClock::at(NOW)),
            timeout: Duration::from_secs(20),
            mock,
            key,
        }
    }

    pub(crate) fn provider(&self) -> Arc<Provider> {
        let http = http(TrustRoots::empty(), true, self.timeout);
        Provider::new(&self.settings, http, Arc::clone(&self.clock) as _).unwrap()
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.verifier_with(TokenPolicy::default())
    }

    pub(crate) fn verifier_with(&self, policy: TokenPolicy) -> Verifier {
        Verifier::new(self.provider(), policy, &TokenCache::new(1 << 20))
    }

    pub(crate) fn introspector(&self, settings: IntrospectionSettings) -> Introspector {
        Introspector::new(self.provider(), settings, TokenPolicy::default())
    }

    /// Claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        json!({"iss": self.mock.url(""), "sub": "john", "aud": "api", "iat": NOW, "exp": NOW + 300})
    }

    /// The same with members set, or taken out by `null`.
    pub(crate) fn claims_with(&self, changes: Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    /// A good token.
    pub(crate) fn token(&self) -> String {
        self.key.token(&self.claims())
    }
}

/// Publishes metadata of the issuer at `path` with its keys at `path`/keys.
pub(crate) fn publish(mock: &Mock, path: &str) {
    let issuer = mock.url(path);
    let metadata = json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/keys"),
        "introspection_endpoint": format!("{issuer}/introspect"),
    });
    mock.json(&format!("{path}{METADATA}"), &metadata);
}

pub(crate) fn http(roots: TrustRoots, verify: bool, timeout: Duration) -> HttpClient {
    HttpClient::new(&HttpSettings { verify, timeout, ..HttpSettings::new(roots) }, Handle::current()).unwrap()
}

pub(crate) async fn verify(verifier: &Verifier, token: &str) -> Result<Arc<VerifiedToken>, Fault> {
    verifier.verify(token, &token_hash(token.as_bytes())).await
}

pub(crate) async fn introspect(
    introspector: &Introspector,
    token: &str,
) -> Result<Arc<VerifiedToken>, Fault> {
    introspector.introspect(token, &token_hash(token.as_bytes()), &RequestExtras::default()).await
}

pub(crate) fn token_fault(result: Result<Arc<VerifiedToken>, Fault>) -> TokenFault {
    match result.unwrap_err() {
        Fault::Token(fault) => fault,
        other => panic!("not the token's fault: {other:?}"),
    }
}

pub(crate) fn provider_code(result: Result<Arc<VerifiedToken>, Fault>) -> &'static str {
    match result.unwrap_err() {
        Fault::Provider(fault) => fault.code(),
        other => panic!("not the provider's fault: {other:?}"),
    }
}
