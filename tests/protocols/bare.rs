//! Answers without a body, and those that come before the answer.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use keybound_suites::{Answer, http2};

use crate::wire::accept;
use crate::{played, stage};

/// What the upstream answers, and what must come of it: status, and the length that is told.
const CASES: [(&str, &str, &str, u16, Option<&str>); 8] = [
    ("head-length", "HEAD", "200 OK\r\nContent-Length: 77\r\n\r\n", 200, Some("77")),
    ("head-chunked", "HEAD", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, None),
    ("head-bare", "HEAD", "200 OK\r\nETag: x\r\n\r\n", 200, None),
    ("no-content", "GET", "204 No Content\r\n\r\n", 204, None),
    ("not-modified", "GET", "304 Not Modified\r\nETag: x\r\n\r\n", 304, None),
    ("empty", "GET", "200 OK\r\nContent-Length: 0\r\n\r\n", 200, Some("0")),
    (
        "hinted",
        "GET",
        "103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        200,
        Some("0"),
    ),
    ("continued", "GET", "100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, Some("0")),
];

/// Answers two requests on one connection, which shows that nothing was left on it.
fn upstream(name: &str, answer: &'static str) -> std::thread::JoinHandle<()> {
    let listener = played(name);
    std::thread::spawn(move || {
        let mut upstream = accept(&listener);
        for _ in 0..2 {
            upstream.head();
            upstream.send(format!("HTTP/1.1 {answer}"));
        }
    })
}

#[track_caller]
fn check(name: &str, answer: &Answer, status: u16, length: Option<&str>) {
    assert_eq!((answer.status, answer.body.as_str()), (status, ""), "{name}: {answer:?}");
    assert_eq!(answer.all("content-length"), Vec::from_iter(length), "{name}: {answer:?}");
    assert_eq!(answer.all("transfer-encoding"), Vec::<&str>::new(), "{name}: {answer:?}");
    assert_eq!(answer.all("link"), Vec::<&str>::new(), "{name}: {answer:?}");
}

#[test]
fn answers_without_a_body_end_with_their_head_and_those_before_the_answer_are_dropped() {
    for (name, method, answer, status, length) in CASES {
        let upstream = upstream(name, answer);
        for connection in ["keep-alive", "close"] {
            let request = format!(
                "{method} /{name} HTTP/1.1\r\nHost: {}\r\nConnection: {connection}\r\n\r\n",
                stage().authority()
            );
            if connection == "close" {
                check(name, &Answer::to(stage().gateway.plain, request.as_bytes()), status, length);
            } else {
                let mut client = crate::wire::connect(stage().gateway.plain);
                client.send(request);
                assert!(client.head().starts_with(&format!("http/1.1 {status} ")), "{name}");
            }
        }
        upstream.join().unwrap();
    }
}

#[test]
fn the_same_over_http_2() {
    for (name, method, answer, status, length) in CASES {
        let name = format!("{name}-h2");
        let upstream = upstream(&name, answer);
        for _ in 0..2 {
            let request = Request::builder().method(method).uri(stage().url(&format!("/{name}")));
            let answer = http2::send(stage().gateway.plain, request.body(Full::new(Bytes::new())).unwrap());
            check(&name, &answer, status, length);
        }
        upstream.join().unwrap();
    }
}
