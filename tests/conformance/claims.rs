//! The proof's claims: types, method, times, and the token's hash. The URL has a module of its own.

use keybound_pop::base64url;
use keybound_suites::{Request, Stage, ath, now};
use serde_json::{Value, json};

use crate::{route, stage};

fn claims(stage: &Stage, more: Value) -> Request {
    stage.differing(json!({}), more)
}

/// A request whose proof has the good claims after an edit of their text.
fn edited(stage: &Stage, edit: fn(&str) -> String) -> Request {
    let good = stage.client.claims("GET", &stage.url(Stage::PATH)).to_string();
    stage.request(&stage.client.signed(&stage.client.header().to_string(), &edit(&good)))
}

bad_proofs! {
    cl_01_jti_missing: |s| claims(s, json!({ "jti": null })) => "proof_jti";
    cl_01_jti_is_a_number: |s| claims(s, json!({ "jti": 1 })) => "proof_jti";
    cl_01_jti_is_null: |s| edited(s, |text| text.replacen("\"jti\":", "\"jti\":null,\"other\":", 1)) => "proof_jti";
    cl_02_jti_empty: |s| claims(s, json!({ "jti": "" })) => "proof_jti";
    cl_02_jti_of_257_bytes: |s| claims(s, json!({ "jti": "j".repeat(257) })) => "proof_jti";
    cl_02_jti_of_fewer_letters_and_too_many_bytes: |s| claims(s, json!({ "jti": "é".repeat(129) })) => "proof_jti";
    cl_07_htm_missing: |s| claims(s, json!({ "htm": null })) => "proof_htm";
    cl_07_htm_is_a_list: |s| claims(s, json!({ "htm": ["GET"] })) => "proof_htm";
    cl_07_htm_empty: |s| claims(s, json!({ "htm": "" })) => "proof_htm_mismatch";
    cl_08_htm_in_lower_case: |s| claims(s, json!({ "htm": "get" })) => "proof_htm_mismatch";
    cl_08_htm_with_a_space: |s| claims(s, json!({ "htm": "GET " })) => "proof_htm_mismatch";
    cl_09_htm_of_another_method: |s| claims(s, json!({ "htm": "POST" })) => "proof_htm_mismatch";
    cl_09_htm_of_any_method: |s| claims(s, json!({ "htm": "*" })) => "proof_htm_mismatch";
    cl_12_htu_missing: |s| claims(s, json!({ "htu": null })) => "proof_htu";
    cl_13_htu_is_a_number: |s| claims(s, json!({ "htu": 1 })) => "proof_htu";
    cl_13_htu_is_a_list: |s| claims(s, json!({ "htu": [s.url(Stage::PATH)] })) => "proof_htu";
    cl_13_htu_is_an_object: |s| claims(s, json!({ "htu": {} })) => "proof_htu";
    cl_14_htu_is_no_url: |s| claims(s, json!({ "htu": "nowhere" })) => "proof_htu_not_absolute";
    cl_14_htu_empty: |s| claims(s, json!({ "htu": "" })) => "proof_htu_not_absolute";
    cl_14_htu_without_scheme: |s| {
        claims(s, json!({ "htu": format!("//{}{}", s.authority(), Stage::PATH) }))
    } => "proof_htu_not_absolute";
    cl_14_htu_is_a_path: |s| claims(s, json!({ "htu": Stage::PATH })) => "proof_htu_not_absolute";
    cl_15_iat_missing: |s| claims(s, json!({ "iat": null })) => "proof_iat";
    cl_15_iat_is_null: |s| edited(s, |text| text.replacen("\"iat\":", "\"iat\":null,\"other\":", 1)) => "proof_iat";
    cl_16_iat_is_text: |s| claims(s, json!({ "iat": now().to_string() })) => "proof_iat";
    cl_16_iat_is_true: |s| claims(s, json!({ "iat": true })) => "proof_iat";
    cl_16_iat_is_a_list: |s| claims(s, json!({ "iat": [now()] })) => "proof_iat";
    cl_16_iat_is_a_date: |s| claims(s, json!({ "iat": "2026-01-01T00:00:00Z" })) => "proof_iat";
    cl_21_iat_zero: |s| claims(s, json!({ "iat": 0 })) => "proof_iat_too_old";
    cl_21_iat_negative: |s| claims(s, json!({ "iat": -1 })) => "proof_iat_too_old";
    cl_21_iat_of_the_far_past: |s| claims(s, json!({ "iat": i64::MIN })) => "proof_iat";
    cl_21_iat_beyond_all_integers: |s| claims(s, json!({ "iat": 1e300 })) => "proof_iat";
    cl_21_iat_at_the_end_of_integers: |s| claims(s, json!({ "iat": u64::MAX })) => "proof_iat";
    cl_22_iat_in_milliseconds: |s| claims(s, json!({ "iat": now() * 1000 })) => "proof_iat_too_new";
    cl_28_iat_older_than_lifetime_and_leeway: |s| claims(s, json!({ "iat": now() - 320 })) => "proof_iat_too_old";
    cl_28_iat_far_ahead: |s| claims(s, json!({ "iat": now() + 310 })) => "proof_iat_too_new";
    cl_30_iat_just_beyond_the_leeway: |s| claims(s, json!({ "iat": now() + 30 })) => "proof_iat_too_new";
    cl_30_iat_just_beyond_the_lifetime: |s| claims(s, json!({ "iat": now() - 311 })) => "proof_iat_too_old";
    cl_32_exp_in_the_past: |s| claims(s, json!({ "exp": now() - 60 })) => "proof_expired";
    cl_32_exp_just_beyond_the_leeway: |s| claims(s, json!({ "exp": now() - 11 })) => "proof_expired";
    cl_32_exp_is_text: |s| claims(s, json!({ "exp": "never" })) => "proof_numeric_date";
    cl_32_exp_is_null: |s| edited(s, |text| text.replacen('{', "{\"exp\":null,", 1)) => "proof_numeric_date";
    cl_32_nbf_ahead: |s| claims(s, json!({ "nbf": now() + 60 })) => "proof_not_yet_valid";
    cl_32_nbf_is_text: |s| claims(s, json!({ "nbf": "0" })) => "proof_numeric_date";
    cl_35_ath_missing: |s| claims(s, json!({ "ath": null })) => "proof_ath";
    cl_35_ath_is_a_number: |s| claims(s, json!({ "ath": 1 })) => "proof_ath";
    cl_35_ath_empty: |s| claims(s, json!({ "ath": "" })) => "proof_ath";
    cl_36_ath_of_another_token: |s| claims(s, json!({ "ath": ath("another") })) => "proof_ath_mismatch";
    cl_36_ath_in_another_case: |s| {
        claims(s, json!({ "ath": base64url::encode(&[b'a'; 32]) }))
    } => "proof_ath_mismatch";
    cl_37_ath_with_padding: |s| claims(s, json!({ "ath": format!("{}=", ath(&s.client.token)) })) => "proof_ath";
    cl_37_ath_in_hexadecimal: |s| claims(s, json!({ "ath": "0".repeat(64) })) => "proof_ath";
    cl_37_ath_cut_short: |s| claims(s, json!({ "ath": ath(&s.client.token)[..42] })) => "proof_ath";
    cl_37_ath_of_left_half_only: |s| {
        let whole = base64url::decode(&ath(&s.client.token)).unwrap();
        claims(s, json!({ "ath": base64url::encode(&whole[..16]) }))
    } => "proof_ath";
    cl_40_ath_with_the_scheme: |s| {
        claims(s, json!({ "ath": ath(&format!("DPoP {}", s.client.token)) }))
    } => "proof_ath_mismatch";
    cl_40_ath_of_the_payload_only: |s| {
        claims(s, json!({ "ath": ath(s.client.token.split('.').nth(1).unwrap()) }))
    } => "proof_ath_mismatch";
}

