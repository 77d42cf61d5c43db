//! Several ways to authenticate on one route, and plugins of the consumer that they find.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keybound_plugins::contract::Audience;
use serde_json::json;

use crate::support::{Call, Gate, JANE, Marker, NOBODY, URL, everybody, is};

fn johns_password() -> String {
    format!("Basic {}", STANDARD.encode("j\u{f6}hn:s:cret"))
}

#[tokio::test]
async fn without_anonymous_every_plugin_has_to_be_content() {
    let gate = Gate::of([("key-auth", json!({})), ("basic-auth", json!({}))]);
    let refused = gate.refuse(Call::get(URL).header("apikey", "johns")).await;
    is(&refused, 401, "basic_auth_missing", "Unauthorized", &["Basic realm=\"service\""]);
    let refused = gate.refuse(Call::get(URL).header("authorization", &johns_password())).await;
    is(&refused, 401, "key_auth_missing", "No API key found in request", &["Key"]);
    // The last one says who calls.
    let both = Call::get(URL).header("apikey", "janes").header("authorization", &johns_password());
    let passed = gate.permit(both).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    let credential = passed.head.headers.get("x-credential-identifier").map(|value| value.as_bytes());
    assert_eq!(credential, Some("j\u{f6}hn".as_bytes()));
}

#[tokio::test]
async fn with_anonymous_one_is_enough() {
    let anonymous = || json!({"anonymous": "nobody"});
    let gate = Gate::of([("key-auth", anonymous()), ("basic-auth", anonymous())]);
    // Known by the first: the second does not look.
    let call = Call::get(URL).header("apikey", "janes").header("authorization", &johns_password());
    let passed = gate.permit(call).await;
    assert_eq!(passed.field("x-consumer-id"), Some(JANE.to_string().as_str()));
    assert_eq!(passed.field("x-anonymous-consumer"), None);
    // Not known by the first, but by the second.
    let passed = gate.permit(Call::get(URL).header("authorization", &johns_password())).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_eq!(passed.field("x-anonymous-consumer"), None);
    assert!(!passed.notes.identity.anonymous);
    // Known by neither.
    let passed = gate.permit(Call::get(URL)).await;
    assert_eq!(passed.field("x-consumer-id"), Some(NOBODY.to_string().as_str()));
    assert_eq!(passed.field("x-anonymous-consumer"), Some("true"));
}

#[tokio::test]
async fn one_without_anonymous_stays_mandatory_beside_one_with_it() {
    let gate = Gate::of([("key-auth", json!({"anonymous": "nobody"})), ("basic-auth", json!({}))]);
    let refused = gate.refuse(Call::get(URL).header("apikey", "johns")).await;
    is(&refused, 401, "basic_auth_missing", "Unauthorized", &["Basic realm=\"service\""]);
    let passed = gate.permit(Call::get(URL).header("authorization", &johns_password())).await;
    assert_eq!(passed.field("x-anonymous-consumer"), None);
}

#[tokio::test]
async fn the_anonymous_consumer_does_not_count_as_authenticated() {
    let gate = Gate::of([
        ("key-auth", json!({"anonymous": "nobody"})),
        ("basic-auth", json!({"anonymous": "john"})),
    ]);
    let passed = gate.permit(Call::get(URL)).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_eq!(passed.field("x-anonymous-consumer"), Some("true"));
    assert_eq!(passed.field("x-credential-identifier"), None);
}

#[tokio::test]
async fn a_plugin_of_a_consumer_runs_for_whom_the_key_names_and_for_the_anonymous_one() {
    let of = |consumer| {
        let marker = Some((Audience::Consumer(consumer), Arc::new(Marker) as _));
        Gate::scoped(everybody(), [("key-auth", json!({"anonymous": "nobody"}))], marker)
    };
    let marked = async |gate: &Gate, call| gate.permit(call).await.field("x-marker").is_some();
    let jane = of(JANE);
    assert!(marked(&jane, Call::get(URL).header("apikey", "janes")).await);
    assert!(!marked(&jane, Call::get(URL).header("apikey", "johns")).await);
    assert!(!marked(&jane, Call::get(URL)).await);
    let nobody = of(NOBODY);
    assert!(marked(&nobody, Call::get(URL)).await);
    assert!(!marked(&nobody, Call::get(URL).header("apikey", "janes")).await);
}
