use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use keybound_pop::jws::CompactJws;
use serde_json::{Map, Value, json};

use super::clients::{authenticate, parameter};
use super::{Provider, answer, refuse};

/// `POST /introspect` (RFC 7662): for the gateway only.
pub(super) async fn introspect(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let client = authenticate(&provider.credentials, &headers, &form);
    if client.is_none_or(|client| client.name != provider.credentials.gateway.name) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "the client may not introspect");
    }
    let Some(token) = parameter(&form, "token") else {
        return refuse(StatusCode::BAD_REQUEST, "invalid_request", "token is missing");
    };
    let claims = provider.opaque_claims(token).or_else(|| own_jwt(&provider, token));
    let now = provider.clock.now().secs();
    match claims.filter(|claims| claims.get("exp").and_then(Value::as_i64).is_some_and(|exp| now < exp)) {
        Some(mut claims) => {
            let bound = claims.contains_key("cnf");
            claims.insert("active".to_owned(), Value::Bool(true));
            claims.insert("token_type".to_owned(), Value::from(if bound { "DPoP" } else { "Bearer" }));
            answer(StatusCode::OK, &Value::Object(claims))
        }
        None => answer(StatusCode::OK, &json!({ "active": false })),
    }
}

/// The claims of a JWT that this provider signed.
fn own_jwt(provider: &Provider, token: &str) -> Option<Map<String, Value>> {
    let jws = CompactJws::parse(token, 16_384).ok()?;
    jws.verify(&provider.key.public()).ok()?;
    jws.claims().ok()
}
