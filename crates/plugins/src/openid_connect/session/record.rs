//! What is remembered of a session: who was let in, by which token, on what terms.

use keybound_pop::base64url;
use keybound_pop::confirmation::Confirmation;
use keybound_pop::thumbprint::Thumbprint;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::terms::Terms;

/// Most applications that share one session.
pub(super) const MAX_LOGINS: usize = 8;
/// Most bytes of a session that is stored elsewhere than in its cookie.
pub(super) const MAX_STORED: usize = 256 * 1024;

/// The name of a session: 16 random bytes, as base64url.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct SessionId(String);

/// The method that let somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Method {
    /// A JWT that was verified here.
    #[serde(rename = "b")]
    Bearer,
    /// A token that the provider was asked about.
    #[serde(rename = "i")]
    Introspection,
}

/// A session. Names are short because it travels in a cookie.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SessionRecord {
    #[serde(rename = "i")]
    pub(super) id: SessionId,
    /// When it got this id.
    #[serde(rename = "r")]
    pub(super) rolled: i64,
    /// When it was last seen to be used.
    #[serde(rename = "u")]
    pub(super) used: i64,
    /// One for each application that shares it.
    #[serde(rename = "l")]
    pub(super) logins: Vec<Login>,
}

/// One application's part of a session.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Login {
    /// `session_audience`.
    #[serde(rename = "a")]
    pub(super) audience: String,
    /// The plugin instance that let the token in.
    #[serde(rename = "p")]
    pub(super) instance: Uuid,
    /// The digest of the settings by which that instance judged it.
    #[serde(rename = "s")]
    pub(super) settings: String,
    #[serde(rename = "m")]
    pub(super) method: Method,
    #[serde(rename = "t")]
    pub(super) token: String,
    #[serde(rename = "o")]
    pub(super) issuer: String,
    /// What the provider said of the token; `None` when the token says it itself.
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(super) claims: Option<Map<String, Value>>,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    /// What the token is bound to.
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub(super) jkt: Option<String>,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub(super) x5t_s256: Option<String>,
    /// Which of these keys was shown when the token was let in.
    #[serde(rename = "k")]
    pub(super) shown: Shown,
    /// When that was.
    #[serde(rename = "b")]
    pub(super) begun: i64,
    /// What the request had to have in common with later ones.
    #[serde(rename = "h", default)]
    pub(super) terms: Terms,
}

/// The keys that a client showed it has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shown {
    #[serde(rename = "d")]
    pub(super) dpop: bool,
    #[serde(rename = "m")]
    pub(super) mtls: bool,
}

impl SessionId {
    /// The name of these random bytes.
    pub(super) fn new(random: [u8; 16]) -> Self {
        Self(base64url::encode(&random))
    }

    /// A name that was written by [`SessionId::as_str`].
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        base64url::decode_exact::<16>(text).ok()?;
        Some(Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl SessionRecord {
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl Login {
    /// What the token is bound to. `None` when it cannot be read, which a record of ours always can.
    pub(super) fn confirmation(&self) -> Option<Confirmation> {
        let read = |text: &Option<String>| match text {
            None => Some(None),
            Some(text) => Thumbprint::parse(text).ok().map(Some),
        };
        Some(Confirmation { jkt: read(&self.jkt)?, x5t_s256: read(&self.x5t_s256)? })
    }

    /// The claims: the provider's word, or the token's own, which was verified before it was sealed.
    pub(super) fn claims(&self) -> Option<Map<String, Value>> {
        if let Some(claims) = &self.claims {
            return Some(claims.clone());
        }
        let payload = base64url::decode(self.token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}
