use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::sign::{self, SigningKey};
use keybound_pop::thumbprint::token_hash;
use serde_json::{Map, Value, json};

use crate::http_server::{self, Received, Reply};
use crate::secrets;

/// A provider that publishes its metadata and keys, introspects as it is told, and whose tokens are made here.
#[derive(Debug)]
pub struct Provider {
    /// Its issuer.
    pub issuer: String,
    key: SigningKey,
    desk: Arc<Mutex<Desk>>,
}

/// What it answers, and what it was asked.
#[derive(Debug)]
struct Desk {
    keys: Reply,
    key_requests: usize,
    introspection: Reply,
    said: HashMap<String, Reply>,
    asked: HashMap<String, usize>,
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
        secrets::register_members(&Value::Object(key.to_jwk()));
        let keys = Reply::ok(json!({ "keys": [published(&key, "suite")] }).to_string());
        let introspection = Reply::ok(json!({ "active": false }).to_string());
        let (said, asked) = (HashMap::new(), HashMap::new());
        let desk = Arc::new(Mutex::new(Desk { keys, key_requests: 0, introspection, said, asked }));
        let address: Arc<OnceLock<SocketAddr>> = Arc::default();
        let (own, served) = (Arc::clone(&address), Arc::clone(&desk));
        let bound = http_server::serve(move |received| {
            let mut desk = served.lock().unwrap_or_else(PoisonError::into_inner);
            match received.line.split(' ').nth(1) {
                Some("/jwks") => {
                    desk.key_requests += 1;
                    desk.keys.clone()
                }
                Some("/introspect") => desk.introspect(&received),
                _ => {
                    let issuer = format!("http://{}", own.get().expect("set before the first request"));
                    Reply::ok(metadata(&issuer).to_string())
                }
            }
        });
        address.set(bound).expect("set once");
        Self { issuer: format!("http://{bound}"), key, desk }
    }

    /// A client with a bound token.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client_with(Algorithm::Es256)
    }

    /// A client whose key signs with this algorithm.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn client_with(&self, algorithm: Algorithm) -> Client {
        let key = SigningKey::generate(algorithm).expect("a key");
        secrets::register_members(&Value::Object(key.to_jwk()));
        let token = self.token(json!({ "cnf": { "jkt": key.public().thumbprint().to_string() } }));
        Client { key, token }
    }

    /// A token with `claims` beside, or instead of, the usual ones; `null` removes one.
    #[must_use]
    pub fn token(&self, claims: Value) -> String {
        self.token_with(json!({}), claims)
    }

    /// A token whose header differs too.
    #[must_use]
    pub fn token_with(&self, header: Value, claims: Value) -> String {
        self.token_by(&self.key, header, claims)
    }

    /// A token of this issuer, signed with any key.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn token_by(&self, key: &SigningKey, header: Value, claims: Value) -> String {
        let usual = json!({ "typ": "at+jwt", "kid": "suite" });
        let header = object(merged(usual, header));
        sign::jws(key, header, &object(self.claims(claims))).expect("signed")
    }

    /// The usual claims of a token, with `claims` beside or instead of them.
    #[must_use]
    pub fn claims(&self, claims: Value) -> Value {
        let usual = json!({
            "iss": self.issuer, "sub": "suite", "client_id": "suite", "aud": "suite", "jti": unique(),
            "iat": now(), "exp": now() + 600,
        });
        merged(usual, claims)
    }

    /// A JWS over exactly this header and payload, by the provider's key.
    #[must_use]
    pub fn signed(&self, header: &str, payload: &str) -> String {
        signed(&self.key, header, payload)
    }

    /// Its signing key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[Value]) {
        self.answer_keys(Reply::ok(json!({ "keys": keys }).to_string()));
    }

    /// Answers so when its keys are fetched.
    pub fn answer_keys(&self, reply: Reply) {
        self.desk().keys = reply;
    }

    /// How often its keys were fetched.
    #[must_use]
    pub fn key_requests(&self) -> usize {
        self.desk().key_requests
    }

    /// An opaque token of which it says that it is active, with `claims` beside, or instead of, the usual ones.
    #[must_use]
    pub fn opaque(&self, claims: Value) -> String {
        let mut said = object(self.claims(claims));
        said.entry("active").or_insert(true.into());
        self.opaque_answered(Reply::ok(Value::Object(said).to_string()))
    }

    /// An opaque token about which it answers so.
    #[must_use]
    pub fn opaque_answered(&self, reply: Reply) -> String {
        let token = format!("opaque-{}", unique());
        secrets::register(&token);
        self.says(&token, reply);
        token
    }

    /// Answers so when it is asked about this token.
    pub fn says(&self, token: &str, reply: Reply) {
        self.desk().said.insert(token.to_owned(), reply);
    }

    /// How often it was asked about this token.
    #[must_use]
    pub fn asked(&self, token: &str) -> usize {
        self.desk().asked.get(token).copied().unwrap_or(0)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn introspect(&mut self, received: &Received) -> Reply {
        let form = String::from_utf8_lossy(&received.body).into_owned();
        let token = form.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default();
        *self.asked.entry(token.to_owned()).or_insert(0) += 1;
        self.said.get(token).unwrap_or(&self.introspection).clone()
    }
}

fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks"),
        "introspection_endpoint": format!("{issuer}/introspect"),
    })
}

/// A key as a provider publishes it.
#[must_use]
pub fn published(key: &SigningKey, kid: &str) -> Value {
    let jwk = Value::Object(key.public().to_jwk());
    merged(jwk, json!({ "kid": kid, "use": "sig", "alg": key.algorithm().name() }))
}

impl Client {
    /// A good proof for one request.
    #[must_use]
    pub fn proof(&self, method: &str, url: &str) -> String {
        self.proof_with(method, url, json!({}), json!({}))
    }

    /// A proof whose header and claims differ in `header` and `claims`; `null` removes a member.
    #[must_use]
    pub fn proof_with(&self, method: &str, url: &str, header: Value, claims: Value) -> String {
        let header = merged(self.header(), header);
        self.signed(&header.to_string(), &merged(self.claims(method, url), claims).to_string())
    }

    /// The header of a good proof.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": self.key.algorithm().name(), "jwk": self.key.public().to_jwk() })
    }

    /// The claims of a good proof.
    #[must_use]
    pub fn claims(&self, method: &str, url: &str) -> Value {
        json!({ "htm": method, "htu": url, "jti": unique(), "iat": now(), "ath": ath(&self.token) })
    }

    /// The thumbprint of its key.
    #[must_use]
    pub fn jkt(&self) -> String {
        self.key.public().thumbprint().to_string()
    }

    /// The same key with another token.
    ///
    /// # Panics
    /// When the key cannot be read again.
    #[must_use]
    pub fn holding(&self, token: String) -> Self {
        Self { key: SigningKey::from_jwk(&self.key.to_jwk()).expect("the same key"), token }
    }

    /// A JWS over exactly this header and payload.
    #[must_use]
    pub fn signed(&self, header: &str, payload: &str) -> String {
        signed(&self.key, header, payload)
    }
}

/// The `ath` of a token.
#[must_use]
pub fn ath(token: &str) -> String {
    base64url::encode(&token_hash(token.as_bytes()))
}

fn signed(key: &SigningKey, header: &str, payload: &str) -> String {
    let input = format!("{}.{}", base64url::encode(header.as_bytes()), base64url::encode(payload.as_bytes()));
    let signature = key.sign(input.as_bytes()).expect("signed");
    format!("{input}.{}", base64url::encode(&signature))
}

/// `base` with the members of `more`; those that are `null` are removed.
pub(crate) fn merged(base: Value, more: Value) -> Value {
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

/// A text that no other call has given.
#[must_use]
pub fn unique() -> String {
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
