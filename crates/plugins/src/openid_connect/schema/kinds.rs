//! The types that several fields share.

use keybound_model::schema::{Type, array, boolean, integer, record, set, string};
use serde_json::{Value, json};

/// Kong's names for the ways in which a request may be authenticated, sorted.
pub(super) const METHODS: [&str; 9] = [
    "authorization_code",
    "bearer",
    "client_credentials",
    "introspection",
    "kong_oauth2",
    "password",
    "refresh_token",
    "session",
    "userinfo",
];

/// The methods with which a client authenticates at the provider, sorted.
const CLIENT_AUTH: [&str; 7] = [
    "client_secret_basic",
    "client_secret_jwt",
    "client_secret_post",
    "none",
    "private_key_jwt",
    "self_signed_tls_client_auth",
    "tls_client_auth",
];

/// Signature algorithms of client assertions.
pub(super) const CLIENT_ALGORITHMS: [&str; 13] = [
    "ES256", "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512", "PS256", "PS384", "PS512", "RS256",
    "RS384", "RS512",
];

/// The asymmetric signature algorithms, in the order in which challenges name them.
pub(super) const ALGORITHMS: [&str; 11] =
    ["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512", "EdDSA", "Ed25519"];

/// Text in a list.
pub(super) fn strings() -> Type {
    array(string())
}

/// The path of a claim: one element for each level.
pub(super) fn claim_path(default: &'static str) -> Type {
    strings().default(json!([default]))
}

/// An http or https URL with a host.
pub(super) fn url() -> Type {
    string().check("url", is_url)
}

/// An absolute path.
pub(super) fn path() -> Type {
    string().starts_with("/").default("/")
}

/// A port number.
pub(super) fn port(default: u16) -> Type {
    integer().between(0, 65535).default(default)
}

/// `SameSite` of a cookie.
pub(super) fn same_site(default: &'static str) -> Type {
    string().one_of(["Strict", "Lax", "None", "Default"]).default(default)
}

/// How the client authenticates at an endpoint.
pub(super) fn endpoint_auth() -> Type {
    string().one_of(CLIENT_AUTH)
}

/// How each client authenticates at the provider.
pub(super) fn client_auth() -> Type {
    array(string().one_of(CLIENT_AUTH))
}

/// Where a parameter may stand.
pub(super) fn places() -> Type {
    array(string().one_of(["header", "query", "body"])).default(json!(["header", "query", "body"]))
}

/// Metadata of a session that is sent as header fields.
pub(super) fn session_headers() -> Type {
    set(string().one_of([
        "absolute-timeout",
        "audience",
        "id",
        "idling-timeout",
        "rolling-timeout",
        "subject",
        "timeout",
    ]))
}

/// A claim's value as a header field.
pub(super) fn claim_headers() -> Type {
    array(record([
        ("header", string().required().doc("The name of the field.")),
        ("path", strings().required().len_min(1).doc("The path of the claim.")),
    ]))
}

/// A switch.
pub(super) fn switch(default: bool) -> Type {
    boolean().default(default)
}

/// Kong's check of a URL: a scheme and a host.
fn is_url(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let Ok(uri) = text.parse::<http::Uri>() else { return Err("invalid url".to_owned()) };
    match (uri.scheme_str(), uri.host()) {
        (_, None | Some("")) => Err("missing host in url".to_owned()),
        (Some("http" | "https"), _) => Ok(()),
        (None, _) => Err("missing scheme in url".to_owned()),
        (Some(_), _) => Err("scheme must be http or https".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_needs_scheme_and_host() {
        assert_eq!(is_url(&json!("https://idp.example/realms/a")), Ok(()));
        assert_eq!(is_url(&json!("idp.example")), Err("missing scheme in url".to_owned()));
        assert_eq!(is_url(&json!("/realms/a")), Err("missing host in url".to_owned()));
        assert_eq!(is_url(&json!("ftp://idp.example")), Err("scheme must be http or https".to_owned()));
        assert_eq!(is_url(&json!("https://idp example")), Err("invalid url".to_owned()));
    }
}
