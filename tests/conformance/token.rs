//! The access token as a JWT.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::sign::SigningKey;
use keybound_suites::{Provider, Reply, Request, Stage, now, published};
use serde_json::{Value, json};

use crate::{optional, route, stage};

/// A good request with a token that differs from the stage's in `claims` and `header`.
fn token(stage: &Stage, header: Value, claims: Value) -> Request {
    let bound = json!({ "cnf": { "jkt": stage.client.jkt() } });
    let mut all = bound.as_object().unwrap().clone();
    all.extend(claims.as_object().unwrap().clone());
    raw(stage, stage.provider.token_with(header, Value::Object(all)))
}

fn claims(stage: &Stage, claims: Value) -> Request {
    token(stage, json!({}), claims)
}

fn header(stage: &Stage, more: Value) -> Request {
    token(stage, more, json!({}))
}

/// A good request with this token.
fn raw(stage: &Stage, token: String) -> Request {
    stage.by(&stage.client.holding(token), "GET", Stage::PATH)
}

/// A good request with a token of this header and payload.
fn text(stage: &Stage, header: &str, payload: &str) -> Request {
    raw(stage, stage.provider.signed(header, payload))
}

/// The usual claims with the stage's binding, as text.
fn payload(stage: &Stage) -> String {
    stage.provider.claims(json!({ "cnf": { "jkt": stage.client.jkt() } })).to_string()
}

const HEADER: &str = r#"{"typ":"at+jwt","alg":"ES256","kid":"suite"}"#;

