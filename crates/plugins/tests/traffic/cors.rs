use http::Method;
use serde_json::{Value, json};

use crate::support::{Call, Ended, World, all, one, refused};

fn preflight(origin: &str) -> Call {
    Call::new(Method::OPTIONS, "/")
        .header("origin", origin)
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "x-a,x-b")
}

async fn answered(config: Value, call: Call) -> Ended {
    call.through(&World::new().chain("cors", config)).await.ended()
}

#[tokio::test]
async fn a_preflight_is_answered_with_200_and_no_body() {
    let ended = answered(json!({}), preflight("https://a.example")).await;
    assert_eq!((ended.status.as_u16(), ended.body.as_str(), ended.fault), (200, "", None));
    assert_eq!(one(&ended.headers, "access-control-allow-origin"), Some("*"));
    assert_eq!(one(&ended.headers, "access-control-allow-headers"), Some("x-a,x-b"));
    let methods = "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT";
    assert_eq!(one(&ended.headers, "access-control-allow-methods"), Some(methods));
    for absent in ["vary", "access-control-max-age", "access-control-allow-credentials"] {
        assert_eq!(one(&ended.headers, absent), None, "{absent}");
    }
}

#[tokio::test]
async fn a_preflight_tells_what_is_configured() {
    let config = json!({
        "origins": ["https://a.example", "https://b.example"], "methods": ["GET", "PUT"], "headers": ["X-A", "X-B"],
        "max_age": 3600, "credentials": true, "private_network": true,
    });
    let call = preflight("https://b.example").header("access-control-request-private-network", "true");
    let ended = answered(config, call).await;
    for (name, value) in [
        ("access-control-allow-origin", "https://b.example"),
        ("vary", "Origin"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-headers", "X-A,X-B"),
        ("access-control-allow-methods", "GET,PUT"),
        ("access-control-max-age", "3600"),
        ("access-control-allow-private-network", "true"),
    ] {
        assert_eq!(one(&ended.headers, name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn an_origin_must_be_one_of_those_or_match_a_pattern_as_a_whole() {
    let world = World::new();
    let origins = json!({"origins": ["https://a.example", "https://[a-z]+\\.b\\.example"]});
    let chain = world.chain("cors", origins);
    for (origin, allowed) in [
        ("https://a.example", true),
        ("https://a.example:443", true),
        ("http://a.example", false),
        ("https://x.b.example", true),
        ("https://x.b.example.evil.example", false),
        ("https://evil.example/?https://x.b.example", false),
        ("null", false),
    ] {
        let ended = preflight(origin).through(&chain).await.ended();
        let want = allowed.then(|| origin.trim_end_matches(":443"));
        assert_eq!(one(&ended.headers, "access-control-allow-origin"), want, "{origin}");
        assert_eq!(one(&ended.headers, "vary"), Some("Origin"), "{origin}");
    }
}

#[tokio::test]
async fn other_requests_pass_and_their_responses_say_who_may_read_them() {
    let world = World::new();
    let config =
        json!({"origins": ["https://a.example", "https://b.example"], "exposed_headers": ["X-A", "X-B"]});
    let chain = world.chain("cors", config);
    let (_, _, response, _) =
        Call::get("/").header("origin", "https://a.example").through(&chain).await.passed();
    assert_eq!(one(&response, "access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(
        (all(&response, "vary"), one(&response, "access-control-expose-headers")),
        (vec!["Origin"], Some("X-A,X-B"))
    );
    let (_, _, response, notes) =
        Call::get("/").header("origin", "https://c.example").through(&chain).await.passed();
    assert_eq!(one(&response, "access-control-allow-origin"), None);
    assert_eq!(notes.response_removals, ["access-control-allow-origin"]);
}

#[tokio::test]
async fn with_credentials_everybody_is_told_as_himself() {
    let chain = World::new().chain("cors", json!({"credentials": true}));
    let (_, _, response, _) =
        Call::get("/").header("origin", "https://a.example").through(&chain).await.passed();
    assert_eq!(one(&response, "access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(one(&response, "access-control-allow-credentials"), Some("true"));
    assert_eq!(all(&response, "vary"), ["Origin"]);
}

#[tokio::test]
async fn without_an_origin_nothing_is_said_when_configured_so() {
    let world = World::new();
    let (_, _, response, _) = Call::get("/").through(&world.chain("cors", json!({}))).await.passed();
    assert_eq!(one(&response, "access-control-allow-origin"), Some("*"));
    let quiet = world.chain("cors", json!({"allow_origin_absent": false}));
    let (_, _, response, _) = Call::get("/").through(&quiet).await.passed();
    assert!(response.is_empty(), "{response:?}");
}

#[tokio::test]
async fn the_upstream_answers_preflights_when_it_is_to() {
    let chain = World::new().chain("cors", json!({"preflight_continue": true}));
    let (_, _, response, notes) = preflight("https://a.example").through(&chain).await.passed();
    assert!(response.is_empty() && notes.response_removals.is_empty(), "{response:?}");
}

#[tokio::test]
async fn an_origin_that_is_no_pattern_is_refused() {
    let fault = refused("cors", json!({"origins": ["https://(a.example"]}));
    assert!(fault.contains("'https://(a.example' is not a valid regex"), "{fault}");
}
