//! Providers that hang, lie and flood.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use keybound_suites::{Answer, Client, Gateway, Upstream};
use serde_json::{Value, json};

use crate::provider::{Manner, Unreliable};
use crate::{get, open_route, resident, told};

/// Milliseconds for a call to a provider that will answer, well or badly: a busy machine takes its time.
const PATIENT: u64 = 30_000;
/// Milliseconds for a call to one whose answer never ends.
const SHORT: u64 = 200;

struct Stage {
    gateway: Gateway,
    upstream: Upstream,
    provider: Unreliable,
    client: Client,
}

impl Stage {
    fn start() -> Self {
        // On a busy machine a worker's timer is late, whatever a provider does.
        let gateway = Gateway::start(&[("overload_max_lag", "0")]);
        let (upstream, provider) = (Upstream::start(), Unreliable::start());
        open_route(&gateway, "open", upstream.address, json!({}));
        let client = provider.provider.client();
        let token =
            provider.provider.token(json!({ "iss": provider.issuer, "cnf": { "jkt": client.jkt() } }));
        let client = client.holding(token);
        Self { gateway, upstream, provider, client }
    }

    /// A guarded route; every one has a plugin of its own, which knows nothing yet.
    fn guard(&self, name: &str, more: &Value) {
        let mut config = json!({
            "issuer": self.provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
            "display_errors": true, "timeout": PATIENT,
        });
        if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
            config.extend(more.clone());
        }
        self.gateway.admin.guard(name, &format!("/{name}"), self.upstream.address, &config);
    }

    /// A good request to a guarded route.
    fn guarded(&self, name: &str) -> Answer {
        let (address, path) = (self.gateway.plain, format!("/{name}"));
        let proof = self.client.proof("GET", &format!("http://{address}{path}"));
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: DPoP {}\r\nDPoP: {proof}\r\n\r\n",
            self.client.token
        );
        Answer::to(address, head.as_bytes())
    }

    /// A request with an opaque token, which the provider is asked about.
    fn opaque(&self, name: &str, token: &str) -> Answer {
        let address = self.gateway.plain;
        let head = format!(
            "GET /{name} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        Answer::to(address, head.as_bytes())
    }
}

/// The fault is the provider's: no challenge, which would send the client for a new token.
#[track_caller]
fn is_unavailable(answer: &Answer, place: &str) {
    assert_eq!(answer.status, 503, "{place}: {answer:?}");
    assert_eq!(answer.all("www-authenticate"), Vec::<&str>::new(), "{place}: {answer:?}");
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert!(body["message"].is_string(), "{place}: {answer:?}");
}

/// Runs `work` while requests go to a route that has nothing to do with it; how many were answered meanwhile.
fn beside(stage: &Stage, work: impl FnOnce() + Send) -> usize {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let others = scope.spawn(|| {
            let mut answered = 0;
            while !done.load(Ordering::SeqCst) || answered == 0 {
                let answer = get(stage.gateway.plain, "/open");
                assert_eq!(answer.status, 200, "another route: {answer:?}");
                answered += 1;
            }
            answered
        });
        work();
        done.store(true, Ordering::SeqCst);
        others.join().unwrap()
    })
}

#[test]
fn a_provider_that_misbehaves_costs_its_own_routes_only_and_each_is_told_503() {
    let stage = Stage::start();
    for (endpoint, what) in [("discovery", "discovery"), ("jwks", "key set"), ("introspect", "introspection")]
    {
        // A connection that costs memory would show here.
        let before = resident(&stage.gateway);
        let mut others = 0;
        for (manner, does) in Manner::BAD {
            stage.provider.does(endpoint, manner);
            let name = format!("{endpoint}-{manner:?}").to_lowercase();
            let place = format!("{what} {does}");
            // Only where the answer never ends may the time end before a good one would have come.
            let timeout = if manner.ends() { PATIENT } else { SHORT };
            if endpoint == "introspect" {
                stage.guard(
                    &name,
                    &json!({
                        "auth_methods": ["introspection"], "proof_of_possession_dpop": "off",
                        "client_id": ["suite"], "client_secret": ["a-client-secret-of-this-suite"],
                        "timeout": timeout,
                    }),
                );
                others +=
                    beside(&stage, || is_unavailable(&stage.opaque(&name, "opaque-token-of-chaos"), &place));
            } else {
                stage.guard(&name, &json!({ "timeout": timeout }));
                others += beside(&stage, || is_unavailable(&stage.guarded(&name), &place));
            }
        }
        stage.provider.does(endpoint, Manner::Good);
        let more = resident(&stage.gateway).saturating_sub(before) >> 20;
        assert!(more < 40, "{what}: {more} MB more, as if what the provider sent were kept");
        told(
            &format!("{what}: {}", Manner::BAD.map(|(_, does)| does).join(", ")),
            "503 without a challenge, at the latest after the plugin's timeout",
            &format!("nothing: {others} requests to another route were answered meanwhile"),
        );
    }
    stage.guard("after", &json!({}));
    assert_eq!(stage.guarded("after").status, 200, "a provider that is well again is believed again");
}

#[test]
fn with_keys_in_hand_requests_go_on_whatever_the_provider_does() {
    let stage = Stage::start();
    stage.guard("known", &json!({}));
    assert_eq!(stage.guarded("known").status, 200);
    for (manner, does) in Manner::BAD {
        for endpoint in ["discovery", "jwks"] {
            stage.provider.does(endpoint, manner);
        }
        let answer = stage.guarded("known");
        assert_eq!(answer.status, 200, "the provider {does}: {answer:?}");
    }
    told(
        "discovery and key set fail in every manner after the keys were fetched",
        "200: tokens are verified with the keys in hand",
        "nothing",
    );
}