forwarded! {
    cl_02_jti_of_256_bytes: |s| claims(s, json!({ "jti": format!("{:0>256}", keybound_suites::unique()) }));
    cl_02_jti_of_one_letter: |s| claims(s, json!({ "jti": "j" }));
    cl_06_jti_with_anything_in_it: |s| {
        claims(s, json!({ "jti": format!("\u{0}\n\u{1f600}\u{202e}{}", keybound_suites::unique()) }))
    };
    cl_18_iat_with_a_fraction: |s| claims(s, json!({ "iat": now() as f64 + 0.5 }));
    cl_18_iat_as_a_float: |s| claims(s, json!({ "iat": now() as f64 }));
    cl_25_iat_ten_seconds_ago: |s| claims(s, json!({ "iat": now() - 10 }));
    cl_27_iat_a_minute_ago: |s| claims(s, json!({ "iat": now() - 60 }));
    cl_27_iat_just_within_the_lifetime: |s| claims(s, json!({ "iat": now() - 295 }));
    cl_30_iat_ahead_within_the_leeway: |s| claims(s, json!({ "iat": now() + 8 }));
    cl_30_iat_beyond_the_lifetime_within_the_leeway: |s| claims(s, json!({ "iat": now() - 305 }));
    cl_43_claims_of_other_uses: |s| claims(s, json!({ "aud": "x", "iss": 7, "sub": {}, "cnf": [] }));
    cl_44_a_body_hash_is_not_ours_to_judge: |s| {
        s.proved(&s.client, "POST", Stage::PATH, json!({}), json!({ "bh": ath("another body") })).body("a body")
    };
}

