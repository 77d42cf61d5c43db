//! An upstream that answers with what it received, as httpbin's `/anything` does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use serde_json::{Map, Value, json};

/// How many requests the upstream received.
#[derive(Debug, Clone, Default)]
pub(super) struct Received(Arc<AtomicUsize>);

impl Received {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// The upstream, for any method and path.
pub(super) fn router(received: Received) -> Router {
    Router::new().fallback(echo).with_state(received)
}

async fn echo(
    State(received): State<Received>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    received.0.fetch_add(1, Ordering::SeqCst);
    let origin = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    let text = String::from_utf8_lossy(&body);
    let seen = json!({
        "args": pairs(uri.query().unwrap_or_default().as_bytes()),
        "data": if is_form { "" } else { &text },
        "files": {},
        "form": if is_form { pairs(&body) } else { Map::new() },
        "headers": fields(&headers),
        "json": serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null),
        "method": method.as_str(),
        "origin": origin.unwrap_or_else(|| peer.ip().to_string()),
        "url": format!("http://{}{uri}", headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("-")),
    });
    let mut response = Response::new(Body::from(format!("{seen:#}\n")));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Names with their value, or with a list of them where one comes up more than once.
fn pairs(encoded: &[u8]) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in form_urlencoded::parse(encoded) {
        let value = Value::from(value.into_owned());
        match members.get_mut(name.as_ref()) {
            Some(Value::Array(list)) => list.push(value),
            Some(single) => *single = Value::Array(vec![single.take(), value]),
            None => {
                members.insert(name.into_owned(), value);
            }
        }
    }
    members
}

fn fields(headers: &HeaderMap) -> Map<String, Value> {
    let mut members = Map::new();
    for name in headers.keys() {
        let values: Vec<&str> =
            headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?")).collect();
        members.insert(capitalised(name), Value::from(values.join(",")));
    }
    members
}

/// `x-request-id` as `X-Request-Id`, the way httpbin writes names.
fn capitalised(name: &HeaderName) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.as_str().split('-').map(word).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_arguments_become_a_list() {
        assert_eq!(Value::Object(pairs(b"a=1&b=2&a=3")), json!({ "a": ["1", "3"], "b": "2" }));
    }

    #[test]
    fn names_are_written_as_httpbin_writes_them() {
        assert_eq!(capitalised(&HeaderName::from_static("x-forwarded-for")), "X-Forwarded-For");
        assert_eq!(capitalised(&HeaderName::from_static("dpop")), "Dpop");
    }
}
