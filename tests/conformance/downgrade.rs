//! Bound tokens that come with less than they are bound to, and bindings that cannot be read.

use keybound_suites::{Request, Stage};
use serde_json::{Value, json};

use crate::{optional, route, stage};

fn bearer(path: &str, token: &str) -> Request {
    stage().bare("GET", path).field("Authorization", &format!("Bearer {token}"))
}

/// A token with this confirmation is refused under both schemes, where binding is demanded and where it is not.
#[track_caller]
fn never_honoured(name: &str, cnf: &Value, code: &str) {
    let client = stage().client.holding(stage().provider.token(json!({ "cnf": cnf })));
    stage().refused(name, &stage().by(&client, "GET", Stage::PATH), "invalid_token", code);
    for request in [bearer(&optional(), &client.token), stage().by(&client, "GET", &optional())] {
        let answer = stage().stopped(name, &request.bytes(), &[401]);
        assert!(answer.body.contains(code), "{name}: {answer:?}");
        let errors: Vec<_> = answer.challenges().into_iter().filter_map(|one| one.error).collect();
        assert_eq!(errors, ["invalid_token"], "{name}: {answer:?}");
    }
    let off = route("dpop-off", json!({ "proof_of_possession_dpop": "off" }));
    let answer = stage().stopped(name, &bearer(&off, &client.token).bytes(), &[401]);
    assert!(answer.body.contains(code), "{name}: {answer:?}");
}

/// The errors of a refusal, DPoP's first.
#[track_caller]
fn errors_of(name: &str, request: &Request) -> Vec<(String, Option<String>)> {
    let answer = stage().stopped(name, &request.bytes(), &[401]);
    answer.challenges().into_iter().map(|challenge| (challenge.scheme, challenge.error)).collect()
}

fn named(scheme: &str, error: Option<&str>) -> (String, Option<String>) {
    (scheme.to_owned(), error.map(ToOwned::to_owned))
}

#[test]
fn dg_01_a_bound_token_as_bearer_where_binding_is_demanded() {
    let request = bearer(Stage::PATH, &stage().client.token);
    stage().refused("DG-01", &request, "invalid_token", "binding_dpop_required");
}

#[test]
fn dg_01_a_bound_token_as_bearer_where_it_is_not() {
    let request = bearer(&optional(), &stage().client.token);
    let expected = [named("DPoP", Some("invalid_token")), named("Bearer", None)];
    assert_eq!(errors_of("DG-01", &request), expected);
}

#[test]
fn dg_02_a_bound_token_as_bearer_with_a_good_proof() {
    let request = stage().good().authorization(&format!("Bearer {}", stage().client.token));
    stage().refused("DG-02", &request, "invalid_token", "binding_dpop_required");
}

#[test]
fn dg_02_the_same_where_binding_is_not_demanded() {
    let path = optional();
    let request = stage().by(&stage().client, "GET", &path);
    let request = request.authorization(&format!("Bearer {}", stage().client.token));
    let expected = [named("DPoP", Some("invalid_token")), named("Bearer", None)];
    assert_eq!(errors_of("DG-02", &request), expected);
}

#[test]
fn dg_02_an_unbound_token_with_a_proof_that_nobody_asked_for() {
    let path = optional();
    let token = stage().provider.token(json!({}));
    let request = stage().by(&stage().client, "GET", &path).authorization(&format!("Bearer {token}"));
    stage().forwarded("the proof is dropped", &request, &token);
}

#[test]
fn dg_02_an_unbound_token_under_the_dpop_scheme() {
    let client = stage().client.holding(stage().provider.token(json!({})));
    for path in [Stage::PATH.to_owned(), optional()] {
        let answer = stage().stopped("unbound", &stage().by(&client, "GET", &path).bytes(), &[401]);
        assert!(answer.body.contains("binding_not_dpop_bound"), "{answer:?}");
    }
}

#[test]
fn dg_05_a_token_bound_to_a_certificate_only_under_the_dpop_scheme() {
    let cnf = json!({ "x5t#S256": stage().client.jkt() });
    let client = stage().client.holding(stage().provider.token(json!({ "cnf": cnf })));
    stage().refused(
        "DG-05",
        &stage().by(&client, "GET", Stage::PATH),
        "invalid_token",
        "binding_not_dpop_bound",
    );
}

#[test]
fn dg_05_a_token_bound_both_ways_where_certificates_are_not_checked() {
    let cnf = json!({ "jkt": stage().client.jkt(), "x5t#S256": stage().client.jkt() });
    let client = stage().client.holding(stage().provider.token(json!({ "cnf": cnf })));
    let request = stage().by(&client, "GET", Stage::PATH);
    stage().refused("both", &request, "invalid_token", "binding_certificate_unchecked");
}

