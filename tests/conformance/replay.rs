//! A proof is good once.

use std::thread;

use keybound_suites::{Client, Gateway, Provider, Request, Stage, Upstream, now, unique};
use serde_json::{Value, json};

use crate::{route, stage};

const BAD: &str = "invalid_dpop_proof";

fn with(claims: Value) -> Request {
    stage().differing(json!({}), claims)
}

#[track_caller]
fn passes(name: &str, request: &Request) {
    stage().forwarded(name, request, &stage().client.token);
}

#[track_caller]
fn replayed(name: &str, request: &Request) {
    stage().refused(name, request, BAD, "proof_replayed");
}

#[test]
fn rp_01_the_same_proof_twice() {
    let request = stage().good();
    passes("RP-01", &request);
    replayed("RP-01", &request);
    replayed("and again", &request);
}

#[test]
fn rp_01_the_same_proof_at_once() {
    let request = stage().good();
    let passed = thread::scope(|scope| {
        let running: Vec<_> = (0..16).map(|_| scope.spawn(|| stage().send(&request).status)).collect();
        running.into_iter().map(|one| one.join().unwrap()).filter(|status| *status == 200).count()
    });
    assert_eq!(passed, 1);
}

#[test]
fn rp_01_the_same_proof_with_another_query() {
    let request = stage().good();
    passes("RP-01", &request);
    replayed("another query", &request.target("/guarded?a=b"));
}

#[test]
fn rp_01_the_same_proof_with_another_body() {
    let request = stage().by(&stage().client, "POST", Stage::PATH);
    passes("RP-01", &request.clone().body("one"));
    replayed("another body", &request.body("two"));
}

#[test]
fn rp_02_the_same_jti_in_another_proof() {
    let jti = unique();
    passes("RP-02", &with(json!({ "jti": jti })));
    replayed("RP-02", &with(json!({ "jti": jti, "iat": now() - 1, "extra": 1 })));
}

#[test]
fn rp_02_the_same_jti_for_another_path() {
    let jti = unique();
    passes("RP-02", &with(json!({ "jti": jti })));
    let other = stage().proved(&stage().client, "GET", "/guarded/other", json!({}), json!({ "jti": jti }));
    replayed("another path", &other);
}

#[test]
fn rp_02_the_same_jti_through_an_escape() {
    let jti = unique();
    passes("RP-02", &with(json!({ "jti": jti })));
    let claims = stage().client.claims("GET", &stage().url(Stage::PATH)).to_string();
    let (before, after) = claims.split_once("\"jti\":\"").unwrap();
    let escaped = format!("\\u{:04x}{}", jti.as_bytes()[0], &jti[1..]);
    let claims = format!("{before}\"jti\":\"{escaped}\"{}", &after[after.find('"').unwrap() + 1..]);
    let proof = stage().client.signed(&stage().client.header().to_string(), &claims);
    replayed("an escape", &stage().request(&proof));
}

#[test]
fn rp_02_the_same_jti_for_another_token_of_the_same_key() {
    let stage = stage();
    let jti = unique();
    passes("RP-02", &with(json!({ "jti": jti })));
    let token = stage.provider.token(json!({ "cnf": { "jkt": stage.client.jkt() } }));
    let other = stage.client.holding(token);
    let request = stage.proved(&other, "GET", Stage::PATH, json!({}), json!({ "jti": jti }));
    replayed("another token", &request);
}

#[test]
fn rp_02_the_same_jti_under_another_spelling_of_the_key() {
    let stage = stage();
    let jti = unique();
    passes("RP-02", &with(json!({ "jti": jti })));
    let mut jwk = stage.client.key.public().to_jwk();
    jwk.insert("kid".to_owned(), "another name".into());
    jwk.insert("use".to_owned(), "sig".into());
    let request = stage.differing(json!({ "jwk": jwk, "typ": "DPoP+JWT" }), json!({ "jti": jti }));
    replayed("another spelling", &request);
}

#[test]
fn rp_02_jti_is_compared_as_it_is() {
    let jti = format!("a{}", unique());
    passes("RP-02", &with(json!({ "jti": jti })));
    passes("another case", &with(json!({ "jti": jti.to_ascii_uppercase() })));
    passes("a space", &with(json!({ "jti": format!("{jti} ") })));
}

