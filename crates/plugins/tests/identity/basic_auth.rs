//! `basic-auth`: what is a name and a password, and what is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Call, Gate, JOHN, URL, identity, is, pairs};

const CHALLENGE: &str = "Basic realm=\"service\"";

fn gate(config: Value) -> Gate {
    Gate::of([("basic-auth", config)])
}

fn basic(user_pass: &str) -> String {
    format!("Basic {}", STANDARD.encode(user_pass))
}

fn good() -> String {
    basic("j\u{f6}hn:s:cret")
}

#[tokio::test]
async fn a_name_and_its_password_say_who_calls() {
    let passed = gate(json!({})).permit(Call::get(URL).header("authorization", &good())).await;
    let seen = identity(&passed);
    let expected = pairs([
        ("x-consumer-custom-id", "c-john"),
        ("x-consumer-id", &JOHN.to_string()),
        ("x-consumer-username", "john"),
        ("x-credential-identifier", "j\u{f6}hn"),
    ]);
    assert_eq!(seen, expected);
    assert_eq!(passed.field("authorization"), Some(good().as_str()));
}

#[tokio::test]
async fn the_scheme_has_no_case_and_padding_may_be_left_out() {
    let gate = gate(json!({}));
    let encoded = STANDARD.encode("j\u{f6}hn:s:cret");
    for value in [
        format!("basic {encoded}"),
        format!("BASIC   {encoded}"),
        format!("Basic {}", encoded.trim_end_matches('=')),
    ] {
        gate.permit(Call::get(URL).header("authorization", &value)).await;
    }
}

#[tokio::test]
async fn no_field_is_a_challenge() {
    let refused = gate(json!({})).refuse(Call::get(URL)).await;
    is(&refused, 401, "basic_auth_missing", "Unauthorized", &[CHALLENGE]);
    let refused = gate(json!({"realm": "a \"b\""})).refuse(Call::get(URL)).await;
    is(&refused, 401, "basic_auth_missing", "Unauthorized", &["Basic realm=\"a \\\"b\\\"\""]);
}

#[tokio::test]
async fn fields_that_cannot_be_read_are_refused() {
    let gate = gate(json!({}));
    for value in [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        &format!("Bearer {}", STANDARD.encode("j\u{f6}hn:s:cret")),
        &format!("Basic{}", STANDARD.encode("j\u{f6}hn:s:cret")),
        &basic("no colon"),
        &format!("Basic {}", STANDARD.encode(b"\xff:s:cret")),
    ] {
        let refused = gate.refuse(Call::get(URL).header("authorization", value)).await;
        is(&refused, 401, "basic_auth_malformed", "Unauthorized", &[CHALLENGE]);
    }
    let twice = Call::get(URL).header("authorization", &good()).header("authorization", &good());
    is(&gate.refuse(twice).await, 401, "basic_auth_malformed", "Unauthorized", &[CHALLENGE]);
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_are_refused_alike() {
    let gate = gate(json!({}));
    for user_pass in
        ["other:s:cret", "j\u{f6}hn:", "j\u{f6}hn:s:cre", "j\u{f6}hn:s:crets", "J\u{f6}hn:s:cret", ":"]
    {
        let refused = gate.refuse(Call::get(URL).header("authorization", &basic(user_pass))).await;
        is(&refused, 401, "basic_auth_rejected", "Unauthorized", &[CHALLENGE]);
    }
}

#[tokio::test]
async fn the_stored_hash_is_no_password() {
    let stored = &crate::support::everybody().basicauth_credentials[0].password;
    let call = Call::get(URL).header("authorization", &basic(&format!("j\u{f6}hn:{stored}")));
    is(&gate(json!({})).refuse(call).await, 401, "basic_auth_rejected", "Unauthorized", &[CHALLENGE]);
}

#[tokio::test]
async fn the_field_for_proxies_is_looked_at_first() {
    let gate = gate(json!({"hide_credentials": true}));
    let own = "Bearer of the upstream";
    let call = Call::get(URL).header("proxy-authorization", &good()).header("authorization", own);
    let passed = gate.permit(call).await;
    assert_eq!((passed.field("proxy-authorization"), passed.field("authorization")), (None, Some(own)));
    // A name that is nobody's there leaves the other field its chance.
    let call = Call::get(URL).header("proxy-authorization", &basic("x:y")).header("authorization", &good());
    gate.permit(call).await;
    // A name that is somebody's does not.
    let wrong = basic("j\u{f6}hn:wrong");
    let call = Call::get(URL).header("proxy-authorization", &wrong).header("authorization", &good());
    is(&gate.refuse(call).await, 401, "basic_auth_rejected", "Unauthorized", &[CHALLENGE]);
}

#[tokio::test]
async fn a_hidden_password_is_not_forwarded() {
    let gate = gate(json!({"hide_credentials": true}));
    let passed = gate.permit(Call::get(URL).header("authorization", &good())).await;
    assert_eq!(passed.field("authorization"), None);
}

#[tokio::test]
async fn callers_that_are_not_known_are_the_anonymous_consumer() {
    let gate = gate(json!({"anonymous": "nobody"}));
    for call in [Call::get(URL), Call::get(URL).header("authorization", &basic("x:y"))] {
        let passed = gate.permit(call).await;
        assert_eq!(passed.field("x-anonymous-consumer"), Some("true"));
        assert_eq!(passed.field("x-consumer-username"), Some("nobody"));
    }
}