#[test]
fn dg_08_the_dpop_scheme_where_it_is_not_offered() {
    let path = route("dpop-off", json!({ "proof_of_possession_dpop": "off" }));
    let request = stage().by(&stage().client, "GET", &path);
    assert_eq!(errors_of("DG-08", &request), [named("Bearer", None)]);
}

#[test]
fn dg_08_a_bound_token_as_bearer_where_nobody_checks_it() {
    let path = route("dpop-off", json!({ "proof_of_possession_dpop": "off" }));
    let request = bearer(&path, &stage().client.token);
    assert_eq!(errors_of("DG-08", &request), [named("Bearer", Some("invalid_token"))]);
}

#[test]
fn dg_08_a_bound_token_as_bearer_where_that_is_accepted() {
    let config = json!({ "proof_of_possession_dpop": "off", "proof_of_possession_bound_tokens": "accept" });
    let path = route("dpop-off-accepting", config);
    stage().forwarded("accepted", &bearer(&path, &stage().client.token), &stage().client.token);
}

#[test]
fn dg_08_unbound_tokens_can_be_refused_where_binding_is_optional() {
    let config = json!({
        "proof_of_possession_dpop": "optional", "proof_of_possession_unbound_tokens": "refuse",
    });
    let path = route("no-unbound", config);
    let token = stage().provider.token(json!({}));
    assert_eq!(errors_of("unbound", &bearer(&path, &token)), [named("DPoP", Some("invalid_token"))]);
    stage().forwarded("bound", &stage().by(&stage().client, "GET", &path), &stage().client.token);
}

#[test]
fn dg_10_cnf_is_text() {
    never_honoured("DG-10", &json!("x"), "token_cnf_not_object");
}

#[test]
fn dg_10_cnf_is_a_number() {
    never_honoured("DG-10", &json!(1), "token_cnf_not_object");
}

#[test]
fn dg_10_cnf_is_a_list() {
    never_honoured("DG-10", &json!([{ "jkt": stage().client.jkt() }]), "token_cnf_not_object");
}

#[test]
fn dg_10_cnf_is_true() {
    never_honoured("DG-10", &json!(true), "token_cnf_not_object");
}

#[test]
fn dg_10_cnf_is_json_in_text() {
    let text = json!({ "jkt": stage().client.jkt() }).to_string();
    never_honoured("DG-10", &json!(text), "token_cnf_not_object");
}

#[test]
fn dg_10_cnf_is_empty() {
    never_honoured("empty", &json!({}), "token_cnf_empty");
}

