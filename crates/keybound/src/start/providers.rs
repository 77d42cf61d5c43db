use std::sync::Arc;

use keybound_admin::{Issuer, OpenIdConnect};
use keybound_model::ids;
use keybound_store::BoxFuture;
use serde_json::Value;

use super::client_keys;
use super::plugins::Plugins;
use super::publication::Publication;

/// What the Admin API shows of the providers of `openid-connect`.
pub(super) struct Providers {
    pub(super) plugins: Arc<Plugins>,
    pub(super) publication: Arc<Publication>,
}

impl OpenIdConnect for Providers {
    fn issuers(&self) -> Vec<Issuer> {
        let known = self.plugins.registry().providers().into_iter();
        let mut issuers: Vec<Issuer> = known
            .map(|provider| Issuer {
                id: ids::deterministic("oic_issuers", &provider.issuer),
                issuer: provider.issuer.to_string(),
                created_at: provider.since.secs(),
                configuration: Value::Object(provider.metadata.document.clone()),
                keys: provider.keys.into_iter().map(Value::Object).collect(),
            })
            .collect();
        // Instances with other settings for the same provider have metadata of their own.
        issuers.sort_by(|a, b| (&a.issuer, b.created_at).cmp(&(&b.issuer, a.created_at)));
        issuers.dedup_by(|a, b| a.issuer == b.issuer);
        issuers
    }

    fn forget(&self, issuer: Option<&str>) {
        self.plugins.registry().forget_provider(issuer);
    }

    fn keys(&self) -> Vec<Value> {
        self.plugins.registry().own_keys().published().into_iter().map(Value::Object).collect()
    }

    fn rotate(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(client_keys::rotate(&self.publication))
    }
}