#[test]
fn rp_04_the_same_jti_of_another_key() {
    let jti = unique();
    passes("RP-04", &with(json!({ "jti": jti })));
    let other = stage().provider.client();
    let request = stage().proved(&other, "GET", Stage::PATH, json!({}), json!({ "jti": jti }));
    stage().forwarded("RP-04", &request, &other.token);
}

#[test]
fn rp_10_after_its_time_it_is_too_old() {
    let path = route("short-windows", json!({ "dpop_proof_lifetime": 3, "dpop_proof_leeway": 0 }));
    let request = stage().by(&stage().client, "GET", &path);
    passes("RP-10", &request);
    // Replayed for as long as it could be used, and then no longer: a second in between accepts it never.
    let mut refusals = 0;
    loop {
        let answer = stage().stopped("RP-10", &request.bytes(), &[401]);
        refusals += 1;
        if answer.body.contains("proof_iat_too_old") {
            break;
        }
        assert!(answer.body.contains("proof_replayed"), "{answer:?}");
        assert!(refusals < 100_000, "it never ends");
    }
}

#[test]
fn rp_11_a_wrong_ath_spends_nothing() {
    let jti = unique();
    stage().refused("RP-11", &with(json!({ "jti": jti, "ath": null })), BAD, "proof_ath");
    stage().refused("RP-11", &with(json!({ "jti": jti, "htm": "POST" })), BAD, "proof_htm_mismatch");
    passes("RP-11", &with(json!({ "jti": jti })));
}

#[test]
fn rp_11_the_key_of_another_spends_nothing() {
    let stage = stage();
    let jti = unique();
    let stranger = stage.provider.client().holding(stage.client.token.clone());
    let request = stage.proved(&stranger, "GET", Stage::PATH, json!({}), json!({ "jti": jti }));
    stage.refused("RP-11", &request, "invalid_token", "proof_key_mismatch");
    passes("RP-11", &with(json!({ "jti": jti })));
}

#[test]
fn rp_12_a_wrong_signature_spends_nothing() {
    let jti = unique();
    let proof = stage().client.proof_with("GET", &stage().url(Stage::PATH), json!({}), json!({ "jti": jti }));
    let (signed, _) = proof.rsplit_once('.').unwrap();
    stage().refused(
        "RP-12",
        &stage().request(&format!("{signed}.{}", "A".repeat(86))),
        BAD,
        "proof_signature",
    );
    passes("RP-12", &with(json!({ "jti": jti })));
}

#[test]
fn rp_13_an_expired_token_spends_nothing() {
    let stage = stage();
    let (jti, jkt) = (unique(), stage.client.jkt());
    let expired = stage.provider.token(json!({ "cnf": { "jkt": jkt }, "exp": now() - 60 }));
    let old = stage.client.holding(expired);
    let request = stage.proved(&old, "GET", Stage::PATH, json!({}), json!({ "jti": jti }));
    stage.refused("RP-13", &request, "invalid_token", "token_expired");
    let new = stage.client.holding(stage.provider.token(json!({ "cnf": { "jkt": jkt } })));
    let request = stage.proved(&new, "GET", Stage::PATH, json!({}), json!({ "jti": jti }));
    stage.forwarded("RP-13", &request, &new.token);
}

#[test]
fn rp_14_a_proof_is_spent_even_where_the_scope_is_missing() {
    let path = route("scoped", json!({ "scopes_required": ["write"] }));
    let request = stage().by(&stage().client, "GET", &path);
    stage().stopped("RP-14", &request.bytes(), &[403]);
    replayed("RP-14", &request);
}

fn by(client: &Client, path: &str) -> Request {
    stage().by(client, "GET", path)
}

#[test]
fn rp_15_a_full_memory_refuses_and_forgets_nothing() {
    let path = route("small-memory", json!({ "dpop_replay_max_entries": 2 }));
    let requests = [(); 3].map(|()| by(&stage().client, &path));
    passes("RP-15", &requests[0]);
    passes("RP-15", &requests[1]);
    let full = stage().rejected("RP-15", &requests[2].bytes(), &[503]);
    assert_eq!(full.all("retry-after").len(), 1, "{full:?}");
    replayed("the first is still known", &requests[0]);
    stage().rejected("and it is still full", &requests[2].bytes(), &[503]);
}

