//! Header fields that tell the upstream and the client about the token. Those about what Keybound does not have yet come
//! later: they must be left at their default.

use keybound_model::schema::{Type, string};

use super::kinds::{claim_headers, strings};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let mut fields = vec![
        ("upstream_headers", claim_headers().doc("Claims that the upstream is told: field and path each.")),
        (
            "upstream_headers_claims",
            strings().doc("Claims of the first level that the upstream is told, in the old form."),
        ),
        ("upstream_headers_names", strings().doc("The header fields for them, by index.")),
        ("downstream_headers", claim_headers().doc("Claims that the client is told: field and path each.")),
        (
            "downstream_headers_claims",
            strings().doc("Claims of the first level that the client is told, in the old form."),
        ),
        ("downstream_headers_names", strings().doc("The header fields for them, by index.")),
        (
            "downstream_access_token_header",
            string().doc("The field that carries the access token to the client; with the suffix :bearer after the word Bearer."),
        ),
    ];
    fields.extend(TOLD.map(|(name, doc)| (name, string().doc(doc))));
    fields.extend(LATER.map(|(name, flow, doc)| (name, string().comes_with(flow).doc(doc))));
    fields
}

const TOLD: [(&str, &str); 6] = [
    (
        "upstream_access_token_jwk_header",
        "The upstream's field with the key that verified the access token: base64 of its JWK.",
    ),
    (
        "upstream_introspection_header",
        "The upstream's field with the introspection answer: base64 of its JSON.",
    ),
    ("upstream_introspection_jwt_header", "The upstream's field with the signed introspection answer."),
    (
        "downstream_access_token_jwk_header",
        "The client's field with the key that verified the access token: base64 of its JWK.",
    ),
    (
        "downstream_introspection_header",
        "The client's field with the introspection answer: base64 of its JSON.",
    ),
    ("downstream_introspection_jwt_header", "The client's field with the signed introspection answer."),
];

/// What ID tokens come from.
const CODE: &str = "the authorization code flow";
/// What refresh tokens come from.
const REFRESH: &str = "the refresh token grant";
const USER_INFO: &str = "the userinfo endpoint";

const LATER: [(&str, &str, &str); 10] = [
    ("upstream_id_token_header", CODE, "The upstream's field with the ID token."),
    ("upstream_id_token_jwk_header", CODE, "The upstream's field with the key that verified the ID token."),
    ("upstream_refresh_token_header", REFRESH, "The upstream's field with the refresh token."),
    ("upstream_user_info_header", USER_INFO, "The upstream's field with the userinfo answer."),
    ("upstream_user_info_jwt_header", USER_INFO, "The upstream's field with the signed userinfo answer."),
    ("downstream_id_token_header", CODE, "The client's field with the ID token."),
    ("downstream_id_token_jwk_header", CODE, "The client's field with the key that verified the ID token."),
    ("downstream_refresh_token_header", REFRESH, "The client's field with the refresh token."),
    ("downstream_user_info_header", USER_INFO, "The client's field with the userinfo answer."),
    ("downstream_user_info_jwt_header", USER_INFO, "The client's field with the signed userinfo answer."),
];
