use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use keybound_pop::sign;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::clients::{Secret, authenticate, parameter};
use super::{Provider, answer, proof, refuse};

/// Seconds that a token lives.
const LIFETIME: i64 = 300;

/// `POST /token`: a token for a client or for its user, bound to the key of the proof when there is one.
pub(super) async fn issue(
    State(provider): State<Arc<Provider>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let Some(client) = authenticate(&provider.credentials, &headers, &form) else {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "client id or secret is wrong");
    };
    let subject = match parameter(&form, "grant_type") {
        Some("client_credentials") => client.name,
        Some("password") => match user(&provider, &form) {
            Some(name) => name,
            None => {
                return refuse(StatusCode::BAD_REQUEST, "invalid_grant", "user name or password is wrong");
            }
        },
        _ => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "grant_type is client_credentials or password",
            );
        }
    };
    let binding = match proof::key(&provider, &headers) {
        Ok(binding) => binding,
        Err(reason) => return refuse(StatusCode::BAD_REQUEST, "invalid_dpop_proof", reason),
    };
    let scope = parameter(&form, "scope").unwrap_or("orders");
    let mut claims = claims(&provider, client, subject, scope);
    let token_type = if binding.is_some() { "DPoP" } else { "Bearer" };
    if let Some(thumbprint) = binding {
        claims.insert("cnf".to_owned(), json!({ "jkt": thumbprint.to_string() }));
    }
    let token = if client.name == provider.credentials.vault.name {
        let token = Uuid::new_v4().simple().to_string();
        provider.remember_opaque(&token, claims);
        token
    } else {
        match jwt(&provider, &claims) {
            Some(token) => token,
            None => {
                return refuse(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "server_error",
                    "the token cannot be signed",
                );
            }
        }
    };
    answer(
        StatusCode::OK,
        &json!({ "access_token": token, "token_type": token_type, "expires_in": LIFETIME, "scope": scope }),
    )
}

fn user(provider: &Provider, form: &[(String, String)]) -> Option<&'static str> {
    let john = &provider.credentials.john;
    let known =
        parameter(form, "username") == Some(john.name) && parameter(form, "password") == Some(&john.secret);
    known.then_some(john.name)
}

/// The claims of RFC 9068 §2.2.
fn claims(provider: &Provider, client: &Secret, subject: &str, scope: &str) -> Map<String, Value> {
    let now = provider.clock.now().secs();
    let claims = [
        ("iss", Value::from(provider.issuer())),
        ("sub", Value::from(subject)),
        ("aud", Value::from("demo")),
        ("client_id", Value::from(client.name)),
        ("scope", Value::from(scope)),
        ("iat", Value::from(now)),
        ("exp", Value::from(now + LIFETIME)),
        ("jti", Value::from(Uuid::new_v4().to_string())),
    ];
    claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn jwt(provider: &Provider, claims: &Map<String, Value>) -> Option<String> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), Value::from("at+jwt"));
    header.insert("kid".to_owned(), Value::from(provider.key_id.as_str()));
    sign::jws(&provider.key, header, claims).ok()
}
