//! Requests whose framing, host or path two readers could read differently: what one upstream saw is compared.

use keybound_gateway::{Limits, Settings};
use rstest::rstest;

use crate::lab::{Lab, Upstream};

/// What became of raw bytes.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// Refused with this status, the upstream saw nothing.
    Refused(u16),
    /// The connection was closed without an answer, the upstream saw nothing.
    Dropped,
    /// Forwarded: request lines and bodies that the upstream saw.
    Forwarded(Vec<(String, String)>),
}

async fn fate(bytes: &str) -> Fate {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let mut client = lab.client().await;
    client.send(bytes).await;
    let status = |head: String| head.split(' ').nth(1).unwrap().parse::<u16>().unwrap();
    let answer = client.head().await.map(status);
    if answer == Some(200) {
        client.exactly(2).await;
        // Half-close: what else was in the bytes is answered, then the gateway closes.
        tokio::io::AsyncWriteExt::shutdown(&mut client.stream).await.unwrap();
        while client.head().await.is_some() {}
    }
    let line = |head: &str| head.lines().next().unwrap_or_default().to_owned();
    let seen: Vec<_> = upstream.seen().into_iter().map(|seen| (line(&seen.head), seen.body)).collect();
    match (answer, seen.is_empty()) {
        (None, true) => Fate::Dropped,
        (Some(status), true) => Fate::Refused(status),
        _ => Fate::Forwarded(seen),
    }
}

fn once(line: &str, body: &str) -> Fate {
    Fate::Forwarded(vec![(line.to_owned(), body.to_owned())])
}

const POST: &str = "POST /x HTTP/1.1\r\nHost: a.test\r\n";

#[rstest]
#[case::length_before_coding("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
#[case::length_after_coding("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n")]
#[case::coding_twice("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
#[case::chunked_twice_in_one_line("Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
#[case::another_coding_before("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
#[case::another_coding_last("Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")]
#[case::unknown_coding("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
#[case::identity("Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na")]
#[case::quoted_coding("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")]
#[case::coding_with_vertical_tab("Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n")]
#[case::space_before_colon("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
#[case::tab_before_colon("Content-Length\t: 1\r\n\r\na")]
#[case::lengths_that_differ("Content-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
#[case::equal_lengths("Content-Length: 1\r\nContent-Length: 1\r\n\r\na")]
#[case::list_of_lengths("Content-Length: 1, 2\r\n\r\na")]
#[case::length_with_sign("Content-Length: +1\r\n\r\na")]
#[case::negative_length("Content-Length: -1\r\n\r\na")]
#[case::length_in_hex("Content-Length: 0x1\r\n\r\na")]
#[case::length_beyond_u64("Content-Length: 99999999999999999999\r\n\r\na")]
#[case::empty_length("Content-Length: \r\n\r\n")]
#[case::folded_line("X: a\r\n b\r\nContent-Length: 0\r\n\r\n")]
#[case::nul_in_value("X: a\0b\r\nContent-Length: 0\r\n\r\n")]
#[case::cr_in_value("X: a\rb\r\nContent-Length: 0\r\n\r\n")]
#[case::no_colon("Nonsense\r\nContent-Length: 0\r\n\r\n")]
#[case::empty_name(": a\r\nContent-Length: 0\r\n\r\n")]
#[case::nominated_length("Connection: content-length\r\nContent-Length: 0\r\n\r\n")]
#[case::nominated_credential(
    "Connection: close, Authorization\r\nAuthorization: Bearer x\r\nContent-Length: 0\r\n\r\n"
)]
#[tokio::test]
async fn a_length_or_field_in_doubt_never_reaches_the_upstream(#[case] rest: &str) {
    assert_eq!(fate(&format!("{POST}{rest}")).await, Fate::Refused(400));
}

#[rstest]
#[case::two_hosts("GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", 400)]
#[case::two_equal_hosts("GET / HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n", 400)]
#[case::no_host("GET / HTTP/1.1\r\n\r\n", 400)]
#[case::empty_host("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400)]
#[case::host_with_userinfo("GET / HTTP/1.1\r\nHost: a@b.test\r\n\r\n", 400)]
#[case::host_with_path("GET / HTTP/1.1\r\nHost: a.test/x\r\n\r\n", 400)]
#[case::host_list("GET / HTTP/1.1\r\nHost: a.test, b.test\r\n\r\n", 400)]
#[case::connect("CONNECT a.test:80 HTTP/1.1\r\nHost: a.test:80\r\n\r\n", 405)]
#[case::trace("TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n", 405)]
#[case::asterisk("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::other_scheme("GET ftp://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::rootless("GET x HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::space_in_target("GET /a b HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::hidden_dots("GET /public/..%2fadmin HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::backslash("GET /a\\..\\b HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::broken_escape("GET /%zz HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::encoded_nul("GET /a%00b HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::dots_with_parameters("GET /a/..;x/b HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::bad_version("GET / HTTP/1.2\r\nHost: a.test\r\n\r\n", 400)]
#[case::bad_method("G(T / HTTP/1.1\r\nHost: a.test\r\n\r\n", 400)]
#[case::http10_with_coding("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
#[tokio::test]
async fn a_target_or_host_in_doubt_never_reaches_the_upstream(#[case] bytes: &str, #[case] status: u16) {
    assert_eq!(fate(bytes).await, Fate::Refused(status));
}

