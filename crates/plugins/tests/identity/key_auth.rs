//! `key-auth`: where keys are found, what is no key, and what is forwarded.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Call, Gate, JANE, JANES_KEY, JOHN, JOHNS_KEY, NOBODY, NOW, URL, identity, is, pairs};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data; boundary=b";

fn gate(config: Value) -> Gate {
    Gate::of([("key-auth", config)])
}

fn post(media: &str, body: &str) -> Call {
    Call::new(Method::POST, URL).body(media, body)
}

#[tokio::test]
async fn a_key_in_the_header_says_who_calls() {
    let passed = gate(json!({})).permit(Call::get(URL).header("apikey", "johns")).await;
    let expected = pairs([
        ("x-consumer-custom-id", "c-john"),
        ("x-consumer-id", &JOHN.to_string()),
        ("x-consumer-username", "john"),
        ("x-credential-identifier", &JOHNS_KEY.to_string()),
    ]);
    assert_eq!(passed.field("apikey"), Some("johns"));
    let seen = identity(&passed);
    assert_eq!(seen, expected);
    let known = &passed.notes.identity;
    assert_eq!(known.consumer.as_ref().map(|consumer| consumer.id), Some(JOHN));
    assert!(known.authenticated && !known.anonymous);
}

#[tokio::test]
async fn what_the_consumer_lacks_is_not_told() {
    let passed = gate(json!({})).permit(Call::get(URL).header("apikey", "janes")).await;
    let expected = [("x-consumer-custom-id", "c-jane"), ("x-consumer-id", &JANE.to_string())];
    let expected = pairs([expected[0], expected[1], ("x-credential-identifier", &JANES_KEY.to_string())]);
    assert_eq!(identity(&passed), expected);
}

#[tokio::test]
async fn no_key_and_an_empty_one_are_told_so() {
    let gate = gate(json!({"key_in_body": true}));
    for call in [
        Call::get(URL),
        Call::get(URL).header("apikey", ""),
        Call::get(&format!("{URL}?apikey=")),
        Call::get(&format!("{URL}?apikey2=johns")),
        // The first place that has the name decides.
        Call::get(&format!("{URL}?apikey=johns")).header("apikey", ""),
        post(JSON, r#"{"apikey": 5}"#),
        post(JSON, "not json"),
        post("text/plain", "apikey=johns"),
    ] {
        let refused = gate.refuse(call).await;
        is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key"]);
        assert!(!refused.notes.identity.authenticated);
    }
}

#[tokio::test]
async fn a_key_that_is_nobodys_is_refused() {
    let refused = gate(json!({})).refuse(Call::get(URL).header("apikey", "other")).await;
    is(&refused, 401, "key_auth_unknown", "Unauthorized", &["Key"]);
}

#[tokio::test]
async fn the_realm_stands_in_every_challenge() {
    let gate = gate(json!({"realm": "things"}));
    let refused = gate.refuse(Call::get(URL)).await;
    is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key realm=\"things\""]);
    let refused = gate.refuse(Call::get(URL).header("apikey", "other")).await;
    is(&refused, 401, "key_auth_unknown", "Unauthorized", &["Key realm=\"things\""]);
}

#[tokio::test]
async fn a_key_counts_until_its_end() {
    let gate = gate(json!({}));
    let call = || Call::get(URL).header("apikey", "janes");
    gate.clock.set(NOW + 9);
    gate.permit(call()).await;
    gate.clock.set(NOW + 10);
    is(&gate.refuse(call()).await, 401, "key_auth_unknown", "Unauthorized", &["Key"]);
}