#[test]
fn cl_06_a_jti_is_logged_escaped_if_at_all() {
    let stage = stage();
    let jti = format!("line\n{{\"message\":\"forged-{}\"}}", keybound_suites::unique());
    let request = claims(stage, json!({ "jti": jti }));
    stage.forwarded("CL-06", &request, &stage.client.token);
    stage.refused("CL-06", &request, "invalid_dpop_proof", "proof_replayed");
    let forged = jti.lines().nth(1).unwrap();
    assert!(stage.gateway.log().lines().all(|line| line != forged));
}

#[test]
fn cl_28_a_shorter_lifetime() {
    let stage = stage();
    let path = route("short-lived", json!({ "dpop_proof_lifetime": 30, "dpop_proof_leeway": 0 }));
    let at = |iat: i64| stage.proved(&stage.client, "GET", &path, json!({}), json!({ "iat": iat }));
    stage.forwarded("within", &at(now() - 20), &stage.client.token);
    stage.refused("older", &at(now() - 31), "invalid_dpop_proof", "proof_iat_too_old");
    stage.refused("ahead", &at(now() + 20), "invalid_dpop_proof", "proof_iat_too_new");
}

#[test]
fn cl_30_the_larger_of_two_leeways_holds() {
    let stage = stage();
    let path = route("lenient", json!({ "dpop_proof_leeway": 2, "leeway": 60 }));
    let at = |iat: i64| stage.proved(&stage.client, "GET", &path, json!({}), json!({ "iat": iat }));
    stage.forwarded("ahead", &at(now() + 50), &stage.client.token);
    stage.refused("further ahead", &at(now() + 90), "invalid_dpop_proof", "proof_iat_too_new");
}

#[test]
fn cl_31_a_valid_nonce_decides_instead_of_iat() {
    let stage = stage();
    let path = route("nonces", json!({ "dpop_use_nonce": true }));
    let nonce = crate::nonce::given(&stage.by(&stage.client, "GET", &path));
    for iat in [now() - 3600, now() + 3600, 0] {
        let claims = json!({ "iat": iat, "nonce": nonce });
        let request = stage.proved(&stage.client, "GET", &path, json!({}), claims);
        stage.forwarded("CL-31", &request, &stage.client.token);
    }
    let claims = json!({ "iat": "now", "nonce": nonce });
    let request = stage.proved(&stage.client, "GET", &path, json!({}), claims);
    stage.refused("its type still counts", &request, "invalid_dpop_proof", "proof_iat");
}
