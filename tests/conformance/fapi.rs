//! The negative tests for resource servers with DPoP of the conformance suite for the FAPI 2.0 Security Profile, each under the
//! name that the suite gives to what it does, in snake case; and what it wants to pass.

use keybound_pop::algorithm::Algorithm;
use keybound_suites::{Stage, ath, now};
use serde_json::json;

bad_proofs! {
    remove_typ: |s| s.differing(json!({ "typ": null }), json!({})) => "proof_typ";
    set_dpop_header_typ_to_jwt: |s| s.differing(json!({ "typ": "JWT" }), json!({})) => "proof_typ";
    remove_jwk: |s| s.differing(json!({ "jwk": null }), json!({})) => "proof_jwk_missing";
    set_dpop_header_jwk_to_private_key: |s| {
        s.differing(json!({ "jwk": s.client.key.to_jwk() }), json!({}))
    } => "proof_jwk_private";
    set_dpop_header_jwk_to_symmetric_key: |s| {
        s.differing(json!({ "jwk": { "kty": "oct", "k": "AAAA", "alg": "HS256" }, "alg": "HS256" }), json!({}))
    } => "proof_alg";
    sign_dpop_and_remove_alg: |s| s.differing(json!({ "alg": null }), json!({})) => "proof_alg";
    set_dpop_alg_to_none: |s| s.differing(json!({ "alg": "none" }), json!({})) => "proof_alg";
    invalidate_dpop_proof_signature: |s| {
        let whole = s.client.proof("GET", &s.url(Stage::PATH));
        let (signed, signature) = whole.rsplit_once('.').unwrap();
        let mut bytes = keybound_pop::base64url::decode(signature).unwrap();
        bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
        s.request(&format!("{signed}.{}", keybound_pop::base64url::encode(&bytes)))
    } => "proof_signature";
    sign_with_another_key_than_the_one_in_the_header: |s| {
        let other = s.provider.client();
        let claims = s.client.claims("GET", &s.url(Stage::PATH)).to_string();
        s.request(&other.signed(&s.client.header().to_string(), &claims))
    } => "proof_signature";
    remove_jti: |s| s.differing(json!({}), json!({ "jti": null })) => "proof_jti";
    remove_htm: |s| s.differing(json!({}), json!({ "htm": null })) => "proof_htm";
    set_dpop_htm_to_put: |s| s.differing(json!({}), json!({ "htm": "PUT" })) => "proof_htm_mismatch";
    remove_htu: |s| s.differing(json!({}), json!({ "htu": null })) => "proof_htu";
    set_dpop_htu_to_different_url: |s| {
        s.differing(json!({}), json!({ "htu": "https://www.example.com/resource" }))
    } => "proof_htu_mismatch";
    remove_iat: |s| s.differing(json!({}), json!({ "iat": null })) => "proof_iat";
    set_iat_far_in_the_past: |s| s.differing(json!({}), json!({ "iat": now() - 86_400 })) => "proof_iat_too_old";
    set_iat_far_in_the_future: |s| s.differing(json!({}), json!({ "iat": now() + 86_400 })) => "proof_iat_too_new";
    set_exp_in_the_past: |s| s.differing(json!({}), json!({ "exp": now() - 300 })) => "proof_expired";
    set_nbf_in_the_future: |s| s.differing(json!({}), json!({ "nbf": now() + 300 })) => "proof_not_yet_valid";
    skip_set_dpop_access_token_hash: |s| s.differing(json!({}), json!({ "ath": null })) => "proof_ath";
    set_dpop_access_token_hash_to_another: |s| {
        s.differing(json!({}), json!({ "ath": ath("another token") }))
    } => "proof_ath_mismatch";
    not_wellformed_dpop: |s| s.request("this.is-not-a.proof") => "proof_malformed";
    not_wellformed_dpop_without_parts: |s| s.request("this-is-not-a-proof") => "proof_malformed";
    multiple_proofs: |s| {
        s.good().field("DPoP", &s.client.proof("GET", &s.url(Stage::PATH)))
    } => "proof_multiple";
    no_proof: |s| s.good().without("DPoP") => "proof_missing";
    rs256_where_the_profile_forbids_it: |s| {
        let path = crate::route("fapi", json!({ "dpop_signing_algorithms": ["ES256", "PS256", "EdDSA"] }));
        s.by(&s.provider.client_with(Algorithm::Rs256), "GET", &path)
    } => "proof_alg_not_accepted";
}