bad_tokens! {
    tk_01_expired: |s| claims(s, json!({ "exp": now() - 1 })) => "token_expired";
    tk_01_expired_this_second: |s| claims(s, json!({ "exp": now() })) => "token_expired";
    tk_01_expired_long_ago: |s| claims(s, json!({ "exp": 1 })) => "token_expired";
    tk_02_nbf_in_the_future: |s| claims(s, json!({ "nbf": now() + 60 })) => "token_not_yet_valid";
    tk_02_iat_in_the_future: |s| claims(s, json!({ "iat": now() + 60 })) => "token_issued_in_future";
    tk_02_nbf_is_text: |s| claims(s, json!({ "nbf": "soon" })) => "token_claim_type";
    tk_04_exp_missing: |s| claims(s, json!({ "exp": null })) => "token_claim_missing";
    tk_04_exp_is_text: |s| claims(s, json!({ "exp": "later" })) => "token_claim_type";
    tk_04_exp_in_milliseconds: |s| claims(s, json!({ "exp": now() * 1000 })) => "token_claim_type";
    tk_04_exp_beyond_range: |s| claims(s, json!({ "exp": 1e300 })) => "token_claim_type";
    tk_04_exp_negative: |s| claims(s, json!({ "exp": -1 })) => "token_claim_type";
    tk_04_exp_is_null: |s| {
        text(s, HEADER, &payload(s).replacen("\"exp\":", "\"exp\":null,\"other\":", 1))
    } => "token_claim_type";
    tk_06_another_issuer: |s| claims(s, json!({ "iss": "https://other.test" })) => "token_issuer";
    tk_06_the_issuer_with_a_slash: |s| claims(s, json!({ "iss": format!("{}/", s.provider.issuer) })) => "token_issuer";
    tk_06_the_issuer_in_another_case: |s| {
        claims(s, json!({ "iss": s.provider.issuer.replace("http", "HTTP") }))
    } => "token_issuer";
    tk_06_the_issuer_in_a_list: |s| claims(s, json!({ "iss": [s.provider.issuer] })) => "token_claim_type";
    tk_06_no_issuer: |s| claims(s, json!({ "iss": null })) => "token_claim_missing";
    tk_06_an_empty_issuer: |s| claims(s, json!({ "iss": "" })) => "token_issuer";
    tk_12_an_id_token_by_its_payload: |s| token(s, json!({ "typ": "JWT" }), json!({ "typ": "ID" })) => "token_kind";
    tk_12_an_id_token_by_its_hash: |s| token(s, json!({ "typ": "JWT" }), json!({ "at_hash": "x" })) => "token_kind";
    tk_12_an_id_token_by_its_code_hash: |s| token(s, json!({ "typ": null }), json!({ "c_hash": "x" })) => "token_kind";
    tk_12_a_refresh_token: |s| token(s, json!({ "typ": "JWT" }), json!({ "typ": "Refresh" })) => "token_kind";
    tk_12_an_offline_token: |s| token(s, json!({ "typ": "JWT" }), json!({ "typ": "Offline" })) => "token_kind";
    tk_12_a_logout_token_by_its_payload: |s| token(s, json!({ "typ": "JWT" }), json!({ "typ": "Logout" })) => "token_kind";
    tk_12_a_logout_token_by_its_header: |s| header(s, json!({ "typ": "logout+jwt" })) => "token_type";
    tk_12_an_introspection_answer: |s| header(s, json!({ "typ": "token-introspection+jwt" })) => "token_type";
    tk_12_another_type: |s| header(s, json!({ "typ": "secevent+jwt" })) => "token_type";
    tk_12_a_type_that_is_no_text: |s| header(s, json!({ "typ": 1 })) => "token_type";
    tk_13_a_proof: |s| raw(s, s.client.proof("GET", &s.url(Stage::PATH))) => "token_type";
    tk_13_a_proof_by_the_provider: |s| header(s, json!({ "typ": "dpop+jwt" })) => "token_type";
    tk_14_alg_none: |s| text(s, r#"{"typ":"at+jwt","alg":"none"}"#, &payload(s)) => "token_algorithm";
    tk_14_alg_none_in_mixed_case: |s| text(s, r#"{"typ":"at+jwt","alg":"NoNe"}"#, &payload(s)) => "token_algorithm";
    tk_14_alg_none_without_a_signature: |s| {
        let whole = s.provider.signed(r#"{"typ":"at+jwt","alg":"none"}"#, &payload(s));
        raw(s, format!("{}.", whole.rsplit_once('.').unwrap().0))
    } => "token_malformed";
    tk_14_alg_hs256_with_the_public_key: |s| text(s, r#"{"typ":"at+jwt","alg":"HS256","kid":"suite"}"#, &payload(s)) => "token_algorithm";
    tk_14_alg_missing: |s| text(s, r#"{"typ":"at+jwt","kid":"suite"}"#, &payload(s)) => "token_algorithm";
    tk_14_alg_of_another_type_of_key: |s| text(s, r#"{"typ":"at+jwt","alg":"RS256","kid":"suite"}"#, &payload(s)) => "token_key_unknown";
    tk_14_signed_by_another_key: |s| {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        raw(s, s.provider.token_by(&key, json!({}), json!({ "cnf": { "jkt": s.client.jkt() } })))
    } => "token_signature";
    tk_14_signed_by_a_key_that_it_brings: |s| {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let header = json!({ "jwk": key.public().to_jwk(), "kid": null });
        raw(s, s.provider.token_by(&key, header, json!({ "cnf": { "jkt": s.client.jkt() } })))
    } => "token_signature";
    tk_14_an_unknown_kid: |s| header(s, json!({ "kid": "other" })) => "token_key_unknown";
    tk_14_a_kid_that_is_no_text: |s| header(s, json!({ "kid": 1 })) => "token_claim_type";
    tk_14_one_bit_of_the_signature: |s| {
        let whole = s.provider.token(json!({ "cnf": { "jkt": s.client.jkt() } }));
        let (signed, signature) = whole.rsplit_once('.').unwrap();
        let mut bytes = base64url::decode(signature).unwrap();
        bytes[9] ^= 1;
        raw(s, format!("{signed}.{}", base64url::encode(&bytes)))
    } => "token_signature";
    tk_29_crit_unknown: |s| header(s, json!({ "crit": ["foo"], "foo": 1 })) => "token_malformed";
    tk_29_crit_b64: |s| header(s, json!({ "crit": ["b64"], "b64": false })) => "token_malformed";
    tk_29_zip: |s| header(s, json!({ "zip": "DEF" })) => "token_malformed";
    tk_29_a_claim_twice: |s| text(s, HEADER, &payload(s).replacen('{', "{\"exp\":9999999999,", 1)) => "token_malformed";
    tk_29_a_header_member_twice: |s| {
        text(s, r#"{"typ":"at+jwt","alg":"none","alg":"ES256","kid":"suite"}"#, &payload(s))
    } => "token_malformed";
    tk_29_a_payload_that_is_no_object: |s| text(s, HEADER, "[]") => "token_malformed";
    tk_29_spare_bits: |s| {
        let whole = s.provider.token(json!({ "cnf": { "jkt": s.client.jkt() } }));
        let (rest, last) = whole.split_at(whole.len() - 1);
        raw(s, format!("{rest}{}", char::from(last.as_bytes()[0] + 1)))
    } => "token_malformed";
    tk_29_padding_behind: |s| {
        raw(s, format!("{}==", s.provider.token(json!({ "cnf": { "jkt": s.client.jkt() } }))))
    } => "token_malformed";
    tk_29_not_a_jwt: |s| raw(s, "opaque".to_owned()) => "token_malformed";
    tk_30_five_parts: |s| {
        let header = base64url::encode(br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
        raw(s, format!("{header}.AA.AA.AA.AA"))
    } => "token_encrypted";
}

forwarded! {
    tk_01_valid_for_a_minute: |s| claims(s, json!({ "exp": now() + 60 }));
    tk_01_exp_with_a_fraction: |s| claims(s, json!({ "exp": now() as f64 + 60.5 }));
    tk_02_nbf_this_second: |s| claims(s, json!({ "nbf": now() }));
    tk_02_no_iat: |s| claims(s, json!({ "iat": null }));
    tk_09_audience_in_a_list: |s| claims(s, json!({ "aud": ["other", "suite"] }));
    tk_12_no_type: |s| header(s, json!({ "typ": null }));
    tk_12_the_general_type: |s| header(s, json!({ "typ": "JWT" }));
    tk_12_the_whole_media_type: |s| header(s, json!({ "typ": "application/at+jwt" }));
    tk_12_the_type_in_another_case: |s| header(s, json!({ "typ": "AT+JWT" }));
    tk_14_no_kid: |s| header(s, json!({ "kid": null }));
}

#[test]
fn tk_01_a_leeway_for_tokens() {
    let path = route("lenient", json!({ "dpop_proof_leeway": 2, "leeway": 60 }));
    let with = |exp: i64| {
        let token = stage().provider.token(json!({ "cnf": { "jkt": stage().client.jkt() }, "exp": exp }));
        stage().by(&stage().client.holding(token), "GET", &path)
    };
    let answer = stage().send(&with(now() - 30));
    assert_eq!(answer.status, 200, "{answer:?}");
    stage().refused("beyond it", &with(now() - 61), "invalid_token", "token_expired");
}

#[test]
fn tk_01_a_token_that_was_good_expires_all_the_same() {
    let token = stage().provider.token(json!({ "cnf": { "jkt": stage().client.jkt() }, "exp": now() + 2 }));
    let client = stage().client.holding(token);
    let first = stage().send(&stage().by(&client, "GET", Stage::PATH));
    assert!([200, 401].contains(&first.status), "{first:?}");
    for _ in 0..100_000 {
        let answer = stage().send(&stage().by(&client, "GET", Stage::PATH));
        if answer.status == 401 {
            assert!(answer.body.contains("token_expired"), "{answer:?}");
            return;
        }
    }
    panic!("it never expires");
}

fn for_audience() -> String {
    route("audience", json!({ "audience_required": ["suite"] }))
}

/// A request to the route with an audience, with a token that differs.
fn audience(claims: Value) -> Request {
    let mut all = json!({ "cnf": { "jkt": stage().client.jkt() } }).as_object().unwrap().clone();
    all.extend(claims.as_object().unwrap().clone());
    let client = stage().client.holding(stage().provider.token(Value::Object(all)));
    stage().by(&client, "GET", &for_audience())
}

#[test]
fn tk_09_an_audience_among_others() {
    for aud in [json!("suite"), json!(["suite"]), json!(["other", "suite"])] {
        let answer = stage().send(&audience(json!({ "aud": aud })));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn tk_09_no_audience_of_ours() {
    for aud in [
        json!("other"),
        json!([]),
        json!(null),
        json!("suite other"),
        json!("Suite"),
        json!({ "suite": 1 }),
        json!(7),
    ] {
        stage().refused("TK-09", &audience(json!({ "aud": aud })), "invalid_token", "token_audience");
    }
}

#[test]
fn tk_12_fewer_types_by_configuration() {
    let path = route("at-jwt-only", json!({ "access_token_types": ["at+jwt"] }));
    let with = |header: Value| {
        let claims = json!({ "cnf": { "jkt": stage().client.jkt() } });
        let client = stage().client.holding(stage().provider.token_with(header, claims));
        stage().by(&client, "GET", &path)
    };
    assert_eq!(stage().send(&with(json!({}))).status, 200);
    for typ in [json!("JWT"), json!(null)] {
        stage().refused("TK-12", &with(json!({ "typ": typ })), "invalid_token", "token_type");
    }
}

#[test]
fn tk_14_no_key_is_fetched_because_a_token_says_so() {
    let thief = Provider::start();
    let url = format!("{}/jwks", thief.issuer);
    let claims = json!({ "cnf": { "jkt": stage().client.jkt() } });
    let header = json!({ "jku": url, "x5u": url, "kid": "thief" });
    let token = stage().provider.token_by(thief.key(), header, claims);
    let request = stage().by(&stage().client.holding(token), "GET", Stage::PATH);
    stage().refused("jku", &request, "invalid_token", "token_key_unknown");
    assert_eq!(thief.key_requests(), 0);
}

#[test]
fn tk_15_an_algorithm_that_is_not_listed() {
    let path = route("ps256-tokens", json!({ "access_token_algorithms": ["PS256"] }));
    let request = stage().by(&stage().client, "GET", &path);
    stage().refused("TK-15", &request, "invalid_token", "token_algorithm");
}

/// A route of the shared gateway that trusts a provider of its own.
fn trusting(name: &'static str, provider: &Provider, mut config: Value) -> String {
    config.as_object_mut().unwrap().insert("issuer".into(), provider.issuer.clone().into());
    route(name, config)
}

fn at(path: &str, provider: &Provider) -> Request {
    let client = provider.client();
    stage().by(&client, "GET", path)
}

#[test]
fn tk_21_a_key_for_encryption() {
    let provider = Provider::start();
    let mut key = published(provider.key(), "suite");
    key["use"] = "enc".into();
    provider.publish(&[key]);
    let path = trusting("enc-key", &provider, json!({}));
    stage().refused("TK-21", &at(&path, &provider), "invalid_token", "token_key_unknown");
}

#[test]
fn tk_21_a_key_for_other_operations() {
    let provider = Provider::start();
    let mut key = published(provider.key(), "suite");
    key["key_ops"] = json!(["wrapKey"]);
    provider.publish(&[key]);
    let path = trusting("wrapping-key", &provider, json!({}));
    stage().refused("TK-21", &at(&path, &provider), "invalid_token", "token_key_unknown");
}

#[test]
fn tk_21_a_key_for_another_algorithm() {
    let provider = Provider::start();
    let mut key = published(provider.key(), "suite");
    key["alg"] = "ES384".into();
    provider.publish(&[key]);
    let path = trusting("other-alg-key", &provider, json!({}));
    stage().refused("TK-21", &at(&path, &provider), "invalid_token", "token_key_unknown");
}

#[test]
fn tk_21_a_key_that_was_given_away() {
    let provider = Provider::start();
    let mut key = published(provider.key(), "suite");
    key["d"] = provider.key().to_jwk()["d"].clone();
    provider.publish(&[key]);
    let path = trusting("private-key", &provider, json!({}));
    stage().refused("TK-21", &at(&path, &provider), "invalid_token", "token_key_unknown");
}

#[test]
fn tk_22_a_symmetric_key_in_the_set() {
    let provider = Provider::start();
    provider.publish(&[json!({ "kty": "oct", "k": "AAAA", "kid": "suite", "alg": "HS256" })]);
    let path = trusting("oct-key", &provider, json!({}));
    stage().refused("TK-22", &at(&path, &provider), "invalid_token", "token_key_unknown");
}

#[test]
fn tk_22_broken_keys_beside_a_good_one() {
    let provider = Provider::start();
    provider.publish(&[
        json!({ "kty": "oct", "k": "AAAA", "kid": "suite" }),
        json!(7),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "suite" }),
        json!({ "kty": "XYZ" }),
        published(provider.key(), "suite"),
    ]);
    let path = trusting("mixed-keys", &provider, json!({}));
    assert_eq!(stage().send(&at(&path, &provider)).status, 200);
}

#[test]
fn tk_24_a_key_replaced_under_its_name() {
    let provider = Provider::start();
    let path = trusting("replaced-key", &provider, json!({}));
    assert_eq!(stage().send(&at(&path, &provider)).status, 200);
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    provider.publish(&[published(&key, "suite")]);
    let by_new_key = || {
        let client = provider.client();
        let claims = json!({ "cnf": { "jkt": client.jkt() } });
        stage().by(&client.holding(provider.token_by(&key, json!({}), claims)), "GET", &path)
    };
    assert_eq!(stage().send(&by_new_key()).status, 200);
    assert_eq!(provider.key_requests(), 2);
    // The refresh is used up: one more replacement waits, and nobody can make us ask again and again.
    let third = SigningKey::generate(Algorithm::Es256).unwrap();
    let client = provider.client();
    let claims = json!({ "cnf": { "jkt": client.jkt() } });
    for _ in 0..5 {
        let client = client.holding(provider.token_by(&third, json!({}), claims.clone()));
        stage().refused("too soon", &stage().by(&client, "GET", &path), "invalid_token", "token_signature");
    }
    assert_eq!(provider.key_requests(), 2);
}

#[test]
fn tk_24_a_new_key_under_a_new_name() {
    let provider = Provider::start();
    let path = trusting("new-key", &provider, json!({}));
    assert_eq!(stage().send(&at(&path, &provider)).status, 200);
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    provider.publish(&[published(provider.key(), "suite"), published(&key, "next")]);
    let client = provider.client();
    let claims = json!({ "cnf": { "jkt": client.jkt() } });
    let token = provider.token_by(&key, json!({ "kid": "next" }), claims.clone());
    assert_eq!(stage().send(&stage().by(&client.holding(token), "GET", &path)).status, 200);
    for _ in 0..5 {
        let token = provider.token_by(&key, json!({ "kid": keybound_suites::unique() }), claims.clone());
        let request = stage().by(&client.holding(token), "GET", &path);
        stage().refused("unknown names", &request, "invalid_token", "token_key_unknown");
    }
    assert_eq!(provider.key_requests(), 2);
}

#[test]
fn tk_25_the_key_set_cannot_be_had_and_is_known() {
    let provider = Provider::start();
    let path = trusting("known-keys", &provider, json!({}));
    assert_eq!(stage().send(&at(&path, &provider)).status, 200);
    provider.answer_keys(Reply::status(500));
    assert_eq!(stage().send(&at(&path, &provider)).status, 200);
}

/// The key set cannot be had, and nothing is known of it.
#[track_caller]
fn cold(name: &'static str, keys: Reply) {
    let provider = Provider::start();
    provider.answer_keys(keys);
    let path = trusting(name, &provider, json!({ "timeout": 500 }));
    let answer = stage().rejected(name, &at(&path, &provider).bytes(), &[503]);
    assert_eq!(answer.all("retry-after").len(), 1, "{answer:?}");
    assert_eq!(answer.all("dpop-nonce"), Vec::<&str>::new(), "{answer:?}");
}

#[test]
fn tk_26_the_key_set_fails_at_first() {
    cold("failing-keys", Reply::status(500));
}

#[test]
fn tk_26_the_key_set_is_not_found() {
    cold("missing-keys", Reply::status(404));
}

#[test]
fn tk_26_the_key_set_breaks_off() {
    cold("broken-keys", Reply::closing());
}

#[test]
fn tk_26_the_key_set_is_no_key_set() {
    cold("no-keys", Reply::ok("<html>"));
    cold("keys-that-are-no-list", Reply::ok("{\"keys\":{}}"));
}

#[test]
fn tk_26_a_provider_that_is_not_there() {
    let issuer = "http://127.0.0.1:9";
    let path = route("nobody", json!({ "issuer": issuer }));
    let claims = json!({ "iss": issuer, "cnf": { "jkt": stage().client.jkt() } });
    let client = stage().client.holding(stage().provider.token(claims));
    let answer = stage().rejected("TK-26", &stage().by(&client, "GET", &path).bytes(), &[503]);
    assert_eq!(answer.all("retry-after").len(), 1, "{answer:?}");
}

#[test]
fn tk_27_the_key_set_is_too_large() {
    cold("large-keys", Reply::ok(format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(4 * 1024 * 1024))));
}

#[test]
fn tk_27_the_key_set_never_comes() {
    cold("silent-keys", Reply::silence());
}

#[test]
fn tk_27_the_key_set_is_elsewhere() {
    cold("moved-keys", Reply::status(302).field("Location", "file:///etc/passwd"));
    let other = Provider::start();
    cold("moved-keys-to-http", Reply::status(307).field("Location", &format!("{}/jwks", other.issuer)));
    assert_eq!(other.key_requests(), 0);
}

#[test]
fn tk_31_a_scope_is_missing() {
    let path = route("scoped", json!({ "scopes_required": ["write"] }));
    let request = stage().by(&stage().client, "GET", &path);
    let answer = stage().stopped("TK-31", &request.bytes(), &[403]);
    let challenges = answer.challenges();
    assert_eq!(challenges.len(), 1, "{answer:?}");
    assert_eq!(challenges[0].scheme, "DPoP");
    assert_eq!(challenges[0].error.as_deref(), Some("insufficient_scope"));
    assert!(challenges[0].text.contains("scope=\"write\""), "{answer:?}");
}

#[test]
fn tk_31_a_scope_is_missing_under_the_bearer_scheme() {
    let config = json!({ "scopes_required": ["write"], "proof_of_possession_dpop": "optional" });
    let path = route("scoped-optional", config);
    let token = stage().provider.token(json!({ "scope": "read" }));
    let request = stage().bare("GET", &path).field("Authorization", &format!("Bearer {token}"));
    let answer = stage().stopped("TK-31", &request.bytes(), &[403]);
    let errors: Vec<_> = answer.challenges().into_iter().map(|one| (one.scheme, one.error)).collect();
    assert_eq!(errors, [("Bearer".to_owned(), Some("insufficient_scope".to_owned()))], "{answer:?}");
}

#[test]
fn tk_31_the_scope_is_there() {
    let path = route("scoped", json!({ "scopes_required": ["write"] }));
    for scope in [json!("read write"), json!(["read", "write"])] {
        let claims = json!({ "cnf": { "jkt": stage().client.jkt() }, "scope": scope });
        let client = stage().client.holding(stage().provider.token(claims));
        stage().forwarded("TK-31", &stage().by(&client, "GET", &path), &client.token);
    }
}

#[test]
fn tk_33_a_good_token_of_another_routes_issuer() {
    let provider = Provider::start();
    let path = trusting("tenant", &provider, json!({}));
    assert_eq!(stage().send(&at(&path, &provider)).status, 200);
    stage().refused("TK-33", &stage().by(&stage().client, "GET", &path), "invalid_token", "token_issuer");
    stage().refused("and back", &at(Stage::PATH, &provider), "invalid_token", "token_issuer");
}

#[test]
fn tk_33_an_issuer_never_signs_for_another() {
    let (own, other) = (Provider::start(), Provider::start());
    let config = json!({
        "issuers_allowed": [other.issuer], "extra_jwks_uris": [format!("{}/jwks", other.issuer)],
    });
    let path = trusting("two-issuers", &own, config);
    assert_eq!(stage().send(&at(&path, &own)).status, 200);
    assert_eq!(stage().send(&at(&path, &other)).status, 200);
    for (issuer, signer) in [(&own, &other), (&other, &own)] {
        let client = issuer.client();
        let claims = json!({ "cnf": { "jkt": client.jkt() } });
        let client = client.holding(issuer.token_by(signer.key(), json!({}), claims));
        stage().refused("TK-33", &stage().by(&client, "GET", &path), "invalid_token", "token_signature");
    }
}

#[test]
fn tk_34_a_proof_for_another_token_of_the_same_key() {
    let stage = stage();
    let other = stage.client.holding(stage.provider.token(json!({ "cnf": { "jkt": stage.client.jkt() } })));
    let request = stage.good().authorization(&format!("DPoP {}", other.token));
    stage.refused("TK-34", &request, "invalid_dpop_proof", "proof_ath_mismatch");
}

#[test]
fn tk_35_a_proof_by_the_key_of_another() {
    let stage = stage();
    let thief = stage.provider.client().holding(stage.client.token.clone());
    let request = stage.by(&thief, "GET", Stage::PATH);
    stage.refused("TK-35", &request, "invalid_token", "proof_key_mismatch");
    let path = optional();
    let answer = stage.stopped("TK-35", &stage.by(&thief, "GET", &path).bytes(), &[401]);
    let errors: Vec<_> = answer.challenges().into_iter().map(|one| (one.scheme, one.error)).collect();
    let dpop = ("DPoP".to_owned(), Some("invalid_token".to_owned()));
    assert_eq!(errors, [dpop, ("Bearer".to_owned(), None)], "{answer:?}");
}