#[test]
fn rp_16_a_key_over_its_quota() {
    let path = route("quota", json!({ "dpop_replay_max_entries_per_key": 3 }));
    let (flooding, other) = (stage().provider.client(), stage().provider.client());
    for _ in 0..3 {
        stage().forwarded("RP-16", &by(&flooding, &path), &flooding.token);
    }
    for _ in 0..50 {
        let many = stage().rejected("RP-16", &by(&flooding, &path).bytes(), &[429]);
        assert_eq!(many.all("retry-after").len(), 1, "{many:?}");
    }
    stage().forwarded("another key", &by(&other, &path), &other.token);
}

/// A gateway without a database, whose route and plugin were there when it started.
fn started_with(provider: &Provider, upstream: &Upstream, folder: &std::path::Path, nonce: bool) -> Gateway {
    let file = folder.join("kong.json");
    let config = json!({
        "issuer": provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict",
        "display_errors": true, "dpop_public_origins": ["http://api.test"], "dpop_use_nonce": nonce,
    });
    let service = json!({
        "name": "guarded", "url": format!("http://{}/up", upstream.address),
        "routes": [{
            "name": "guarded", "paths": ["/guarded"],
            "plugins": [{ "id": "7c5f4c1e-0f0b-4a57-9f5e-1d0c0a2f7f11", "name": "openid-connect", "config": config }],
        }],
    });
    let whole = json!({ "_format_version": "3.0", "services": [service] });
    std::fs::write(&file, whole.to_string()).unwrap();
    Gateway::start(&[("database", "off"), ("declarative_config", file.to_str().unwrap())])
}

/// The nodes before and after a restart, and a client.
fn restarted(
    first: impl FnOnce(&Stage, &Client, &str) -> Request,
) -> (keybound_suites::Answer, keybound_suites::Answer) {
    let folder = tempfile::tempdir().unwrap();
    let (provider, upstream) = (Provider::start(), Upstream::start());
    let client = provider.client();
    let gateway = started_with(&provider, &upstream, folder.path(), false);
    let stage = Stage { gateway, provider, upstream, client };
    let request = first(&stage, &stage.client, "http://api.test/guarded");
    let before = stage.send(&request);
    let Stage { gateway, provider, upstream, client } = stage;
    drop(gateway);
    let gateway = started_with(&provider, &upstream, folder.path(), false);
    let stage = Stage { gateway, provider, upstream, client };
    (before, stage.send(&request))
}

#[test]
fn rp_20_a_restart_opens_no_hole() {
    let (before, after) = restarted(|stage, client, url| stage.request(&client.proof("GET", url)));
    // The first start asks for a nonce too when the proof is as old as itself; in no case is it taken twice.
    assert!([200, 401].contains(&before.status), "{before:?}");
    assert_eq!(after.status, 401, "{after:?}");
    assert_eq!(after.challenges()[0].error.as_deref(), Some("use_dpop_nonce"), "{after:?}");
    crate::nonce::of(&after);
}

#[test]
fn rp_20_what_is_asked_for_after_a_restart_is_then_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, upstream) = (Provider::start(), Upstream::start());
    let client = provider.client();
    let gateway = started_with(&provider, &upstream, folder.path(), false);
    let stage = Stage { gateway, provider, upstream, client };
    let proof = |claims: Value| {
        stage.request(&stage.client.proof_with("GET", "http://api.test/guarded", json!({}), claims))
    };
    let asked =
        stage.refused("older", &proof(json!({ "iat": now() - 60 })), "use_dpop_nonce", "proof_cold_start");
    let nonce = crate::nonce::of(&asked);
    let answer = stage.send(&proof(json!({ "iat": now() - 60, "nonce": nonce })));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn rp_25_protection_switched_off() {
    let path = route("replay-off", json!({ "dpop_replay_protection": "off" }));
    let request = by(&stage().client, &path);
    passes("RP-25", &request);
    passes("RP-25", &request);
}

#[test]
fn rp_25_protection_that_only_reports() {
    let path = route("replay-report", json!({ "dpop_replay_protection": "report" }));
    let request = by(&stage().client, &path);
    passes("RP-25", &request);
    passes("RP-25", &request);
}