#[test]
fn dg_10_cnf_is_null() {
    let claims = stage().provider.claims(json!({})).to_string();
    let claims = format!("{},\"cnf\":null}}", claims.strip_suffix('}').unwrap());
    let token = stage().provider.signed(r#"{"typ":"at+jwt","alg":"ES256","kid":"suite"}"#, &claims);
    let answer = stage().stopped("null", &bearer(&optional(), &token).bytes(), &[401]);
    assert!(answer.body.contains("token_cnf_not_object"), "{answer:?}");
}

#[test]
fn dg_12_jkt_is_a_number() {
    never_honoured("DG-12", &json!({ "jkt": 7 }), "token_cnf_jkt");
}

#[test]
fn dg_12_jkt_is_a_list() {
    never_honoured("DG-12", &json!({ "jkt": [stage().client.jkt()] }), "token_cnf_jkt");
}

#[test]
fn dg_12_jkt_is_an_object() {
    never_honoured("DG-12", &json!({ "jkt": {} }), "token_cnf_jkt");
}

#[test]
fn dg_12_jkt_is_empty() {
    never_honoured("DG-12", &json!({ "jkt": "" }), "token_cnf_jkt");
}

#[test]
fn dg_14_jkt_with_padding() {
    never_honoured("DG-14", &json!({ "jkt": format!("{}=", stage().client.jkt()) }), "token_cnf_jkt");
}

#[test]
fn dg_14_jkt_with_white_space() {
    never_honoured("DG-14", &json!({ "jkt": format!(" {}", stage().client.jkt()) }), "token_cnf_jkt");
}

#[test]
fn dg_14_jkt_cut_short() {
    never_honoured("DG-14", &json!({ "jkt": stage().client.jkt()[..42] }), "token_cnf_jkt");
}

#[test]
fn dg_14_jkt_in_the_other_alphabet() {
    let jkt = format!("+/{}", "A".repeat(41));
    never_honoured("DG-14", &json!({ "jkt": jkt }), "token_cnf_jkt");
}

#[test]
fn dg_16_jkt_in_upper_case() {
    let upper = stage().client.jkt().to_ascii_uppercase();
    let client = stage().client.holding(stage().provider.token(json!({ "cnf": { "jkt": upper } })));
    let request = stage().by(&client, "GET", Stage::PATH);
    let answer = stage().stopped("DG-16", &request.bytes(), &[401]);
    // Upper case can also leave bits in the last character that no thumbprint has.
    assert_eq!(answer.challenges()[0].error.as_deref(), Some("invalid_token"), "{answer:?}");
    assert!(
        answer.body.contains("proof_key_mismatch") || answer.body.contains("token_cnf_jkt"),
        "{answer:?}"
    );
}

#[test]
fn dg_17_jkt_is_a_sha_1_thumbprint() {
    never_honoured("DG-17", &json!({ "jkt": "kd-0yUuTRmMWnqGYsdLrJMVeVAM" }), "token_cnf_jkt");
}

#[test]
fn dg_17_jkt_is_a_sha_512_thumbprint() {
    never_honoured("DG-17", &json!({ "jkt": "A".repeat(86) }), "token_cnf_jkt");
}

#[test]
fn dg_17_jkt_in_hexadecimal() {
    never_honoured("DG-17", &json!({ "jkt": "0".repeat(64) }), "token_cnf_jkt");
}

#[test]
fn dg_18_cnf_with_a_jwk_only() {
    never_honoured("DG-18", &json!({ "jwk": stage().client.key.public().to_jwk() }), "token_cnf_unknown");
}

#[test]
fn dg_18_cnf_with_kid_and_jku() {
    never_honoured("DG-18", &json!({ "kid": "x", "jku": "y" }), "token_cnf_unknown");
}

#[test]
fn dg_18_cnf_with_jwe_only() {
    never_honoured("DG-18", &json!({ "jwe": "x" }), "token_cnf_unknown");
}

#[test]
fn dg_18_cnf_with_a_name_in_another_case() {
    never_honoured("DG-18", &json!({ "JKT": stage().client.jkt() }), "token_cnf_unknown");
}

#[test]
fn dg_18_unknown_members_beside_a_known_one_are_ignored() {
    let cnf = json!({ "jkt": stage().client.jkt(), "kc-jkt-type": "DPoP", "kid": 7 });
    let client = stage().client.holding(stage().provider.token(json!({ "cnf": cnf })));
    stage().forwarded("beside a known one", &stage().by(&client, "GET", Stage::PATH), &client.token);
}

#[test]
fn dg_19_jkt_outside_of_cnf() {
    let token = stage().provider.token(json!({ "jkt": stage().client.jkt() }));
    let client = stage().client.holding(token);
    let request = stage().by(&client, "GET", Stage::PATH);
    stage().refused("DG-19", &request, "invalid_token", "binding_not_dpop_bound");
}

#[test]
fn dg_19_a_token_of_type_dpop_without_jkt() {
    let client =
        stage().client.holding(stage().provider.token(json!({ "token_type": "DPoP", "typ": "DPoP" })));
    let request = stage().by(&client, "GET", Stage::PATH);
    stage().refused("type DPoP", &request, "invalid_token", "binding_not_dpop_bound");
}

#[test]
fn dg_20_cnf_twice() {
    let claims =
        stage().provider.claims(json!({ "cnf": { "jkt": stage().provider.client().jkt() } })).to_string();
    let twice =
        format!("{},\"cnf\":{{\"jkt\":\"{}\"}}}}", claims.strip_suffix('}').unwrap(), stage().client.jkt());
    let token = stage().provider.signed(r#"{"typ":"at+jwt","alg":"ES256","kid":"suite"}"#, &twice);
    let client = stage().client.holding(token);
    stage().refused("DG-20", &stage().by(&client, "GET", Stage::PATH), "invalid_token", "token_malformed");
}

#[test]
fn dg_20_jkt_twice() {
    let claims = stage().provider.claims(json!({})).to_string();
    let jkt = stage().client.jkt();
    let twice =
        format!("{},\"cnf\":{{\"jkt\":\"{jkt}\",\"jkt\":\"{jkt}\"}}}}", claims.strip_suffix('}').unwrap());
    let token = stage().provider.signed(r#"{"typ":"at+jwt","alg":"ES256","kid":"suite"}"#, &twice);
    let client = stage().client.holding(token);
    stage().refused("DG-20", &stage().by(&client, "GET", Stage::PATH), "invalid_token", "token_malformed");
}
