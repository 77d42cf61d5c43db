//! `protected_resource_metadata`: how a client finds out what this resource takes and whom to ask for it (RFC 9728).
//!
//! The document is served by the gateway at the well-known path of the resource; challenges name that URL (§5.1).

use std::sync::Arc;

use bytes::Bytes;
use keybound_oidc::Provider;
use keybound_pop::algorithm::{Algorithm, AlgorithmSet};
use keybound_pop::htu::Target;
use serde_json::{Map, Value, json};

use crate::contract::{Head, Notes, Public, PublishesResource, RESOURCE_METADATA, Resource};

/// What the configuration says of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResourceConfig {
    /// The identifier; `None`: one for each route.
    pub(super) identifier: Option<Identifier>,
    /// The issuers that the configuration lists; empty: the provider's own.
    pub(super) issuers: Vec<String>,
    /// Every word of `scopes_required`.
    pub(super) scopes: Vec<String>,
    /// Where a token may stand, in the words of RFC 9728 §2.
    pub(super) places: Vec<&'static str>,
    /// The algorithms of proofs, where DPoP is offered.
    pub(super) dpop: Option<AlgorithmSet>,
    /// Whether every token must be bound by DPoP.
    pub(super) dpop_required: bool,
    /// Whether tokens that are bound to a certificate are checked.
    pub(super) certificates: bool,
}

/// The identifier of a protected resource: an http or https URL without user, query and fragment (RFC 9728 §1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identifier {
    /// As configured: clients compare it letter by letter.
    text: String,
    target: Target,
}

/// Why a text is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum IdentifierFault {
    #[error("must be a URL of http or https")]
    Url,
    #[error("must have no query and no fragment")]
    QueryOrFragment,
}

/// The metadata of one instance.
#[derive(Debug)]
pub(super) struct ResourceMetadata {
    config: ResourceConfig,
    provider: Arc<Provider>,
}

impl Identifier {
    /// # Errors
    /// [`IdentifierFault`].
    pub(super) fn parse(text: &str) -> Result<Self, IdentifierFault> {
        if text.contains(['?', '#']) {
            return Err(IdentifierFault::QueryOrFragment);
        }
        let target = Target::parse(text).map_err(|_| IdentifierFault::Url)?;
        Ok(Self { text: text.to_owned(), target })
    }

    /// The URL of its metadata: the well-known path stands between host and path.
    fn metadata_url(&self) -> String {
        let after_scheme = self.text.find("://").map_or(0, |at| at + 3);
        let path = self.text.get(after_scheme..).and_then(|rest| rest.find('/'));
        let (origin, path) =
            path.and_then(|at| self.text.split_at_checked(after_scheme + at)).unwrap_or((&self.text, ""));
        format!("{origin}{RESOURCE_METADATA}{}", without_root(path))
    }
}

impl ResourceMetadata {
    pub(super) fn new(config: ResourceConfig, provider: Arc<Provider>) -> Self {
        Self { config, provider }
    }

    /// The URL of the metadata of the resource that a request is for.
    pub(super) fn url(&self, head: &Head, notes: &Notes) -> String {
        match &self.config.identifier {
            Some(identifier) => identifier.metadata_url(),
            None => {
                let path = notes.taken.map_or("", |taken| head.path.escaped_prefix(taken));
                format!("{}{RESOURCE_METADATA}{}", head.public, without_root(path))
            }
        }
    }
}

impl PublishesResource for ResourceMetadata {
    fn resource(&self) -> Resource {
        match &self.config.identifier {
            Some(identifier) => Resource::Named(identifier.target.clone()),
            None => Resource::OfRoute,
        }
    }

    fn document(&self, public: &Public, path: &str) -> Bytes {
        let config = &self.config;
        let resource = match &config.identifier {
            Some(identifier) => identifier.text.clone(),
            None => format!("{public}{}", without_root(path)),
        };
        let issuers = match config.issuers.as_slice() {
            [] => json!([*self.provider.issuer_at_hand()]),
            listed => json!(listed),
        };
        let mut document = Map::new();
        let mut set = |name: &str, value: Value| document.insert(name.to_owned(), value);
        set("resource", resource.into());
        set("authorization_servers", issuers);
        if !config.scopes.is_empty() {
            set("scopes_supported", json!(config.scopes));
        }
        set("bearer_methods_supported", json!(config.places));
        set("tls_client_certificate_bound_access_tokens", config.certificates.into());
        if let Some(algorithms) = config.dpop {
            let names: Vec<&str> = algorithms.iter().map(Algorithm::name).collect();
            set("dpop_signing_alg_values_supported", json!(names));
        }
        set("dpop_bound_access_tokens_required", config.dpop_required.into());
        Value::Object(document).to_string().into()
    }
}

/// A resource of a whole origin has no path.
fn without_root(path: &str) -> &str {
    if path == "/" { "" } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_path_stands_between_host_and_path() {
        for (identifier, url) in [
            ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
            ("https://api.example/", "https://api.example/.well-known/oauth-protected-resource"),
            (
                "https://api.example:8443/mcp",
                "https://api.example:8443/.well-known/oauth-protected-resource/mcp",
            ),
            ("https://[::1]/a/b/", "https://[::1]/.well-known/oauth-protected-resource/a/b/"),
        ] {
            assert_eq!(Identifier::parse(identifier).unwrap().metadata_url(), url);
        }
    }

    #[test]
    fn an_identifier_is_a_url_without_user_query_and_fragment() {
        assert_eq!(Identifier::parse("https://api.example/#a"), Err(IdentifierFault::QueryOrFragment));
        assert_eq!(Identifier::parse("https://api.example?a"), Err(IdentifierFault::QueryOrFragment));
        for text in ["api.example", "urn:api", "ftp://api.example", "https://u@api.example", "https://"] {
            assert_eq!(Identifier::parse(text), Err(IdentifierFault::Url), "{text}");
        }
    }
}
