//! Trailers, in chunks of HTTP/1.1 and in frames of HTTP/2, and fields that one of them cuts and the other does not.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::Full;
use hyper::body::{Body, Frame};
use keybound_suites::{Seen, http2};
use serde_json::json;

use crate::wire::{accept, connect};
use crate::{played, serve, stage};

/// A body of no known length: one with a length is forwarded with it, and has no room for trailers.
struct Pieces(VecDeque<Frame<Bytes>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// A whole answer with a trailer that may pass and one that may not.
const ANSWER: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum, set-cookie\r\n\r\n\
                      2\r\nok\r\n0\r\nx-sum: 7\r\nset-cookie: a=b\r\n\r\n";

#[test]
fn trailers_pass_both_ways_in_http_1() {
    let listener = played("trailers");
    let mut client = connect(stage().gateway.plain);
    client.send(format!(
        "POST /trailers HTTP/1.1\r\nHost: {}\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked\r\n\
         Trailer: x-sum, authorization\r\n\r\n3\r\nask\r\n0\r\nx-sum: 9\r\nauthorization: Bearer forged\r\n\r\n",
        stage().authority()
    ));
    let mut upstream = accept(&listener);
    let head = upstream.head();
    assert!(
        head.contains("\r\nte: trailers\r\n") && head.contains("\r\ntransfer-encoding: chunked\r\n"),
        "{head}"
    );
    upstream.expect("3\r\nask\r\n0\r\nx-sum: 9\r\n\r\n");
    upstream.send(ANSWER);
    let head = client.head();
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
    client.expect("2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n");
}

#[test]
fn trailers_pass_from_http_2_to_http_1_and_back() {
    let listener = played("trailers-h2");
    let upstream = std::thread::spawn(move || {
        let mut upstream = accept(&listener);
        let head = upstream.head();
        assert!(head.starts_with("post / http/1.1\r\n") && head.contains("\r\nte: trailers\r\n"), "{head}");
        upstream.expect("3\r\nask\r\n0\r\nx-sum: 9\r\n\r\n");
        upstream.send(ANSWER);
    });
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("9"));
    trailers.insert("cookie", HeaderValue::from_static("forged=1"));
    let body = Pieces([Frame::data(Bytes::from_static(b"ask")), Frame::trailers(trailers)].into());
    let request = Request::post(stage().url("/trailers-h2"))
        .header("te", "trailers")
        .header("trailer", "x-sum, cookie")
        .body(body)
        .unwrap();
    let answer = http2::send(stage().gateway.plain, request);
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    assert_eq!(answer.all("x-sum"), ["7"]);
    assert_eq!(answer.all("set-cookie"), Vec::<&str>::new());
    upstream.join().unwrap();
}

#[test]
fn the_pieces_of_a_cookie_reach_the_upstream_as_one() {
    serve("cookies", stage().upstream.address, json!({}));
    let request = Request::get(stage().url("/cookies"))
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("cookie", "c=3")
        .body(Full::new(Bytes::new()))
        .unwrap();
    let seen = Seen::of(&http2::send(stage().gateway.plain, request));
    assert_eq!(seen.all("cookie"), ["a=1; b=2; c=3"]);
}