#[rstest]
#[case::bad_size("zz\r\na\r\n0\r\n\r\n")]
#[case::huge_size("fffffffffffffffff\r\na\r\n0\r\n\r\n")]
#[case::negative_size("-1\r\na\r\n0\r\n\r\n")]
#[case::no_end_of_chunk("1\r\nab\r\n0\r\n\r\n")]
#[tokio::test]
async fn a_broken_chunk_never_becomes_a_whole_request(#[case] chunks: &str) {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let answer = lab.ask(&format!("{POST}Transfer-Encoding: chunked\r\n\r\n{chunks}")).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(upstream.seen(), []);
}

#[rstest]
#[case::one_length("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST /x HTTP/1.1", "abc")]
#[case::chunks(
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n1;e=1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
    "POST /x HTTP/1.1",
    "abc"
)]
#[case::absolute_form("GET http://a.test/y?q HTTP/1.1\r\nHost: b.test\r\n\r\n", "GET /y?q HTTP/1.1", "")]
#[case::dots("GET /a/../b/%2e/c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b/c HTTP/1.1", "")]
#[case::slashes("GET //a///b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a/b HTTP/1.1", "")]
#[case::triplets("GET /%61%2f%c3%a9 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a%2F%C3%A9 HTTP/1.1", "")]
#[case::empty_lines_before("\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x HTTP/1.1", "")]
#[case::http10("GET /x HTTP/1.0\r\n\r\n", "GET /x HTTP/1.1", "")]
#[tokio::test]
async fn what_is_clear_arrives_as_it_was_meant(#[case] bytes: &str, #[case] line: &str, #[case] body: &str) {
    assert_eq!(fate(bytes).await, once(line, body));
}

#[tokio::test]
async fn pipelined_requests_arrive_one_by_one_and_in_order() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let mut client = lab.client().await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let post = "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET";
    client.send(format!("{}{post}{}", get("/1"), get("/3"))).await;
    for _ in 0..3 {
        assert_eq!(client.answer().await.status(), 200);
    }
    let seen: Vec<_> =
        upstream.seen().iter().map(|seen| seen.head.lines().next().unwrap().to_owned()).collect();
    assert_eq!(seen, ["GET /1 HTTP/1.1", "POST /2 HTTP/1.1", "GET /3 HTTP/1.1"]);
}

#[tokio::test]
async fn a_request_inside_a_body_is_never_seen_as_one() {
    let inner = "GET /admin HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n";
    let bytes = format!("{POST}Content-Length: {}\r\n\r\n{inner}", inner.len());
    assert_eq!(fate(&bytes).await, once("POST /x HTTP/1.1", inner));
}

#[tokio::test]
async fn a_refused_request_closes_or_ends_cleanly_so_that_its_body_is_not_read_as_a_request() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let inner = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut client = lab.client().await;
    client
        .send(format!("POST /..%2fx HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}", inner.len()))
        .await;
    assert_eq!(client.answer().await.status(), 400);
    tokio::io::AsyncWriteExt::shutdown(&mut client.stream).await.unwrap();
    assert!(client.is_closed().await);
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn a_head_beyond_its_bound_is_refused_and_the_connection_survives() {
    let upstream = Upstream::echo().await;
    let limits = Limits { max_head_bytes: 8192, ..Limits::default() };
    let lab = Lab::with(&upstream.behind_everything(), Settings { limits, ..Settings::default() });
    let mut client = lab.client().await;
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}\r\n\r\n", "c".repeat(9000))).await;
    let answer = client.answer().await;
    assert_eq!(answer.status(), 400);
    assert!(answer.body.starts_with("Request header or cookie too large\n"), "{}", answer.body);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer().await.status(), 200);
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\nCookie: {}\r\n\r\n", "c".repeat(20_000))).await;
    assert_eq!(client.answer().await.status(), 431);
    let many: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    assert_eq!(lab.ask(&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")).await.status(), 431);
}

#[tokio::test]
async fn a_body_beyond_its_bound_is_refused_announced_or_not() {
    let upstream = Upstream::echo().await;
    let limits = Limits { max_body_bytes: Some(4), ..Limits::default() };
    let lab = Lab::with(&upstream.behind_everything(), Settings { limits, ..Settings::default() });
    assert_eq!(lab.ask(&format!("{POST}Content-Length: 5\r\n\r\nabcde")).await.status(), 413);
    let chunked = format!("{POST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
    assert_eq!(lab.ask(&chunked).await.status(), 413);
    assert_eq!(upstream.seen(), []);
    assert_eq!(lab.ask(&format!("{POST}Content-Length: 4\r\n\r\nabcd")).await.status(), 200);
}

#[tokio::test]
async fn trailers_that_are_credentials_or_identities_are_dropped() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let answer = lab
        .ask(&format!(
            "{POST}Transfer-Encoding: chunked\r\nTrailer: X-Sum, Authorization, X-Consumer-ID\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nAuthorization: Bearer x\r\nX-Consumer-ID: root\r\n\r\n"
        ))
        .await;
    assert_eq!(answer.status(), 200);
    let seen = upstream.only();
    assert_eq!((seen.body.as_str(), seen.field("trailer-x-sum")), ("a", Some("1")));
    assert_eq!(seen.field("trailer-authorization"), None);
    assert_eq!(seen.field("trailer-x-consumer-id"), None);
}

#[tokio::test]
async fn names_in_disguise_are_dropped() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    lab.ask("GET / HTTP/1.1\r\nHost: a\r\nAuthorization_: x\r\nD_PoP: x\r\nX_Forwarded_Proto: https\r\nContent_Length: 4\r\nAPI_Key: kept\r\n\r\n").await;
    let seen = upstream.only();
    for name in ["authorization_", "d_pop", "x_forwarded_proto", "content_length"] {
        assert_eq!(seen.field(name), None, "{name}");
    }
    assert_eq!(seen.field("api_key"), Some("kept"));
}
