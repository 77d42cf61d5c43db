use serde::Deserialize;
use uuid::Uuid;

use super::View;
use crate::Record;

/// Keys of the gateway's own.
#[derive(Clone, PartialEq, Deserialize)]
pub struct OicJwks {
    /// Its id.
    pub id: Uuid,
    jwks: Jwks,
}

#[derive(Clone, PartialEq, Deserialize)]
struct Jwks {
    keys: Vec<Record>,
}

impl OicJwks {
    /// The keys as JWKs, private members and all.
    #[must_use]
    pub fn keys(&self) -> &[Record] {
        &self.jwks.keys
    }
}

impl std::fmt::Debug for OicJwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OicJwks").field("id", &self.id).field("keys", &self.jwks.keys.len()).finish()
    }
}

impl View for OicJwks {
    const NAME: &'static str = "OpenID Connect key set";
}
