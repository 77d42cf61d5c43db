use keybound_store::BoxFuture;
use serde_json::Value;
use uuid::Uuid;

/// What the plugin `openid-connect` keeps beside its configuration.
pub trait OpenIdConnect: Send + Sync {
    /// The providers whose metadata is at hand.
    fn issuers(&self) -> Vec<Issuer> {
        Vec::new()
    }

    /// Forgets a provider's metadata, or that of all, so that the next use fetches it again.
    fn forget(&self, issuer: Option<&str>) {
        let _ = issuer;
    }

    /// The public keys with which the gateway authenticates itself to providers, as JWKs; empty until there are any.
    fn keys(&self) -> Vec<Value> {
        Vec::new()
    }

    /// Makes new ones in their place; where there are none, the first.
    ///
    /// # Errors
    /// The cause, for the log.
    fn rotate(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A provider whose metadata is at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Issuer {
    /// An id that stays the same for the same issuer.
    pub id: Uuid,
    /// What the configuration calls it.
    pub issuer: String,
    /// When the metadata was fetched, in seconds since 1970.
    pub created_at: i64,
    /// The metadata.
    pub configuration: Value,
    /// Its keys.
    pub keys: Vec<Value>,
}
