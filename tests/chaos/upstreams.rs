//! Upstreams that break off.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;
use http_body_util::Full;
use keybound_suites::{Gateway, http2};
use serde_json::json;

use crate::reading::{Read, ask};
use crate::upstream::{BODY, Breaking, Framing};
use crate::{open_route, told};

const HTTP2: &str = "127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl";

fn stage(settings: &[(&str, &str)]) -> (Gateway, Breaking) {
    let (gateway, upstream) = (Gateway::start(settings), Breaking::start());
    open_route(&gateway, "cut", upstream.address, json!({ "retries": 0 }));
    (gateway, upstream)
}

fn cut(address: SocketAddr, framing: Framing, at: usize, end: &str) -> Read {
    let target = format!("/cut?answer={}&at={at}&end={end}", framing.name());
    ask(address, format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes())
}

/// A refusal of ours is whole and has a body that says something.
#[track_caller]
fn is_bad_gateway(status: u16, body: &[u8], place: &str) {
    assert_eq!(status, 502, "{place}");
    let body = String::from_utf8_lossy(body);
    assert!(body.contains("upstream server") && body.contains("request_id"), "{place}: {body}");
}

#[test]
fn an_answer_that_is_cut_at_any_byte_is_an_error_or_is_seen_to_be_cut() {
    let (gateway, _upstream) = stage(&[]);
    let address = gateway.plain;
    let cases: Vec<(Framing, usize, &str)> = [Framing::Length, Framing::Chunked, Framing::Close]
        .into_iter()
        .flat_map(|framing| {
            let ends: &[&str] = if framing == Framing::Close { &["reset"] } else { &["fin", "reset"] };
            (0..=framing.answer().len()).flat_map(move |at| ends.iter().map(move |end| (framing, at, *end)))
        })
        .collect();
    // Refused, seen to be cut, whole, and the next case.
    let counts: [AtomicUsize; 4] = Default::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((framing, at, end)) = cases.get(counts[3].fetch_add(1, Ordering::Relaxed)) {
                    let place = format!("{framing:?} cut at {at} by {end}");
                    let outcome = check(cut(address, *framing, *at, end), *framing, *at, end, &place);
                    counts[outcome].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    for framing in [Framing::Length, Framing::Chunked, Framing::Close] {
        let good = cut(address, framing, usize::MAX, "fin");
        assert!(
            good.whole && good.status == 200 && good.body == BODY,
            "the next request is served: {good:?}"
        );
    }
    let [refused, broken, whole, _] = counts.map(AtomicUsize::into_inner);
    assert!(refused > 100 && broken > 100, "{refused} {broken} {whole}");
    told(
        &format!("upstream cut or reset at every byte of its answer ({} cuts, HTTP/1.1)", cases.len()),
        &format!(
            "502 with a body {refused} times, a connection that ends before its answer does {broken} times, the whole answer {whole} times"
        ),
        "nothing: no part was taken for the whole, the next request was served",
    );
}

/// 0 for a refusal, 1 for an answer that is seen to be cut, 2 for the whole answer.
fn check(read: Read, framing: Framing, at: usize, end: &str, place: &str) -> usize {
    let answer = framing.answer();
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    if read.whole && read.status == 200 {
        assert_eq!(read.body, BODY, "{place}: a part was taken for the whole");
        return 2;
    }
    if at < head {
        assert!(read.whole, "{place}: {read:?}");
    }
    if read.whole {
        is_bad_gateway(read.status, &read.body, place);
        return 0;
    }
    // A head that was still in the gateway's hands when its body broke off goes with the connection.
    assert!(matches!(read.status, 0 | 200), "{place}: {read:?}");
    assert!(BODY.starts_with(&read.body), "{place}: {read:?}");
    assert!(at < answer.len() || end == "reset", "{place}: a whole answer was cut: {read:?}");
    1
}

#[test]
fn over_http2_a_cut_answer_resets_its_stream() {
    let (gateway, _upstream) = stage(&[("proxy_listen", HTTP2)]);
    let (mut refused, mut broken, mut whole) = (0, 0, 0);
    for framing in [Framing::Length, Framing::Chunked] {
        let answer = framing.answer();
        for at in (0..answer.len()).step_by(9) {
            let uri = format!("http://{}/cut?answer={}&at={at}&end=reset", gateway.plain, framing.name());
            let request = http::Request::get(uri).body(Full::new(Bytes::new())).unwrap();
            match http2::try_send(gateway.plain, request) {
                Ok(answer) if answer.status == 200 => {
                    assert_eq!(answer.body.as_bytes(), BODY, "a part was taken for the whole at {at}");
                    whole += 1;
                }
                Ok(answer) => {
                    is_bad_gateway(answer.status, answer.body.as_bytes(), &format!("{framing:?} at {at}"));
                    refused += 1;
                }
                Err(_) => broken += 1,
            }
        }
    }
    assert!(refused > 10 && broken > 5, "{refused} {broken} {whole}");
    told(
        "upstream reset within its answer, client on HTTP/2",
        &format!("502 with a body {refused} times, a reset stream {broken} times"),
        "nothing: no part was taken for the whole",
    );
}

#[test]
fn a_request_that_is_reset_on_its_way_is_an_error_and_is_not_sent_twice() {
    let (gateway, upstream) = (Gateway::start(&[]), Breaking::start());
    open_route(&gateway, "cut", upstream.address, json!({ "retries": 5 }));
    let address = gateway.plain;
    let body = vec![b'x'; 1 << 20];
    let places = [0, 1, 1000, 16_384, 100_000, 500_000];
    for read in places {
        let before = upstream.requests();
        let head = format!(
            "POST /cut?read={read} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let answer = ask(address, &[head.as_bytes(), &body].concat());
        // A close while our bytes are on their way may overtake the answer.
        assert!(matches!(answer.status, 0 | 502), "{read}: {answer:?}");
        if answer.whole {
            is_bad_gateway(answer.status, &answer.body, &format!("reset after {read}"));
        }
        assert_eq!(upstream.requests() - before, 1, "a POST whose bytes were sent is never sent again");
    }
    assert!(cut(address, Framing::Length, usize::MAX, "fin").whole);
    told(
        &format!("upstream reset while a POST of 1 MB was sent ({} places)", places.len()),
        "502 with a body, or a closed connection",
        "nothing: not sent a second time, the next request was served",
    );
}
