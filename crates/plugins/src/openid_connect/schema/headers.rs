//! Header fields that tell the upstream and the client about the token. They come later: every field must be left at
//! its default.

use keybound_model::schema::{Type, string};

use super::kinds::{claim_headers, strings};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let mut fields = vec![
        ("upstream_headers", claim_headers().doc("Claims that the upstream is told.")),
        ("upstream_headers_claims", strings().doc("Claims that the upstream is told, in the old form.")),
        ("upstream_headers_names", strings().doc("The header fields for them.")),
        ("downstream_headers", claim_headers().doc("Claims that the client is told.")),
        ("downstream_headers_claims", strings().doc("Claims that the client is told, in the old form.")),
        ("downstream_headers_names", strings().doc("The header fields for them.")),
        (
            "downstream_access_token_header",
            string().doc("The field that carries the access token to the client."),
        ),
    ];
    fields.extend(NAMED.map(|(name, doc)| (name, string().doc(doc))));
    fields.into_iter().map(|(name, ty)| (name, ty.not_yet_supported())).collect()
}

const NAMED: [(&str, &str); 16] = [
    ("upstream_access_token_jwk_header", "The upstream's field with the key that verified the access token."),
    ("upstream_id_token_header", "The upstream's field with the ID token."),
    ("upstream_id_token_jwk_header", "The upstream's field with the key that verified the ID token."),
    ("upstream_introspection_header", "The upstream's field with the introspection answer."),
    ("upstream_introspection_jwt_header", "The upstream's field with the signed introspection answer."),
    ("upstream_refresh_token_header", "The upstream's field with the refresh token."),
    ("upstream_user_info_header", "The upstream's field with the userinfo answer."),
    ("upstream_user_info_jwt_header", "The upstream's field with the signed userinfo answer."),
    ("downstream_access_token_jwk_header", "The client's field with the key that verified the access token."),
    ("downstream_id_token_header", "The client's field with the ID token."),
    ("downstream_id_token_jwk_header", "The client's field with the key that verified the ID token."),
    ("downstream_introspection_header", "The client's field with the introspection answer."),
    ("downstream_introspection_jwt_header", "The client's field with the signed introspection answer."),
    ("downstream_refresh_token_header", "The client's field with the refresh token."),
    ("downstream_user_info_header", "The client's field with the userinfo answer."),
    ("downstream_user_info_jwt_header", "The client's field with the signed userinfo answer."),
];
