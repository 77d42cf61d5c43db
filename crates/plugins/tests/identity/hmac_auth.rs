//! `hmac-auth`: what is signed, and what a signature must be.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::support::{Call, Gate, JOHN, NOW, Refused, URL, identity, is, pairs};

const SECRET: &[u8] = b"hmac secret";
const CANNOT: &str = "HMAC signature cannot be verified";
const DIFFERS: &str = "HMAC signature does not match";

fn gate(config: Value) -> Gate {
    Gate::of([("hmac-auth", config)])
}

fn date(at: i64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(at.try_into().unwrap()))
}

fn sign(algorithm: hmac::Algorithm, secret: &[u8], text: &str) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(algorithm, secret), text.as_bytes()))
}

fn field(username: &str, algorithm: &str, fields: &str, signature: &str) -> String {
    format!(
        r#"hmac username="{username}", algorithm="{algorithm}", headers="{fields}", signature="{signature}""#
    )
}

/// A field with a signature of this text by John.
fn johns(fields: &str, text: &str) -> String {
    field("john", "hmac-sha256", fields, &sign(hmac::HMAC_SHA256, SECRET, text))
}

fn signed_at(at: i64) -> Call {
    let date = date(at);
    Call::get(URL).header("authorization", &johns("date", &format!("date: {date}"))).header("date", &date)
}

#[track_caller]
fn refused(refused: &Refused, code: &str, message: &str) {
    is(refused, 401, code, message, &["hmac"]);
}

#[tokio::test]
async fn a_signature_says_who_calls() {
    let passed = gate(json!({})).permit(signed_at(NOW)).await;
    let expected = pairs([
        ("x-consumer-custom-id", "c-john"),
        ("x-consumer-id", &JOHN.to_string()),
        ("x-consumer-username", "john"),
        ("x-credential-identifier", "john"),
    ]);
    assert_eq!(identity(&passed), expected);
    assert!(passed.field("authorization").is_some());
    let passed = gate(json!({"hide_credentials": true})).permit(signed_at(NOW)).await;
    assert_eq!(passed.field("authorization"), None);
}

#[tokio::test]
async fn no_field_is_a_challenge() {
    refused(&gate(json!({})).refuse(Call::get(URL)).await, "hmac_auth_missing", "Unauthorized");
    let answer = gate(json!({"realm": "things"})).refuse(Call::get(URL)).await;
    is(&answer, 401, "hmac_auth_missing", "Unauthorized", &["hmac realm=\"things\""]);
}

#[tokio::test]
async fn the_date_must_be_near() {
    let gate = gate(json!({"clock_skew": 60}));
    let text = format!("{CANNOT}, a valid date or x-date header is required for HMAC Authentication");
    for at in [NOW - 60, NOW, NOW + 60] {
        gate.permit(signed_at(at)).await;
    }
    for at in [NOW - 61, NOW + 61] {
        refused(&gate.refuse(signed_at(at)).await, "hmac_auth_date", &text);
    }
    for call in [signed_at(NOW).without("date"), signed_at(NOW).only("date", "yesterday")] {
        refused(&gate.refuse(call).await, "hmac_auth_date", &text);
    }
    let replayed = signed_at(NOW - 61).header("x-date", &date(NOW));
    refused(&gate.refuse(replayed).await, "hmac_auth_date", &text);
    let signed = format!("x-date: {}", date(NOW));
    let value = field("john", "hmac-sha256", "x-date", &sign(hmac::HMAC_SHA256, SECRET, &signed));
    let call = Call::get(URL).header("date", &date(NOW - 61)).header("x-date", &date(NOW));
    gate.permit(call.header("authorization", &value)).await;
}

