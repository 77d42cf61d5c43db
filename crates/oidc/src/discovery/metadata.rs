//! The metadata that Keybound uses.

use std::sync::Arc;

use reqwest::Url;
use serde_json::{Map, Value};

use super::location::{Location, endpoint};
use crate::fault::Cause;

/// A provider's metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).
///
/// An endpoint is taken only when it is an http or https URL without user name, password and fragment, and, where the
/// issuer is https, https too: metadata never lead from TLS to plain text. Any other is left out as if it were absent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Metadata {
    /// The issuer, character by character as tokens name it.
    pub issuer: Arc<str>,
    /// Where the key set is.
    pub jwks_uri: Option<Url>,
    /// Where tokens are introspected.
    pub introspection_endpoint: Option<Url>,
    /// How clients authenticate there; `None` when the provider does not say.
    pub introspection_auth_methods: Option<Vec<String>>,
    /// Where clients with a certificate introspect tokens (RFC 8705 §5).
    pub mtls_introspection_endpoint: Option<Url>,
    /// Where tokens are issued.
    pub token_endpoint: Option<Url>,
    /// How clients authenticate there; `None` when the provider does not say.
    pub token_auth_methods: Option<Vec<String>>,
    /// The whole document.
    pub document: Map<String, Value>,
}

impl Metadata {
    /// Reads a metadata document that was asked for at `location`.
    pub(crate) fn read(document: Map<String, Value>, location: &Location) -> Result<Self, Cause> {
        let issuer = match document.get("issuer") {
            Some(Value::String(issuer)) => issuer.clone(),
            _ => return Err(Cause::Malformed("metadata without issuer")),
        };
        if !location.expects(&issuer) {
            return Err(Cause::IssuerMismatch);
        }
        let secure = issuer.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"));
        let callable = |value: &Value| {
            let url = value.as_str().and_then(endpoint)?;
            (url.scheme() == "https" || !secure).then_some(url)
        };
        let url = |name: &str| document.get(name).and_then(callable);
        let alias = |name: &str| document.get("mtls_endpoint_aliases")?.get(name).and_then(callable);
        Ok(Self {
            issuer: issuer.as_str().into(),
            jwks_uri: url("jwks_uri"),
            introspection_endpoint: url("introspection_endpoint"),
            introspection_auth_methods: names(&document, "introspection_endpoint_auth_methods_supported"),
            mtls_introspection_endpoint: alias("introspection_endpoint"),
            token_endpoint: url("token_endpoint"),
            token_auth_methods: names(&document, "token_endpoint_auth_methods_supported"),
            document,
        })
    }
}

fn names(document: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let values = document.get(name)?.as_array()?;
    Some(values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(document: Value) -> Result<Metadata, Cause> {
        let Value::Object(document) = document else { unreachable!() };
        Metadata::read(document, &Location::of("https://id.test").unwrap())
    }

    #[test]
    fn another_issuer_is_refused() {
        assert_eq!(read(json!({"issuer": "https://id.test/"})), Err(Cause::IssuerMismatch));
        assert_eq!(read(json!({})), Err(Cause::Malformed("metadata without issuer")));
        assert_eq!(
            read(json!({"issuer": ["https://id.test"]})),
            Err(Cause::Malformed("metadata without issuer"))
        );
    }

    #[test]
    fn endpoints_that_leave_tls_or_are_no_urls_are_left_out() {
        let metadata = read(json!({
            "issuer": "https://id.test",
            "jwks_uri": "http://id.test/keys",
            "introspection_endpoint": "file:///etc/passwd",
            "mtls_endpoint_aliases": {"introspection_endpoint": "http://mtls.id.test/introspect"},
            "token_endpoint": "https://id.test/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", 1],
        }))
        .unwrap();
        assert_eq!(metadata.jwks_uri, None);
        assert_eq!(metadata.introspection_endpoint, None);
        assert_eq!(metadata.mtls_introspection_endpoint, None);
        assert_eq!(metadata.token_endpoint.unwrap().as_str(), "https://id.test/token");
        assert_eq!(metadata.token_auth_methods.unwrap(), ["client_secret_post"]);
        assert_eq!(metadata.introspection_auth_methods, None);
    }
}
