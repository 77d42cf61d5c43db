//! A provider in this process: metadata, keys, introspection, and tokens of any shape.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::{SigningKey, jws};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the provider answers to introspection.
#[derive(Clone)]
pub(crate) enum Answer {
    Json(Value),
    Status(u16, &'static str),
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Answer>,
    introspections: Vec<String>,
    headers: Vec<String>,
    calls: HashMap<String, usize>,
    keys: Vec<Value>,
    down: bool,
}

/// A running provider.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) address: SocketAddr,
    pub(crate) key: Arc<SigningKey>,
    state: Arc<Mutex<State>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let key = Arc::new(SigningKey::generate(Algorithm::Es256).unwrap());
        let state = Arc::new(Mutex::new(State { keys: vec![published(&key, "k1")], ..State::default() }));
        let provider = Self { address, key, state };
        let running = provider.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(running.clone().serve(stream));
            }
        });
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// An access token with these claims beside `iss`, `exp`, `iat` and `sub`; `null` takes a claim away.
    pub(crate) fn token(&self, now: i64, claims: Value) -> String {
        self.token_with(now, json!({}), claims)
    }

    pub(crate) fn token_with(&self, now: i64, header: Value, claims: Value) -> String {
        let base = json!({"iss": self.issuer(), "sub": "john", "iat": now, "exp": now + 300, "jti": "t"});
        jws(&self.key, merged(json!({"kid": "k1", "typ": "at+jwt"}), header), &merged(base, claims)).unwrap()
    }

    /// What introspection says of a token from now on.
    pub(crate) fn answer(&self, token: &str, answer: Answer) {
        self.state.lock().unwrap().answers.insert(token.to_owned(), answer);
    }

    /// Whether every call is answered with 500 from now on.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.lock().unwrap().down = down;
    }

    pub(crate) fn calls(&self, path: &str) -> usize {
        self.state.lock().unwrap().calls.get(path).copied().unwrap_or(0)
    }

    /// The bodies of the introspection requests so far.
    pub(crate) fn introspections(&self) -> Vec<String> {
        self.state.lock().unwrap().introspections.clone()
    }

    /// The heads of the introspection requests so far, in lower case.
    pub(crate) fn introspection_heads(&self) -> Vec<String> {
        self.state.lock().unwrap().headers.clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let Some((head, body)) = read(&mut stream, &mut bytes).await else { return };
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, body) = self.respond(&path, &head, &body);
        let text = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(text.as_bytes()).await;
    }

    fn respond(&self, path: &str, head: &str, body: &str) -> (u16, String) {
        let mut state = self.state.lock().unwrap();
        *state.calls.entry(path.to_owned()).or_default() += 1;
        if state.down {
            return (500, "{}".to_owned());
        }
        let issuer = self.issuer();
        match path {
            "/.well-known/openid-configuration" => (
                200,
                json!({
                    "issuer": issuer,
                    "jwks_uri": format!("{issuer}/jwks"),
                    "introspection_endpoint": format!("{issuer}/introspect"),
                })
                .to_string(),
            ),
            "/jwks" => (200, json!({"keys": state.keys}).to_string()),
            "/introspect" => {
                state.introspections.push(body.to_owned());
                state.headers.push(head.to_ascii_lowercase());
                let token = form_urlencoded::parse(body.as_bytes())
                    .find(|(name, _)| name == "token")
                    .map(|(_, value)| value.into_owned())
                    .unwrap_or_default();
                match state.answers.get(&token).cloned() {
                    Some(Answer::Json(value)) => (200, value.to_string()),
                    Some(Answer::Status(status, body)) => (status, body.to_owned()),
                    None => (200, json!({"active": false}).to_string()),
                }
            }
            _ => (404, "{}".to_owned()),
        }
    }
}

async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok()?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
                })
                .and_then(|length| length.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        if count == 0 {
            return None;
        }
    }
}

fn published(key: &SigningKey, kid: &str) -> Value {
    let mut jwk = key.public().to_jwk();
    jwk.insert("kid".to_owned(), kid.into());
    jwk.insert("use".to_owned(), "sig".into());
    Value::Object(jwk)
}

/// `changes` over `base`; null takes a member away.
pub(crate) fn merged(base: Value, changes: Value) -> Map<String, Value> {
    let mut object = base.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    object
}
