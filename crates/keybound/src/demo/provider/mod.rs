//! A provider for the demo: metadata, keys, a token endpoint for `client_credentials` and `password` that binds tokens
//! to DPoP keys (RFC 9449 §5), and introspection (RFC 7662).
//!
//! Its state is in memory and ends with the process. It is for looking at, not for production.

mod clients;
mod discovery;
mod introspection;
mod proof;
mod token;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};
use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::SigningKey;
use keybound_pop::time::Clock;
use serde_json::{Map, Value, json};

pub(super) use clients::{Credentials, Secret};
use proof::Seen;

use super::DemoFault;

/// A provider, ready to serve.
pub(super) struct Provider {
    issuer: String,
    key: SigningKey,
    key_id: String,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    /// What each opaque token stands for. The demo issues a handful.
    opaque: Mutex<HashMap<String, Map<String, Value>>>,
    seen: Mutex<Seen>,
}

impl Provider {
    /// A provider at this address with a new signing key.
    pub(super) fn new(
        address: SocketAddr,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DemoFault> {
        let key = SigningKey::generate(Algorithm::Es256).map_err(DemoFault::key)?;
        let key_id = key.public().thumbprint().to_string();
        Ok(Self {
            issuer: format!("http://{address}"),
            key,
            key_id,
            credentials,
            clock,
            opaque: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// The issuer's identifier, which is also where it is reached.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Its endpoints.
    pub(super) fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery::metadata))
            .route("/jwks", get(discovery::keys))
            .route("/token", post(token::issue))
            .route("/introspect", post(introspection::introspect))
            .with_state(self)
    }

    fn remember_opaque(&self, token: &str, claims: Map<String, Value>) {
        self.opaque.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned(), claims);
    }

    fn opaque_claims(&self, token: &str) -> Option<Map<String, Value>> {
        self.opaque.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    response
}

/// An error answer of RFC 6749 §5.2.
fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    answer(status, &json!({ "error": error, "error_description": description }))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
