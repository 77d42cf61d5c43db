//! Where the credential stands, and how it is written.

use keybound_suites::{Answer, Request, Stage};
use serde_json::json;

use crate::{optional, route, stage};

const BAD: &str = "invalid_dpop_proof";

/// Refused with 401 and a DPoP challenge that names no error.
#[track_caller]
fn challenged(name: &str, request: &Request) -> Answer {
    let answer = stage().stopped(name, &request.bytes(), &[401]);
    let challenges = answer.challenges();
    assert_eq!(challenges.len(), 1, "{name}: {answer:?}");
    assert_eq!((challenges[0].scheme.as_str(), challenges[0].error.as_deref()), ("DPoP", None), "{name}");
    assert!(challenges[0].text.contains("algs=\"ES256 "), "{name}: {answer:?}");
    answer
}

/// Refused with 400 `invalid_request`.
#[track_caller]
fn bad_request(name: &str, request: &Request, code: &str) {
    let answer = stage().stopped(name, &request.bytes(), &[400]);
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (&body["error"], &body["code"]),
        (&json!("invalid_request"), &json!(code)),
        "{name}: {answer:?}"
    );
    let errors: Vec<_> = answer.challenges().into_iter().filter_map(|challenge| challenge.error).collect();
    assert!(errors.iter().all(|error| error == "invalid_request"), "{name}: {answer:?}");
}

fn token() -> &'static str {
    &stage().client.token
}

fn bare() -> Request {
    stage().bare("GET", Stage::PATH)
}

fn with_proof(value: &str) -> Request {
    stage().good().proof(value)
}

fn proof() -> String {
    stage().client.proof("GET", &stage().url(Stage::PATH))
}

#[test]
fn au_01_nothing_at_all() {
    challenged("AU-01", &bare());
}

#[test]
fn au_01_nothing_at_all_where_bearer_is_taken_too() {
    let answer = stage().stopped("AU-01", &stage().bare("GET", &optional()).bytes(), &[401]);
    let challenges = answer.challenges();
    let schemes: Vec<_> = challenges.iter().map(|one| (one.scheme.as_str(), one.error.as_deref())).collect();
    assert_eq!(schemes, [("DPoP", None), ("Bearer", None)], "{answer:?}");
    assert!(challenges[1].text.contains("realm=\""), "{answer:?}");
}

#[test]
fn au_01_an_empty_authorization_field() {
    challenged("an empty field", &bare().field("Authorization", ""));
}

#[test]
fn au_02_a_proof_alone() {
    challenged("AU-02", &bare().field("DPoP", &proof()));
}

#[test]
fn au_04_no_proof() {
    stage().refused("no proof", &stage().good().without("DPoP"), BAD, "proof_missing");
}

#[test]
fn au_04_an_empty_proof() {
    stage().refused("AU-04", &with_proof(""), BAD, "proof_malformed");
}

#[test]
fn au_05_a_proof_of_spaces() {
    stage().refused("AU-05", &with_proof("   "), BAD, "proof_malformed");
}

#[test]
fn au_06_two_proofs() {
    let request = stage().good().field("DPoP", &proof());
    stage().refused("AU-06", &request, BAD, "proof_multiple");
}

#[test]
fn au_06_two_proofs_under_two_spellings() {
    let request = stage().good().without("DPoP").field("dpop", &proof()).field("DPOP", &proof());
    stage().refused("two spellings", &request, BAD, "proof_multiple");
}

#[test]
fn au_06_the_same_proof_twice() {
    let proof = proof();
    let request = with_proof(&proof).field("DPoP", &proof);
    stage().refused("the same twice", &request, BAD, "proof_multiple");
}

#[test]
fn au_06_a_good_proof_and_an_empty_one() {
    let request = stage().good().field("DPoP", "");
    stage().refused("an empty second", &request, BAD, "proof_multiple");
}

