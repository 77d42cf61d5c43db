//! What is tried again, and what is not.

use keybound_model::{Configuration, Service};
use rstest::rstest;

use crate::lab::{Lab, Step, Upstream, service};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    for _ in 0..5 {
        assert_eq!(lab.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.status(), 200);
    }
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test]
async fn an_idempotent_request_is_tried_again_when_the_upstream_breaks_off() {
    let upstream =
        Upstream::scripted(|number, _| if number < 2 { Step::Close } else { Step::Answer(OK.into()) }).await;
    let lab = Lab::start(&upstream.behind_everything());
    assert_eq!(lab.ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").await.status(), 200);
    assert_eq!(upstream.seen().len(), 3);
}

#[tokio::test]
async fn no_more_often_than_the_service_allows() {
    let upstream = Upstream::scripted(|_, _| Step::Close).await;
    let services = vec![Service { retries: 2, ..service(upstream.addr) }];
    let lab = Lab::start(&Configuration { services, ..upstream.behind_everything() });
    assert_eq!(lab.ask("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").await.status(), 502);
    assert_eq!(upstream.seen().len(), 3);
}

#[rstest]
#[case("POST", "Content-Length: 0\r\n\r\n")]
#[case("PATCH", "Content-Length: 0\r\n\r\n")]
#[case("LOCK", "\r\n")]
#[case("PUT", "Content-Length: 1\r\n\r\na")]
#[tokio::test]
async fn what_is_not_idempotent_or_has_a_streamed_body_is_not_tried_again_once_sent(
    #[case] method: &str,
    #[case] rest: &str,
) {
    let upstream = Upstream::scripted(|_, _| Step::Close).await;
    let lab = Lab::start(&upstream.behind_everything());
    assert_eq!(lab.ask(&format!("{method} / HTTP/1.1\r\nHost: a\r\n{rest}")).await.status(), 502);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn an_idle_connection_that_the_upstream_closed_costs_no_attempt() {
    let upstream = Upstream::scripted(|_, _| Step::AnswerAndClose(OK.into())).await;
    let services = vec![Service { retries: 0, ..service(upstream.addr) }];
    let lab = Lab::start(&Configuration { services, ..upstream.behind_everything() });
    for _ in 0..20 {
        assert_eq!(lab.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.status(), 200);
    }
}

#[tokio::test]
async fn a_response_that_has_begun_is_never_asked_for_again() {
    let part = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
    let upstream = Upstream::scripted(move |_, _| Step::AnswerAndClose(part.into())).await;
    let lab = Lab::start(&upstream.behind_everything());
    let mut client = lab.client().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(client.head().await.unwrap().starts_with("HTTP/1.1 200"));
    assert_eq!(client.exactly(4).await, b"half");
    assert!(client.is_closed().await, "the part must not pass for the whole");
    assert_eq!(upstream.seen().len(), 1);
}
