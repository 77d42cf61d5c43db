//! How the gateway authenticates as a client.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::discovery::Metadata;
use crate::provider::SettingsFault;

/// A client of the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    id: String,
    secret: Option<String>,
    method: Option<AuthMethod>,
}

/// A client authentication method (OpenID Connect Core 1.0 §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// `client_secret_basic`: HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    SecretBasic,
    /// `client_secret_post`: id and secret in the form.
    SecretPost,
    /// `none`: only the id, in the form.
    None,
}

impl AuthMethod {
    /// The method of that registered name, of those that this crate knows.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "client_secret_basic" => Some(Self::SecretBasic),
            "client_secret_post" => Some(Self::SecretPost),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

impl ClientCredentials {
    /// A client. Without a `method`, the metadata choose: `client_secret_post` where they list it and not
    /// `client_secret_basic`, else `client_secret_basic`, whichever they list first; a client without a secret sends
    /// its id only.
    ///
    /// # Errors
    /// [`SettingsFault::ClientSecret`] when `method` needs a secret and there is none.
    pub fn new(
        id: String,
        secret: Option<String>,
        method: Option<AuthMethod>,
    ) -> Result<Self, SettingsFault> {
        let needs_secret = matches!(method, Some(AuthMethod::SecretBasic | AuthMethod::SecretPost));
        if needs_secret && secret.is_none() {
            return Err(SettingsFault::ClientSecret);
        }
        Ok(Self { id, secret, method })
    }

    /// Whether the metadata are needed to know the method.
    pub(super) fn asks_metadata(&self) -> bool {
        self.method.is_none() && self.secret.is_some()
    }

    /// The header value and the form fields that authenticate the client.
    pub(super) fn authenticate(
        &self,
        metadata: Option<&Metadata>,
    ) -> (Option<HeaderValue>, Vec<(String, String)>) {
        let id = || ("client_id".to_owned(), self.id.clone());
        match (self.method.unwrap_or_else(|| self.choose(metadata)), &self.secret) {
            (AuthMethod::SecretBasic, Some(secret)) => (basic(&self.id, secret), vec![]),
            (AuthMethod::SecretPost, Some(secret)) => {
                (None, vec![id(), ("client_secret".to_owned(), secret.clone())])
            }
            _ => (None, vec![id()]),
        }
    }

    fn choose(&self, metadata: Option<&Metadata>) -> AuthMethod {
        if self.secret.is_none() {
            return AuthMethod::None;
        }
        let listed = metadata.and_then(|metadata| {
            metadata.introspection_auth_methods.as_ref().or(metadata.token_auth_methods.as_ref())
        });
        let lists = |name: &str| listed.is_some_and(|methods| methods.iter().any(|method| method == name));
        if lists("client_secret_post") && !lists("client_secret_basic") {
            AuthMethod::SecretPost
        } else {
            AuthMethod::SecretBasic
        }
    }
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("id", &self.id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_are_form_encoded_before_basic() {
        let client =
            ClientCredentials::new("a:b".into(), Some("p ä%+".into()), Some(AuthMethod::SecretBasic))
                .unwrap();
        let (header, form) = client.authenticate(None);
        assert_eq!(header.unwrap(), format!("Basic {}", STANDARD.encode("a%3Ab:p+%C3%A4%25%2B")).as_str());
        assert_eq!(form, []);
    }

    #[test]
    fn a_method_with_secret_demands_one() {
        for method in [AuthMethod::SecretBasic, AuthMethod::SecretPost] {
            let fault = ClientCredentials::new("a".into(), None, Some(method)).unwrap_err();
            assert_eq!(fault, SettingsFault::ClientSecret);
        }
        let (header, form) = ClientCredentials::new("a".into(), None, None).unwrap().authenticate(None);
        assert_eq!((header, form), (None, vec![("client_id".to_owned(), "a".to_owned())]));
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let client = ClientCredentials::new("a".into(), Some("hidden".into()), None).unwrap();
        assert!(!format!("{client:?}").contains("hidden"));
    }
}