#[test]
fn au_06_two_proofs_in_one_field() {
    let request = with_proof(&format!("{}, {}", proof(), proof()));
    stage().refused("a comma", &request, BAD, "proof_malformed");
}

#[test]
fn au_06_a_proof_and_a_comma() {
    stage().refused("a comma", &with_proof(&format!("{},", proof())), BAD, "proof_malformed");
}

#[test]
fn au_10_authorization_dpop_then_bearer() {
    let request = stage().good().field("Authorization", &format!("Bearer {}", token()));
    bad_request("AU-10", &request, "credential_repeated");
}

#[test]
fn au_10_authorization_twice_the_same() {
    let request = stage().good().field("Authorization", &format!("DPoP {}", token()));
    bad_request("twice", &request, "credential_repeated");
}

#[test]
fn au_10_authorization_dpop_then_basic() {
    let request = stage().good().field("Authorization", "Basic am9objpkb2U=");
    bad_request("and Basic", &request, "credential_repeated");
}

#[test]
fn au_11_authorization_bearer_then_dpop() {
    let request = stage()
        .good()
        .authorization(&format!("Bearer {}", token()))
        .field("Authorization", &format!("DPoP {}", token()));
    bad_request("AU-11", &request, "credential_repeated");
}

#[test]
fn au_14_two_spaces_after_the_scheme() {
    stage().forwarded("AU-14", &stage().good().authorization(&format!("DPoP  {}", token())), token());
}

#[test]
fn au_14_a_tab_after_the_scheme() {
    let request = stage().good().authorization(&format!("DPoP\t{}", token()));
    bad_request("a tab", &request, "credential_malformed");
}

#[test]
fn au_16_a_scheme_without_a_token() {
    bad_request("AU-16", &stage().good().authorization("DPoP"), "credential_malformed");
}

#[test]
fn au_16_bearer_without_a_token() {
    bad_request("Bearer alone", &stage().good().authorization("Bearer"), "credential_malformed");
}

#[test]
fn au_16_a_scheme_stuck_to_its_token() {
    // One word: another scheme, of which nothing is known here.
    challenged("stuck", &stage().good().authorization(&format!("DPoP{}", token())));
}

#[test]
fn au_17_text_behind_the_token() {
    let request = stage().good().authorization(&format!("DPoP {} extra", token()));
    bad_request("AU-17", &request, "credential_malformed");
}

#[test]
fn au_17_a_list_of_credentials() {
    let request = stage().good().authorization(&format!("DPoP {0}, Bearer {0}", token()));
    bad_request("a list", &request, "credential_malformed");
}

#[test]
fn au_17_a_parameter_behind_the_token() {
    let request = stage().good().authorization(&format!("DPoP {},realm=\"x\"", token()));
    bad_request("a parameter", &request, "credential_malformed");
}

#[test]
fn au_18_a_letter_that_tokens_do_not_have() {
    let request = stage().good().authorization(&format!("DPoP {}é", token()));
    bad_request("AU-18", &request, "credential_malformed");
}

#[test]
fn au_18_a_percent_sign_in_the_token() {
    let request = stage().good().authorization(&format!("DPoP {}%20", token()));
    bad_request("a percent sign", &request, "credential_malformed");
}

#[test]
fn au_18_padding_in_the_middle() {
    bad_request("padding", &stage().good().authorization("DPoP ab=cd"), "credential_malformed");
}

#[test]
fn au_20_another_scheme() {
    challenged("AU-20", &bare().field("Authorization", "Basic am9objpkb2U="));
}

#[test]
fn au_20_another_scheme_that_begins_like_ours() {
    challenged("DPoPx", &stage().good().authorization(&format!("DPoPx {}", token())));
}

#[test]
fn au_22_a_bound_token_in_the_query() {
    let request =
        stage().good().without("Authorization").target(&format!("{}?access_token={}", Stage::PATH, token()));
    stage().refused("AU-22", &request, "invalid_token", "binding_dpop_required");
}

