//! Responses whose end is in doubt: the client gets 502, and the connection to the upstream serves nobody else.

use crate::recorder::Recorder;
use crate::scene::Scene;

/// A scene whose upstream answers `/bad` with these bytes and everything else in order.
fn answering(name: &str, bad: &'static [u8]) -> Scene {
    let upstream = Recorder::answering(move |raw| {
        let line = raw.line();
        if line.contains(" /bad ") {
            return Some(bad.to_vec());
        }
        Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len()).into_bytes())
    });
    Scene::with(name, upstream)
}

fn bad(scene: &Scene) -> String {
    format!("GET {}/bad HTTP/1.1\r\nHost: a.test\r\n\r\n", scene.path())
}

#[test]
fn a_response_that_two_readers_could_read_otherwise_is_502_and_its_connection_is_not_used_again() {
    const SECOND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL";
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 2\r\n\r\nok", "a".repeat(2_000_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", "X: y\r\n".repeat(1500));
    for (at, (name, response)) in [
        (
            "a length and a coding",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ),
        (
            "a coding and a length",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ),
        ("lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"),
        ("one length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
        ("a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nok"),
        ("a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"),
        ("a length in hexadecimal", "HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok"),
        ("a length beyond 64 bits", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok"),
        ("two codings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        (
            "chunked not last",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ),
        ("an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        (
            "a coding twice",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        ("a coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ("a coding of nothing", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("a folded line", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok"),
        ("a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok"),
        ("a NUL in a value", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok"),
        ("a CR in a value", "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok"),
        ("an empty name", "HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 2\r\n\r\nok"),
        ("no colon", "HTTP/1.1 200 OK\r\nX\r\nContent-Length: 2\r\n\r\nok"),
        ("no version", "200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("a status of letters", "HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok"),
        ("a status below all", "HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nok"),
        ("another protocol", "220 mail.test ESMTP\r\n\r\n"),
        (
            "a change of protocols that nobody asked for",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        ),
        ("a head beyond all bounds", Box::leak(long.into_boxed_str())),
        ("fields beyond all bounds", Box::leak(many.into_boxed_str())),
    ]
    .into_iter()
    .enumerate()
    {
        let response: &'static str = Box::leak(format!("{response}{SECOND}").into_boxed_str());
        let scene = answering(&format!("bad-{at}"), response.as_bytes());
        let outcome = scene.send(bad(&scene));
        let statuses: Vec<u16> = outcome.answers.iter().map(|got| got.status).collect();
        assert_eq!((statuses, outcome.closed), (vec![502], false), "{name}: {outcome:?}");
        let first = outcome.seen[0].connection;
        let mut socket = scene.connect();
        for _ in 0..3 {
            socket.write(scene.get("next").as_bytes());
            assert_eq!(socket.answer().map(|got| got.body), Some("GET /next HTTP/1.1".to_owned()), "{name}");
        }
        assert!(scene.upstream.take().iter().all(|raw| raw.connection != first), "{name}");
    }
}

#[test]
fn what_comes_behind_a_response_is_never_the_answer_to_another_request() {
    for (at, (name, response, status)) in [
        ("a second response", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", 200),
        ("a second one behind chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", 200),
        ("a body of 204", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", 204),
        ("a body of 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 49\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL", 304),
        ("more than the length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEVIL", 200),
    ]
    .into_iter()
    .enumerate()
    {
        let scene = answering(&format!("behind-{at}"), response.as_bytes());
        let mut socket = scene.connect();
        for round in 0..5 {
            socket.write(bad(&scene).as_bytes());
            let got = socket.answer().unwrap();
            assert_eq!(got.status, status, "{name} {round}: {got:?}");
            assert!(!got.body.contains("EVIL"), "{name} {round}: {got:?}");
            socket.write(scene.get("next").as_bytes());
            let got = socket.answer().unwrap();
            assert_eq!(got.body, "GET /next HTTP/1.1", "{name} {round}: {got:?}");
        }
    }
}

#[test]
fn a_body_that_breaks_off_is_never_whole_for_the_client() {
    for (at, (name, response)) in [
        ("a bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nx\r\nEVIL\r\n0\r\n\r\n"),
        ("a signed chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n+4\r\nEVIL\r\n0\r\n\r\n"),
        ("a chunk size beyond 64 bits", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n10000000000000004\r\nEVIL\r\n0\r\n\r\n"),
        ("no end of a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalfEVIL\r\n0\r\n\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let upstream = Recorder::answering(move |raw| {
            let bad = raw.line().contains(" /bad ");
            let answer = if bad { response } else { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" };
            Some(answer.as_bytes().to_vec())
        });
        let scene = Scene::with(&format!("torn-{at}"), upstream);
        let mut socket = scene.connect();
        socket.write(bad(&scene).as_bytes());
        let rest = String::from_utf8(socket.rest()).unwrap();
        assert!(!rest.contains("EVIL") && !rest.ends_with("0\r\n\r\n"), "{name}: {rest}");
    }
}

#[test]
fn fields_of_the_upstreams_connection_end_here() {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\
        Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nX-Stays: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let scene = answering("hop", ANSWER);
    let mut socket = scene.connect();
    socket.write(bad(&scene).replace("HTTP/1.1", "HTTP/1.0").as_bytes());
    let rest = String::from_utf8(socket.rest()).unwrap().to_ascii_lowercase();
    for gone in ["x-hop", "keep-alive", "proxy-connection", "upgrade", "transfer-encoding", "\r\n2\r\n"] {
        assert!(!rest.contains(gone), "{gone}: {rest}");
    }
    assert!(rest.contains("x-stays: 1") && rest.ends_with("\r\n\r\nok"), "{rest}");
}
