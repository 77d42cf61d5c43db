//! Any line as an issuer, and what follows as its metadata.

use keybound_oidc::Url;
use keybound_oidc::fuzzing::{discovery, location};

const ISSUER: &str = "https://id.test/realm";

/// Metadata are taken only from the issuer that was asked, and lead nowhere but to http and https, never from TLS to plain text.
pub fn run(data: &[u8]) {
    checked(ISSUER, data);
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (first, rest) = data.split_at(at);
    let Ok(issuer) = std::str::from_utf8(first) else { return };
    let Some((urls, named)) = location(issuer) else {
        assert!(discovery(issuer, rest).is_err());
        return;
    };
    assert!(urls.len() <= 2 && !urls.is_empty());
    let at_issuer = Url::parse(issuer).expect("an issuer is a URL");
    for url in urls {
        assert_eq!(
            (url.scheme(), url.host()),
            (at_issuer.scheme(), at_issuer.host()),
            "asked at the issuer's host"
        );
        assert!(url.username().is_empty() && url.password().is_none());
    }
    assert!(!named.is_empty());
    checked(issuer, rest);
}

fn checked(issuer: &str, document: &[u8]) {
    let found = discovery(issuer, document);
    assert_eq!(found, discovery(issuer, document), "the same twice");
    let Ok(metadata) = found else { return };
    let secure = metadata.issuer.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"));
    for url in [
        &metadata.jwks_uri,
        &metadata.introspection_endpoint,
        &metadata.mtls_introspection_endpoint,
        &metadata.token_endpoint,
    ]
    .into_iter()
    .flatten()
    {
        assert!(url.scheme() == "https" || (url.scheme() == "http" && !secure), "{url}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
    }
    let read: serde_json::Value =
        serde_json::from_slice(document).expect("what the strict reader takes, any reader takes");
    assert_eq!(read["issuer"].as_str(), Some(&*metadata.issuer));
}