#[test]
fn au_22_a_bound_token_in_the_query_where_bearer_is_taken_too() {
    let path = optional();
    let request = stage().by(&stage().client, "GET", &path).without("Authorization");
    let answer = stage().stopped(
        "AU-22",
        &request.target(&format!("{path}?access_token={}", token())).bytes(),
        &[401],
    );
    let errors: Vec<_> = answer.challenges().into_iter().map(|one| (one.scheme, one.error)).collect();
    let dpop = ("DPoP".to_owned(), Some("invalid_token".to_owned()));
    assert_eq!(errors, [dpop, ("Bearer".to_owned(), None)], "{answer:?}");
}

#[test]
fn au_22_a_bound_token_in_another_field() {
    let path = optional();
    for field in ["access-token", "X-Access-Token"] {
        let request =
            stage().by(&stage().client, "GET", &path).without("Authorization").field(field, token());
        let answer = stage().stopped(field, &request.bytes(), &[401]);
        assert!(answer.body.contains("binding_misplaced"), "{field}: {answer:?}");
    }
}

#[test]
fn au_22_a_bound_token_in_a_form() {
    let path = optional();
    let request = stage()
        .by(&stage().client, "POST", &path)
        .without("Authorization")
        .field("Content-Type", "application/x-www-form-urlencoded")
        .body(&format!("access_token={}", token()));
    let answer = stage().stopped("a form", &request.bytes(), &[401]);
    assert!(answer.body.contains("binding_misplaced"), "{answer:?}");
}

#[test]
fn au_22_an_unbound_token_in_the_query_is_used_and_not_forwarded() {
    let unbound = stage().provider.token(json!({}));
    let target = format!("{}?a=1&access_token={unbound}&b=2", optional());
    let seen = stage().forwarded("the query", &stage().bare("GET", &target), &unbound);
    assert_eq!(seen.line(), "GET /up?a=1&b=2 HTTP/1.1", "{seen:?}");
}

#[test]
fn au_22_a_query_that_may_not_have_tokens_has_none() {
    let path = route(
        "header-only",
        json!({ "bearer_token_param_type": ["header"], "proof_of_possession_dpop": "optional" }),
    );
    let unbound = stage().provider.token(json!({}));
    let answer = stage().stopped(
        "the query",
        &stage().bare("GET", &format!("{path}?access_token={unbound}")).bytes(),
        &[401],
    );
    assert!(answer.challenges().iter().all(|challenge| challenge.error.is_none()), "{answer:?}");
}

#[test]
fn au_23_tokens_in_two_places() {
    let request = stage().good().target(&format!("{}?access_token={}", Stage::PATH, token()));
    bad_request("AU-23", &request, "credential_ambiguous");
}

#[test]
fn au_23_tokens_in_two_fields() {
    bad_request("two fields", &stage().good().field("X-Access-Token", token()), "credential_ambiguous");
}

#[test]
fn au_23_tokens_in_authorization_and_a_form() {
    let form = stage()
        .by(&stage().client, "POST", Stage::PATH)
        .field("Content-Type", "application/x-www-form-urlencoded");
    let other = stage().provider.token(json!({}));
    bad_request("a form", &form.clone().body(&format!("a=1&access_token={other}")), "credential_ambiguous");
    let form = form.proof(&stage().client.proof("POST", &stage().url(Stage::PATH)));
    let seen = stage().forwarded("without one", &form.body("a=1"), token());
    assert_eq!(seen.body(), "a=1");
}

#[test]
fn au_23_the_parameter_twice() {
    let target = format!("{0}?access_token={1}&access_token={1}", Stage::PATH, token());
    bad_request("twice", &bare().target(&target), "credential_ambiguous");
}

#[test]
fn au_26_a_token_over_the_cap() {
    let request = stage().good().authorization(&format!("DPoP {}", "a".repeat(17 * 1024)));
    stage().refused("AU-26", &request, "invalid_token", "credential_too_long");
    stage().forwarded("the gateway goes on", &stage().good(), token());
}