#[tokio::test]
async fn every_algorithm_that_is_allowed_verifies() {
    let text = format!("date: {}", date(NOW));
    for (name, algorithm) in [
        ("hmac-sha1", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        ("hmac-sha256", hmac::HMAC_SHA256),
        ("hmac-sha384", hmac::HMAC_SHA384),
        ("hmac-sha512", hmac::HMAC_SHA512),
    ] {
        let value = field("john", name, "date", &sign(algorithm, SECRET, &text));
        let call = || Call::get(URL).header("date", &date(NOW)).header("authorization", &value);
        gate(json!({})).permit(call()).await;
        gate(json!({"algorithms": [name]})).permit(call()).await;
        let other = if name == "hmac-sha512" { "hmac-sha384" } else { "hmac-sha512" };
        let answer = gate(json!({"algorithms": [other]})).refuse(call()).await;
        refused(&answer, "hmac_auth_malformed", CANNOT);
    }
}

#[tokio::test]
async fn target_and_request_line_and_absent_fields_can_be_signed() {
    let date = date(NOW);
    let url = format!("{URL}?a=%7e");
    let text = format!(
        "date: {date}\n@request-target: post /things?a=%7e\nPOST /things?a=%7e HTTP/1.1\nx-absent:\nX-Mixed: Value"
    );
    let value = johns("date @request-target request-line x-absent X-Mixed", &text);
    let call = |method, url: &str| {
        Call::new(method, url)
            .header("date", &date)
            .header("x-mixed", "Value")
            .header("authorization", &value)
    };
    let gate = gate(json!({}));
    gate.permit(call(Method::POST, &url)).await;
    for call in [
        call(Method::PUT, &url),
        call(Method::POST, URL),
        call(Method::POST, &format!("{url}&b=1")),
        call(Method::POST, &url).header("x-absent", "there"),
        call(Method::POST, &url).only("x-mixed", "other"),
        // Of a field that is there twice, one would not be signed.
        call(Method::POST, &url).header("x-mixed", "other"),
    ] {
        refused(&gate.refuse(call).await, "hmac_auth_signature", DIFFERS);
    }
}

#[tokio::test]
async fn other_secrets_and_names_are_refused() {
    let gate = gate(json!({}));
    let text = format!("date: {}", date(NOW));
    let call = |value: &str| Call::get(URL).header("date", &date(NOW)).header("authorization", value);
    let value = field("john", "hmac-sha256", "date", &sign(hmac::HMAC_SHA256, b"other", &text));
    refused(&gate.refuse(call(&value)).await, "hmac_auth_signature", DIFFERS);
    let value = field("john", "hmac-sha256", "date", "AAAA");
    refused(&gate.refuse(call(&value)).await, "hmac_auth_signature", DIFFERS);
    let value = field("jane", "hmac-sha256", "date", &sign(hmac::HMAC_SHA256, SECRET, &text));
    refused(&gate.refuse(call(&value)).await, "hmac_auth_unknown", CANNOT);
    for value in ["hmac", "Basic YTpi", r#"hmac username="john""#] {
        refused(&gate.refuse(call(value)).await, "hmac_auth_malformed", CANNOT);
    }
}

#[tokio::test]
async fn enforced_fields_must_be_signed() {
    let gate = gate(json!({"enforce_headers": ["date", "@request-target"]}));
    refused(&gate.refuse(signed_at(NOW)).await, "hmac_auth_malformed", CANNOT);
    let date = date(NOW);
    let value = johns("@request-target date", &format!("@request-target: get /things\ndate: {date}"));
    gate.permit(Call::get(URL).header("date", &date).header("authorization", &value)).await;
}

#[tokio::test]
async fn the_digest_must_be_the_bodys_where_it_is_checked() {
    let digest =
        |body: &str| format!("SHA-256={}", STANDARD.encode(digest::digest(&digest::SHA256, body.as_bytes())));
    let strict = gate(json!({"validate_request_body": true}));
    let with = |body: &str| signed_at(NOW).body("text/plain", body);
    strict.permit(with("a").header("digest", &digest("a"))).await;
    strict.permit(signed_at(NOW)).await;
    for call in [
        with("a"),
        with("a").header("digest", &digest("b")),
        with("a").header("digest", "SHA-256="),
        with("").header("digest", &digest("a")),
        signed_at(NOW).broken_body("text/plain").header("digest", &digest("")),
        with(&"a".repeat(1024 * 1024 + 1)).header("digest", &digest(&"a".repeat(1024 * 1024 + 1))),
    ] {
        refused(&strict.refuse(call).await, "hmac_auth_digest", DIFFERS);
    }
    let passed = gate(json!({})).permit(with("a").header("digest", &digest("b"))).await;
    assert_eq!(passed.reads, 0);
}

#[tokio::test]
async fn the_field_for_proxies_is_looked_at_first() {
    let own = "Bearer of the upstream";
    let date = date(NOW);
    let value = johns("date", &format!("date: {date}"));
    let call = Call::get(URL).header("date", &date).header("proxy-authorization", &value);
    let passed = gate(json!({"hide_credentials": true})).permit(call.header("authorization", own)).await;
    assert_eq!((passed.field("proxy-authorization"), passed.field("authorization")), (None, Some(own)));
}

#[tokio::test]
async fn callers_that_are_not_known_are_the_anonymous_consumer() {
    let gate = gate(json!({"anonymous": "nobody"}));
    for call in [Call::get(URL), signed_at(NOW - 301)] {
        let passed = gate.permit(call).await;
        assert_eq!(passed.field("x-anonymous-consumer"), Some("true"));
        assert_eq!(passed.field("x-consumer-username"), Some("nobody"));
    }
}
