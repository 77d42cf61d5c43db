use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keybound_pop::algorithm::Algorithm;
use serde_json::{Value, json};

use super::{Provider, answer};

/// `GET /.well-known/openid-configuration`.
pub(super) async fn metadata(State(provider): State<Arc<Provider>>) -> Response {
    let issuer = provider.issuer();
    let algorithms: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    answer(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/jwks"),
            "token_endpoint": format!("{issuer}/token"),
            "introspection_endpoint": format!("{issuer}/introspect"),
            "grant_types_supported": ["client_credentials", "password"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "dpop_signing_alg_values_supported": algorithms,
        }),
    )
}

/// `GET /jwks`.
pub(super) async fn keys(State(provider): State<Arc<Provider>>) -> Response {
    let mut key = provider.key.public().to_jwk();
    for (member, value) in [("use", "sig"), ("alg", "ES256"), ("kid", provider.key_id.as_str())] {
        key.insert(member.to_owned(), Value::from(value));
    }
    answer(StatusCode::OK, &json!({ "keys": [key] }))
}