#[tokio::test]
async fn a_name_that_is_there_twice_is_refused() {
    let gate = gate(json!({"key_in_body": true}));
    for call in [
        Call::get(URL).header("apikey", "johns").header("apikey", "johns"),
        Call::get(&format!("{URL}?apikey=johns&api%6bey=johns")),
        post(FORM, "apikey=johns&apikey=johns"),
        post(JSON, r#"{"apikey": ["johns"]}"#),
        post(JSON, r#"{"apikey": {"a": "johns"}}"#),
        post(MULTIPART, &format!("{0}{0}--b--", part("apikey", "johns"))),
    ] {
        let refused = gate.refuse(call).await;
        is(&refused, 401, "key_auth_repeated", "Duplicate API key found", &["Key"]);
    }
}

#[tokio::test]
async fn header_comes_before_query_and_query_before_body() {
    let gate = gate(json!({"key_in_body": true}));
    let both = Call::get(&format!("{URL}?apikey=janes")).header("apikey", "johns");
    assert_eq!(gate.permit(both).await.field("x-consumer-username"), Some("john"));
    let call = Call::new(Method::POST, &format!("{URL}?apikey=johns")).body(FORM, "apikey=janes");
    let passed = gate.permit(call).await;
    assert_eq!((passed.field("x-consumer-username"), passed.reads), (Some("john"), 0));
}

#[tokio::test]
async fn names_are_tried_in_order_and_case_counts_only_outside_of_headers() {
    let gate = gate(json!({"key_names": ["X-Key", "apikey"]}));
    let call = Call::get(URL).header("apikey", "janes").header("x-key", "johns");
    assert_eq!(gate.permit(call).await.field("x-consumer-username"), Some("john"));
    gate.permit(Call::get(&format!("{URL}?X-Key=johns"))).await;
    let refused = gate.refuse(Call::get(&format!("{URL}?x-key=johns"))).await;
    is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key"]);
}

#[tokio::test]
async fn only_the_places_that_are_switched_on_are_looked_at() {
    let calls: [fn() -> Call; 3] = [
        || Call::get(URL).header("apikey", "johns"),
        || Call::get(&format!("{URL}?apikey=johns")),
        || post(FORM, "apikey=johns"),
    ];
    for on in 0..3 {
        let flags = [on == 0, on == 1, on == 2];
        let gate =
            gate(json!({"key_in_header": flags[0], "key_in_query": flags[1], "key_in_body": flags[2]}));
        for (place, call) in calls.iter().enumerate() {
            if place == on {
                gate.permit(call()).await;
            } else {
                let refused = gate.refuse(call()).await;
                is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key"]);
            }
        }
    }
}

#[tokio::test]
async fn keys_are_found_in_forms_json_and_multipart() {
    let gate = gate(json!({"key_in_body": true}));
    for (media, body) in [
        (FORM, "a=1&apikey=johns".to_owned()),
        (JSON, r#"{"a": 1, "apikey": "johns"}"#.to_owned()),
        ("application/json; charset=utf-8", r#"{"apikey": "johns"}"#.to_owned()),
        (MULTIPART, format!("{}--b--\r\n", part("apikey", "johns"))),
    ] {
        let passed = gate.permit(post(media, &body)).await;
        assert_eq!(passed.field("x-consumer-username"), Some("john"), "{media}");
        assert_eq!(passed.body, body);
    }
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_not_searched() {
    let gate = gate(json!({"key_in_body": true}));
    for call in [
        post(FORM, &format!("apikey=johns&a={}", "x".repeat(1024 * 1024))),
        Call::new(Method::POST, URL).broken_body(FORM),
    ] {
        let refused = gate.refuse(call).await;
        is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key"]);
    }
}

#[tokio::test]
async fn a_hidden_key_leaves_every_place_and_nothing_else_changes() {
    let gate = gate(json!({"hide_credentials": true, "key_in_body": true}));
    let url = format!("{URL}?a=%7e&apikey=x&b=+c");
    for (media, body, left) in [
        (FORM, "a=%7e&apikey=x&b=1".to_owned(), "a=%7e&b=1".to_owned()),
        (JSON, r#"{"a":1.50,"apikey":"x"}"#.to_owned(), r#"{"a":1.50}"#.to_owned()),
        (
            MULTIPART,
            format!("{}{}--b--\r\n", part("apikey", "x"), part("a", "1")),
            format!("{}--b--\r\n", part("a", "1")),
        ),
        ("text/plain", "apikey=x".to_owned(), "apikey=x".to_owned()),
    ] {
        let call = Call::new(Method::POST, &url).body(media, &body).header("apikey", "johns");
        let passed = gate.permit(call).await;
        assert_eq!(passed.field("apikey"), None);
        assert_eq!(passed.head.query.as_deref(), Some("a=%7e&b=+c"));
        assert_eq!(passed.body, left, "{media}");
    }
    let passed = gate.permit(Call::get(&format!("{URL}?apikey=johns"))).await;
    assert_eq!(passed.head.query, None);
}

#[tokio::test]
async fn a_key_that_is_not_hidden_is_forwarded_as_it_came() {
    let gate = gate(json!({"key_in_body": true}));
    let passed = gate.permit(Call::get(&format!("{URL}?b=%7e&apikey=johns"))).await;
    assert_eq!(passed.head.query.as_deref(), Some("b=%7e&apikey=johns"));
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_never_forwarded() {
    let gate = gate(json!({"run_on_preflight": false}));
    let forged = |call: Call| {
        [
            "x-consumer-id",
            "x-consumer-custom-id",
            "x-consumer-username",
            "x-credential-identifier",
            "x-anonymous-consumer",
            "x-consumer-groups",
            "x-authenticated-groups",
            "x_consumer_id",
            "x-consumer_groups",
        ]
        .into_iter()
        .fold(call, |call, name| call.header(name, "forged"))
    };
    let passed = gate.permit(forged(Call::get(URL).header("apikey", "janes"))).await;
    let expected = [("x-consumer-custom-id", "c-jane"), ("x-consumer-id", &JANE.to_string())];
    let expected = pairs([expected[0], expected[1], ("x-credential-identifier", &JANES_KEY.to_string())]);
    assert_eq!(identity(&passed), expected);
    let passed = gate.permit(forged(Call::new(Method::OPTIONS, URL))).await;
    assert_eq!(identity(&passed), []);
}

#[tokio::test]
async fn preflights_need_a_key_unless_the_configuration_says_otherwise() {
    let call = || Call::new(Method::OPTIONS, URL);
    let refused = gate(json!({})).refuse(call()).await;
    is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key"]);
    let gate = gate(json!({"run_on_preflight": false}));
    assert!(!gate.permit(call()).await.notes.identity.authenticated);
    let refused = gate.refuse(Call::get(URL)).await;
    is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key"]);
}

#[tokio::test]
async fn callers_that_are_not_known_are_the_anonymous_consumer() {
    for anonymous in ["nobody".to_owned(), NOBODY.to_string()] {
        let gate = gate(json!({"anonymous": anonymous}));
        for call in [Call::get(URL), Call::get(URL).header("apikey", "other")] {
            let passed = gate.permit(call).await;
            let seen = identity(&passed);
            let expected = pairs([
                ("x-anonymous-consumer", "true"),
                ("x-consumer-id", &NOBODY.to_string()),
                ("x-consumer-username", "nobody"),
            ]);
            assert_eq!(seen, expected);
            assert!(passed.notes.identity.anonymous && !passed.notes.identity.authenticated);
        }
        let passed = gate.permit(Call::get(URL).header("apikey", "johns")).await;
        assert_eq!(passed.field("x-anonymous-consumer"), None);
        assert_eq!(passed.field("x-consumer-username"), Some("john"));
    }
}

#[tokio::test]
async fn an_anonymous_consumer_that_is_not_there_is_our_fault() {
    let gate = gate(json!({"anonymous": "ghost"}));
    let text = "anonymous consumer ghost is unknown/does not exist";
    let refused = gate.refuse(Call::get(URL)).await;
    is(&refused, 500, "anonymous_unknown", text, &[]);
    assert_eq!(refused.notes.detail.as_deref(), Some(text));
    gate.permit(Call::get(URL).header("apikey", "johns")).await;
}

fn part(name: &str, value: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}