bad_tokens! {
    force_bearer: |s| s.good().authorization(&format!("Bearer {}", s.client.token)) => "binding_dpop_required";
    force_bearer_without_a_proof: |s| {
        s.good().without("DPoP").authorization(&format!("Bearer {}", s.client.token))
    } => "binding_dpop_required";
    generate_new_sign_key: |s| {
        s.by(&s.provider.client().holding(s.client.token.clone()), "GET", Stage::PATH)
    } => "proof_key_mismatch";
    token_of_nobody: |s| {
        s.by(&s.client.holding("not-a-token".to_owned()), "GET", Stage::PATH)
    } => "token_malformed";
    token_without_binding: |s| {
        s.by(&s.client.holding(s.provider.token(json!({}))), "GET", Stage::PATH)
    } => "binding_not_dpop_bound";
}

forwarded! {
    rs_dpop_auth_scheme_case_insensitivity: |s| s.good().authorization(&format!("dPoP {}", s.client.token));
    check_dpop_proof_nbf_exp: |s| s.differing(json!({}), json!({ "nbf": now(), "exp": now() + 300 }));
    iat_10_seconds_before: |s| s.differing(json!({}), json!({ "iat": now() - 10 }));
    iat_8_seconds_after: |s| s.differing(json!({}), json!({ "iat": now() + 8 }));
    add_query_and_fragment: |s| {
        s.differing(json!({}), json!({ "htu": format!("{}?query=a#fragment", s.url(Stage::PATH)) }))
    };
    remove_query_and_fragment: |s| s.good().target("/guarded?query=a");
    token_in_the_field_with_ps256: |s| s.by(&s.provider.client_with(Algorithm::Ps256), "GET", Stage::PATH);
    token_in_the_field_with_eddsa: |s| s.by(&s.provider.client_with(Algorithm::EdDsa), "GET", Stage::PATH);
}

#[test]
fn dpop_reuse() {
    let stage = crate::stage();
    let request = stage.good();
    stage.forwarded("once", &request, &stage.client.token);
    stage.refused("again", &request, "invalid_dpop_proof", "proof_replayed");
}

#[test]
fn fixed_jti_claim() {
    let stage = crate::stage();
    let jti = keybound_suites::unique();
    let with = |iat: i64| stage.differing(json!({}), json!({ "jti": jti, "iat": iat }));
    stage.forwarded("once", &with(now()), &stage.client.token);
    stage.refused("again", &with(now() - 1), "invalid_dpop_proof", "proof_replayed");
}

#[test]
fn token_in_the_query() {
    let stage = crate::stage();
    let target = format!("{}?access_token={}", Stage::PATH, stage.client.token);
    let request = stage.good().without("Authorization").target(&target);
    stage.refused("in the query", &request, "invalid_token", "binding_dpop_required");
}

#[test]
fn iat_is_not_looked_at_with_a_nonce() {
    let stage = crate::stage();
    let path = crate::route("nonces", json!({ "dpop_use_nonce": true }));
    let nonce = crate::nonce::given(&stage.by(&stage.client, "GET", &path));
    for iat in [now() - 86_400, now() + 86_400] {
        let claims = json!({ "iat": iat, "nonce": nonce });
        let request = stage.proved(&stage.client, "GET", &path, json!({}), claims);
        stage.forwarded("with a nonce", &request, &stage.client.token);
    }
}