#[test]
fn au_26_the_connection_survives_a_token_over_the_cap() {
    let long = stage().good().authorization(&format!("DPoP {}", "a".repeat(17 * 1024)));
    let bytes = [long.field("Connection", "keep-alive").bytes(), stage().good().bytes()].concat();
    let statuses: Vec<u16> = stage().send_all(&bytes, 2).iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [401, 200]);
}

#[test]
fn au_26_a_cap_of_ones_own() {
    let path = route("short-tokens", json!({ "access_token_max_length": 512 }));
    let claims = json!({ "cnf": { "jkt": stage().client.jkt() }, "padding": "x".repeat(512) });
    let client = stage().client.holding(stage().provider.token(claims));
    let request = stage().by(&client, "GET", &path);
    stage().refused("a lower cap", &request, "invalid_token", "credential_too_long");
}

#[test]
fn au_28_cookies_beside_a_large_proof() {
    let claims = json!({ "padding": "x".repeat(4096) });
    let mut request = stage().differing(json!({}), claims).field("Connection", "keep-alive");
    for number in 0..20 {
        request = request.field("Cookie", &format!("cookie-{number}={}", "c".repeat(400)));
    }
    let bytes = [request.bytes(), stage().good().bytes()].concat();
    let statuses: Vec<u16> = stage().send_all(&bytes, 2).iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 200]);
}

#[test]
fn au_28_a_head_over_the_limit() {
    let mut request = stage().good();
    for number in 0..64 {
        request = request.field(&format!("X-Filler-{number}"), &"f".repeat(8000));
    }
    let answer = stage().stopped("a head over the limit", &request.bytes(), &[431, 400]);
    assert_eq!(answer.challenges(), [], "{answer:?}");
}

#[test]
fn au_28_a_proof_over_its_cap() {
    let request = stage().differing(json!({}), json!({ "padding": "x".repeat(8192) }));
    stage().refused("over the cap", &request, BAD, "proof_too_long");
}

#[test]
fn au_28_a_proof_cap_of_ones_own() {
    let path = route("short-proofs", json!({ "dpop_proof_max_length": 512 }));
    let claims = json!({ "padding": "x".repeat(512) });
    let request = stage().proved(&stage().client, "GET", &path, json!({}), claims);
    stage().refused("a lower cap", &request, BAD, "proof_too_long");
}

#[test]
fn au_29_a_folded_proof() {
    let (first, second) = {
        let proof = proof();
        (proof[..40].to_owned(), proof[40..].to_owned())
    };
    let answer = stage().stopped("AU-29", &with_proof(&format!("{first}\r\n {second}")).bytes(), &[400, 401]);
    assert!(answer.status == 400 || answer.challenges()[0].error.as_deref() == Some(BAD), "{answer:?}");
}

#[test]
fn au_30_control_bytes_in_a_proof() {
    for byte in ["\0", "\r", "\u{7f}", "\u{1}"] {
        let mut text = proof();
        text.insert_str(40, byte);
        let answer = stage().stopped("AU-30", &with_proof(&text).bytes(), &[400, 401]);
        assert!(answer.status == 400 || answer.challenges()[0].error.as_deref() == Some(BAD), "{answer:?}");
    }
}

#[test]
fn au_31_letters_outside_of_ascii_in_a_proof() {
    stage().refused("AU-31", &with_proof(&format!("{}é", proof())), BAD, "proof_malformed");
}

#[test]
fn au_31_bytes_that_are_no_utf8_in_a_proof() {
    let bytes = with_proof("MARK").bytes();
    let at = bytes.windows(4).position(|window| window == b"MARK").unwrap();
    let bytes = [&bytes[..at], b"\xff\xfe", &bytes[at + 4..]].concat();
    let answer = stage().stopped("no UTF-8", &bytes, &[401]);
    assert_eq!(answer.challenges()[0].error.as_deref(), Some(BAD), "{answer:?}");
}
