use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use super::text;

/// Who may ask the provider for what; every secret is made at start.
#[derive(Debug, Clone)]
pub(in crate::demo) struct Credentials {
    /// Gets JWT access tokens.
    pub(in crate::demo) shop: Secret,
    /// Gets opaque access tokens.
    pub(in crate::demo) vault: Secret,
    /// The gateway: may introspect.
    pub(in crate::demo) gateway: Secret,
    /// A user, for the grant `password`.
    pub(in crate::demo) john: Secret,
}

/// A name and what proves it.
#[derive(Debug, Clone)]
pub(in crate::demo) struct Secret {
    pub(in crate::demo) name: &'static str,
    pub(in crate::demo) secret: String,
}

impl Credentials {
    /// New secrets.
    pub(in crate::demo) fn generate() -> Self {
        let secret = |name| Secret { name, secret: uuid::Uuid::new_v4().simple().to_string() };
        Self {
            shop: secret("shop"),
            vault: secret("vault"),
            gateway: secret("gateway"),
            john: secret("john"),
        }
    }

    fn client(&self, name: &str, secret: &str) -> Option<&Secret> {
        [&self.shop, &self.vault, &self.gateway]
            .into_iter()
            .find(|client| client.name == name && client.secret == secret)
    }
}

/// The client that authenticated with `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1).
pub(super) fn authenticate<'a>(
    credentials: &'a Credentials,
    headers: &HeaderMap,
    form: &[(String, String)],
) -> Option<&'a Secret> {
    if let Some(basic) = text(headers, "authorization").and_then(|value| value.strip_prefix("Basic ")) {
        let pair = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        let (name, secret) = pair.split_once(':')?;
        let decoded =
            |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        return credentials.client(&decoded(name), &decoded(secret));
    }
    credentials.client(parameter(form, "client_id")?, parameter(form, "client_secret")?)
}

/// The one value of a form parameter.
pub(super) fn parameter<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
