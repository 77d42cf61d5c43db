//! The method, where none is configured.

use super::{AuthMethod, ClientCredentials};
use crate::discovery::Metadata;

/// How clients may authenticate at one endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Offered<'a>(Option<&'a [String]>);

impl<'a> Offered<'a> {
    /// What the metadata say of the introspection endpoint, or else of the token endpoint, which mostly holds for both.
    pub(crate) fn at_introspection(metadata: Option<&'a Metadata>) -> Self {
        let listed = metadata.and_then(|metadata| {
            metadata.introspection_auth_methods.as_ref().or(metadata.token_auth_methods.as_ref())
        });
        Self(listed.map(Vec::as_slice))
    }

    /// Whether the provider lists the method, or lists none.
    pub(crate) fn admits(self, method: AuthMethod) -> bool {
        self.0.is_none_or(|listed| listed.iter().any(|name| name == method.name()))
    }

    fn lists(self, method: AuthMethod) -> bool {
        self.0.is_some_and(|listed| listed.iter().any(|name| name == method.name()))
    }
}

impl ClientCredentials {
    /// The method at an endpoint: the configured one; else the strongest that the provider lists and the client can do; else
    /// `client_secret_basic`, or `none` without a secret.
    ///
    /// The strongest first: a key, a certificate, a secret. A key or a certificate is never offered unasked: both count only
    /// when they were configured. Of the methods with a secret, HTTP Basic comes before the form, and an assertion last.
    pub(crate) fn choose(&self, offered: Offered<'_>) -> AuthMethod {
        const ORDER: [AuthMethod; 6] = [
            AuthMethod::PrivateKeyJwt,
            AuthMethod::Tls,
            AuthMethod::SelfSignedTls,
            AuthMethod::SecretBasic,
            AuthMethod::SecretPost,
            AuthMethod::SecretJwt,
        ];
        if let Some(method) = self.method {
            return method;
        }
        let found = ORDER.into_iter().find(|method| offered.lists(*method) && self.can(*method));
        found.unwrap_or(if self.secret.is_some() { AuthMethod::SecretBasic } else { AuthMethod::None })
    }

    fn can(&self, method: AuthMethod) -> bool {
        match method {
            AuthMethod::PrivateKeyJwt => self.key.is_some(),
            AuthMethod::Tls | AuthMethod::SelfSignedTls => self.has_certificate,
            AuthMethod::SecretBasic | AuthMethod::SecretPost => self.secret.is_some(),
            AuthMethod::SecretJwt => {
                let least = self.hmac.least_secret();
                self.secret.as_ref().is_some_and(|secret| secret.len() >= least)
            }
            AuthMethod::None => true,
        }
    }
}
