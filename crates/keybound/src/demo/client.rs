use std::sync::Arc;

use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::{self, ProofClaims, SigningKey};
use keybound_pop::thumbprint::token_hash;
use keybound_pop::time::Clock;
use serde_json::Value;
use uuid::Uuid;

use super::DemoFault;

/// A client with a key of its own.
pub(super) struct Client {
    key: SigningKey,
    clock: Arc<dyn Clock>,
}

impl Client {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Result<Self, DemoFault> {
        Ok(Self { key: SigningKey::generate(Algorithm::Es256).map_err(DemoFault::key)?, clock })
    }

    /// The thumbprint of its key.
    pub(super) fn thumbprint(&self) -> String {
        self.key.public().thumbprint().to_string()
    }

    /// A proof for one request; with a token, one that goes with that token.
    pub(super) fn proof(&self, method: &str, url: &str, token: Option<&str>) -> Result<String, DemoFault> {
        let claims = ProofClaims {
            method: method.to_owned(),
            url: url.to_owned(),
            jti: Uuid::new_v4().to_string(),
            iat: self.clock.now().secs(),
            ath: token.map(|token| token_hash(token.as_bytes())),
            nonce: None,
        };
        sign::proof(&self.key, &claims).map_err(DemoFault::key)
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) challenges: Vec<String>,
    pub(super) body: String,
}

impl Answer {
    /// The body, where it is JSON.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// A plain client for HTTP that follows nothing and keeps nothing.
pub(super) fn http() -> Result<reqwest::Client, DemoFault> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(DemoFault::start)
}

/// Sends a form.
pub(super) async fn post_form(
    http: &reqwest::Client,
    url: &str,
    form: &[(&str, &str)],
    fields: &[(&str, &str)],
) -> Result<Answer, DemoFault> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = http.post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    send(&format!("POST {url}"), with(request, fields)).await
}

/// Sends a request without a body.
pub(super) async fn get(
    http: &reqwest::Client,
    url: &str,
    fields: &[(&str, &str)],
) -> Result<Answer, DemoFault> {
    send(&format!("GET {url}"), with(http.get(url), fields)).await
}

fn with(request: reqwest::RequestBuilder, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
    fields.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

async fn send(what: &str, request: reqwest::RequestBuilder) -> Result<Answer, DemoFault> {
    let fault =
        |error: reqwest::Error| DemoFault::Request { what: what.to_owned(), cause: error.to_string() };
    let response = request.send().await.map_err(fault)?;
    let status = response.status().as_u16();
    let challenges = response
        .headers()
        .get_all("www-authenticate")
        .iter()
        .map(|value| value.to_str().unwrap_or_default().to_owned())
        .collect();
    let body = response.text().await.map_err(fault)?;
    Ok(Answer { status, challenges, body })
}
