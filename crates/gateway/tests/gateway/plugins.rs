//! What plugins decide, and what they say on the way back.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use keybound_gateway::Settings;
use keybound_model::Configuration;
use keybound_plugins::contract::{BodyFault, Detail, Flow, Refusal};
use keybound_plugins::fault::{RequestFault, RouteFault};

use crate::lab::{Lab, Plugins, Upstream, plugin};

fn with(upstream: &Upstream, plugins: &Plugins) -> Lab {
    let configuration = Configuration { plugins: vec![plugin()], ..upstream.behind_everything() };
    Lab::with_plugins(&configuration, Settings::default(), plugins)
}

#[tokio::test]
async fn a_refused_request_never_reaches_the_upstream_and_its_answer_is_the_plugins() {
    let upstream = Upstream::echo().await;
    let plugins = Plugins::access(|exchange| {
        exchange
            .notes
            .response_headers
            .push((HeaderName::from_static("dpop-nonce"), HeaderValue::from_static("n")));
        let mut refusal = Refusal::new(RouteFault::NoRoute);
        refusal.message = Some("Unauthorized".into());
        refusal.detail = Some(Detail { error: "invalid_token", description: "expired".into() });
        for challenge in ["DPoP algs=\"ES256\"", "Bearer realm=\"r\""] {
            refusal.headers.push((http::header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        }
        Box::pin(std::future::ready(Flow::Refuse(Box::new(refusal))))
    });
    let lab = with(&upstream, &plugins);
    let answer = lab.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.fields("www-authenticate"), ["DPoP algs=\"ES256\"", "Bearer realm=\"r\""]);
    assert_eq!(answer.fields("dpop-nonce"), ["n"]);
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let want = serde_json::json!({
        "message": "Unauthorized", "error": "invalid_token", "error_description": "expired", "code": "route_none",
    });
    assert_eq!(body, want);
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn without_detail_the_body_is_the_compact_message() {
    let upstream = Upstream::echo().await;
    let plugins =
        Plugins::access(|_| Box::pin(std::future::ready(Flow::Refuse(Box::new(RequestFault::Host.into())))));
    let answer = with(&upstream, &plugins).ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((answer.status(), answer.body.as_str()), (400, "{\"message\":\"Bad request\"}"));
}

#[tokio::test]
async fn what_a_plugin_changes_is_what_the_upstream_sees() {
    let upstream = Upstream::echo().await;
    let plugins = Plugins::access(|exchange| {
        exchange.head.headers.remove("dpop");
        exchange.head.headers.insert("authorization", HeaderValue::from_static("Bearer t"));
        exchange.head.query = None;
        Box::pin(std::future::ready(Flow::Continue))
    });
    let lab = with(&upstream, &plugins);
    lab.ask("GET /x?access_token=t HTTP/1.1\r\nHost: a\r\nDPoP: proof\r\nAuthorization: DPoP t\r\n\r\n")
        .await;
    let seen = upstream.only();
    assert_eq!(seen.head.lines().next(), Some("GET /x HTTP/1.1"));
    assert_eq!((seen.fields("authorization"), seen.field("dpop")), (vec!["Bearer t"], None));
}

#[tokio::test]
async fn notes_replace_the_upstreams_own_fields_and_the_response_phase_edits_both_kinds() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDPoP-Nonce: theirs\r\nDPoP-Nonce: too\r\n\r\n",
    )
    .await;
    let mut plugins = Plugins::access(|exchange| {
        exchange
            .notes
            .response_headers
            .push((HeaderName::from_static("dpop-nonce"), HeaderValue::from_static("ours")));
        Box::pin(std::future::ready(Flow::Continue))
    });
    plugins.response = Some(std::sync::Arc::new(|response| {
        let source = if response.from_upstream { "upstream" } else { "own" };
        response.headers.insert("x-source", HeaderValue::from_static(source));
    }));
    let lab = with(&upstream, &plugins);
    let answer = lab.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!((answer.fields("dpop-nonce"), answer.field("x-source")), (vec!["ours"], Some("upstream")));
}

#[tokio::test]
async fn a_plugin_may_read_the_body_and_the_upstream_still_gets_it() {
    let upstream = Upstream::echo().await;
    let plugins = Plugins::access(|exchange| {
        Box::pin(async move {
            assert_eq!(exchange.body.whole(2).await, Err(BodyFault::TooLarge));
            assert_eq!(exchange.body.whole(100).await, Ok(Bytes::from_static(b"hello")));
            assert_eq!(exchange.body.whole(100).await, Ok(Bytes::from_static(b"hello")));
            Flow::Continue
        })
    });
    let lab = with(&upstream, &plugins);
    let answer = lab.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").await;
    assert_eq!((answer.status(), upstream.only().body.as_str()), (200, "hello"));
}

#[tokio::test]
async fn a_body_that_is_too_long_for_a_plugin_still_arrives_from_its_beginning() {
    let upstream = Upstream::echo().await;
    let plugins = Plugins::access(|exchange| {
        Box::pin(async move {
            assert_eq!(exchange.body.whole(4).await, Err(BodyFault::TooLarge));
            assert_eq!(exchange.body.whole(5).await, Err(BodyFault::TooLarge));
            Flow::Continue
        })
    });
    let lab = with(&upstream, &plugins);
    let chunks = "3\r\nabc\r\n3\r\ndef\r\n3\r\nghi\r\n0\r\n\r\n";
    let answer =
        lab.ask(&format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")).await;
    assert_eq!((answer.status(), upstream.only().body.as_str()), (200, "abcdefghi"));
}

#[tokio::test]
async fn a_plugin_may_replace_the_body_and_its_length_follows() {
    let upstream = Upstream::echo().await;
    let plugins = Plugins::access(|exchange| {
        exchange.body.replace(Bytes::from_static(b"other body"));
        Box::pin(std::future::ready(Flow::Continue))
    });
    let lab = with(&upstream, &plugins);
    lab.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n").await;
    let seen = upstream.only();
    assert_eq!(
        (seen.body.as_str(), seen.field("content-length"), seen.field("transfer-encoding")),
        ("other body", Some("10"), None)
    );
}
