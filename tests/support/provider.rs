use std::net::SocketAddr;

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::sign::{self, SigningKey};
use keybound_pop::thumbprint::token_hash;
use serde_json::{Map, Value, json};

use crate::http_server;

/// A provider that publishes its metadata and one key, and whose tokens are made here.
#[derive(Debug)]
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    key: SigningKey,
}

/// A client with a key of its own and a token bound to it.
#[derive(Debug)]
pub struct Client {
    /// The key.
    pub key: SigningKey,
    /// The token.
    pub token: String,
}

impl Provider {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn start() -> Self {
        let key = SigningKey::generate(Algorithm::Es256).expect("a key");
        let mut jwk = key.public().to_jwk();
        jwk.extend(object(json!({ "kid": "suite", "use": "sig", "alg": "ES256" })));
        let keys = json!({ "keys": [jwk] }).to_string();
        let address: std::sync::Arc<std::sync::OnceLock<SocketAddr>> = std::sync::Arc::default();
        let own = std::sync::Arc::clone(&address);
        let bound = http_server::serve(move |received| match received.line.split(' ').nth(1) {
            Some("/jwks") => keys.clone(),
            _ => {
                let issuer = format!("http://{}", own.get().expect("set before the first request"));
                json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") }).to_string()
            }
        });
        address.set(bound).expect("set once");
        Self { issuer: format!("http://{bound}"), key }
    }

    /// A client with a bound token.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn client(&self) -> Client {
        let key = SigningKey::generate(Algorithm::Es256).expect("a key");
        let jkt = key.public().thumbprint().to_string();
        let token = self.token(json!({ "cnf": { "jkt": jkt } }));
        Client { key, token }
    }

    /// A token with `claims` beside, or instead of, the usual ones; `null` removes one.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn token(&self, claims: Value) -> String {
        let usual = json!({
            "iss": self.issuer, "sub": "suite", "client_id": "suite", "aud": "suite", "jti": unique(),
            "iat": now(), "exp": now() + 600,
        });
        let all = object(merged(usual, claims));
        sign::jws(&self.key, object(json!({ "typ": "at+jwt", "kid": "suite" })), &all).expect("signed")
    }
}

impl Client {
    /// A good proof for one request.
    #[must_use]
    pub fn proof(&self, method: &str, url: &str) -> String {
        self.proof_with(method, url, json!({}), json!({}))
    }

    /// A proof whose header and claims differ in `header` and `claims`; `null` removes a member.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn proof_with(&self, method: &str, url: &str, header: Value, claims: Value) -> String {
        let ath = base64url::encode(&token_hash(self.token.as_bytes()));
        let good_header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.key.public().to_jwk() });
        let good_claims = json!({ "htm": method, "htu": url, "jti": unique(), "iat": now(), "ath": ath });
        self.signed(&merged(good_header, header).to_string(), &merged(good_claims, claims).to_string())
    }

    /// A JWS over exactly this header and payload.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn signed(&self, header: &str, payload: &str) -> String {
        let input =
            format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()));
        let signature = self.key.sign(input.as_bytes()).expect("signed");
        format!("{input}.{}", base64url::encode(&signature))
    }
}

/// `base` with the members of `more`; those that are `null` are removed.
fn merged(base: Value, more: Value) -> Value {
    let mut whole = object(base);
    whole.extend(object(more));
    whole.retain(|_, value| !value.is_null());
    Value::Object(whole)
}

/// Seconds since the epoch.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "the gateway under test is a process with the machine's clock")]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the year 292 billion")
}

fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}-{}", std::process::id(), now(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}
