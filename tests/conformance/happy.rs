//! Requests that pass, and what the upstream sees of them.

use std::thread;

use keybound_pop::algorithm::Algorithm;
use keybound_suites::{Stage, now};
use serde_json::json;

use crate::{optional, route, stage};

/// A client whose key signs with this algorithm gets through.
fn signs_with(name: &str, algorithm: Algorithm) {
    let client = stage().provider.client_with(algorithm);
    stage().forwarded(name, &stage().by(&client, "GET", Stage::PATH), &client.token);
}

#[test]
fn ok_01_everything_is_right() {
    let seen = stage().forwarded("OK-01", &stage().good(), &stage().client.token);
    assert_eq!(seen.line(), "GET /up HTTP/1.1", "{seen:?}");
}

#[test]
fn ok_01_over_tls() {
    let stage = stage();
    let url = format!("https://{}{}", stage.gateway.secure, Stage::PATH);
    let proof = stage.client.proof("GET", &url);
    let request = stage.request(&proof).without("Host").field("Host", &stage.gateway.secure.to_string());
    let answer = keybound_suites::tls::send(stage.gateway.secure, &request.bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn ok_01_with_a_body_that_arrives_whole() {
    let stage = stage();
    let request = stage.by(&stage.client, "POST", Stage::PATH).body("{\"a\":1}");
    let seen = stage.forwarded("a body", &request, &stage.client.token);
    assert_eq!(seen.body(), "{\"a\":1}");
}

#[test]
fn ok_02_es384() {
    signs_with("OK-02", Algorithm::Es384);
}

#[test]
fn ok_02_es512() {
    signs_with("ES512", Algorithm::Es512);
}

#[test]
fn ok_06_rs256() {
    signs_with("OK-06", Algorithm::Rs256);
}

#[test]
fn ok_06_rs512() {
    signs_with("RS512", Algorithm::Rs512);
}

#[test]
fn ok_06_ps256() {
    signs_with("PS256", Algorithm::Ps256);
}

#[test]
fn ok_06_ps384() {
    signs_with("PS384", Algorithm::Ps384);
}

#[test]
fn ok_07_an_algorithm_that_is_not_configured() {
    let stage = stage();
    let path = route("es256-only", json!({ "dpop_signing_algorithms": ["ES256", "EdDSA"] }));
    for algorithm in [Algorithm::Rs256, Algorithm::Es384] {
        let client = stage.provider.client_with(algorithm);
        let request = stage.by(&client, "GET", &path);
        let answer = stage.refused("OK-07", &request, "invalid_dpop_proof", "proof_alg_not_accepted");
        assert!(answer.challenges()[0].text.contains("algs=\"ES256 EdDSA\""), "{answer:?}");
    }
    stage.forwarded("a configured one", &stage.by(&stage.client, "GET", &path), &stage.client.token);
}

#[test]
fn ok_07_a_key_known_from_another_route_is_no_way_round_the_list() {
    let stage = stage();
    let path = route("es256-only", json!({ "dpop_signing_algorithms": ["ES256", "EdDSA"] }));
    let client = stage.provider.client_with(Algorithm::Es384);
    stage.forwarded("its header is remembered", &stage.by(&client, "GET", Stage::PATH), &client.token);
    let request = stage.by(&client, "GET", &path);
    stage.refused("OK-07", &request, "invalid_dpop_proof", "proof_alg_not_accepted");
}

#[test]
fn ok_09_eddsa() {
    signs_with("OK-09", Algorithm::EdDsa);
}

#[test]
fn ok_09_ed25519_by_its_own_name() {
    signs_with("Ed25519", Algorithm::Ed25519);
}

#[test]
fn ok_09_one_key_under_both_names() {
    let stage = stage();
    let client = stage.provider.client_with(Algorithm::EdDsa);
    for name in ["EdDSA", "Ed25519"] {
        let request = stage.proved(&client, "GET", Stage::PATH, json!({ "alg": name }), json!({}));
        stage.forwarded(name, &request, &client.token);
    }
}

fn with_scheme(stage: &Stage, scheme: &str) -> keybound_suites::Request {
    stage.good().authorization(&format!("{scheme} {}", stage.client.token))
}

forwarded! {
    ok_11_scheme_in_lower_case: |s| with_scheme(s, "dpop");
    ok_12_scheme_in_upper_case: |s| with_scheme(s, "DPOP");
    ok_12_scheme_in_mixed_case: |s| with_scheme(s, "dPoP");
    ok_16_exp_and_nbf_that_hold: |s| s.differing(json!({}), json!({ "exp": now() + 300, "nbf": now() }));
    ok_16_nbf_ahead_within_the_leeway: |s| s.differing(json!({}), json!({ "nbf": now() + 5 }));
    ok_16_exp_past_within_the_leeway: |s| s.differing(json!({}), json!({ "exp": now() - 3 }));
    ok_17_header_with_white_space: |s| {
        let jwk = serde_json::to_string_pretty(&s.client.key.public().to_jwk()).unwrap();
        let header = format!("{{\r\n \"typ\" : \"dpop+jwt\",\n \"alg\":\t\"ES256\", \"jwk\": {jwk} }}\n");
        s.request(&s.client.signed(&header, &s.client.claims("GET", &s.url(Stage::PATH)).to_string()))
    };
    ok_18_claim_name_with_an_escape: |s| {
        let claims = s.client.claims("GET", &s.url(Stage::PATH)).to_string().replace("\"htm\"", r#""\u0068tm""#);
        s.request(&s.client.signed(&s.client.header().to_string(), &claims))
    };
    ok_18_claim_value_with_an_escape: |s| {
        let claims = s.client.claims("GET", &s.url(Stage::PATH)).to_string().replace("\"GET\"", r#""\u0047ET""#);
        s.request(&s.client.signed(&s.client.header().to_string(), &claims))
    };
}

#[test]
fn ok_20_an_opaque_token_by_introspection() {
    let stage = stage();
    let path = crate::introspection::opaque_route();
    let token = stage.provider.opaque(json!({ "cnf": { "jkt": stage.client.jkt() } }));
    let client = stage.client.holding(token);
    stage.forwarded("OK-20", &stage.by(&client, "GET", &path), &client.token);
}

#[test]
fn ok_22_an_unbound_token_where_binding_is_demanded() {
    let stage = stage();
    let token = stage.provider.token(json!({}));
    let request = stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {token}"));
    stage.refused("OK-22", &request, "invalid_token", "binding_dpop_required");
}

#[test]
fn ok_22_an_unbound_token_where_it_is_not() {
    let stage = stage();
    let token = stage.provider.token(json!({}));
    let request = stage.bare("GET", &optional()).field("Authorization", &format!("Bearer {token}"));
    stage.forwarded("an unbound token", &request, &token);
}

/// Sends these requests from so many threads at once; how many were forwarded with their own token.
fn in_parallel(requests: &[(keybound_suites::Request, String)], threads: usize) -> usize {
    thread::scope(|scope| {
        let parts = requests.chunks(requests.len().div_ceil(threads));
        let running: Vec<_> = parts
            .map(|part| {
                scope.spawn(move || {
                    part.iter()
                        .filter(|(request, token)| {
                            stage().forwarded("in parallel", request, token);
                            true
                        })
                        .count()
                })
            })
            .collect();
        running.into_iter().map(|one| one.join().unwrap()).sum()
    })
}

#[test]
fn ok_23_one_key_many_proofs_at_once() {
    let stage = stage();
    let requests: Vec<_> = (0..200).map(|_| (stage.good(), stage.client.token.clone())).collect();
    assert_eq!(in_parallel(&requests, 20), 200);
}

#[test]
fn ok_24_many_keys_at_once_are_not_mixed_up() {
    let stage = stage();
    let clients: Vec<_> = (0..10).map(|_| stage.provider.client()).collect();
    let requests: Vec<_> = (0..200)
        .map(|index| &clients[index % clients.len()])
        .map(|client| (stage.by(client, "GET", Stage::PATH), client.token.clone()))
        .collect();
    assert_eq!(in_parallel(&requests, 20), 200);
}
