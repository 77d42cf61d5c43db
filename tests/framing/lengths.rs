//! How a request says where its body ends.

use crate::scene::Scene;

/// Behind the head stands a request that must never be one.
const SMUGGLED: &str = "0\r\n\r\nGET /lengths/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";

#[test]
fn an_end_of_the_body_in_doubt_is_refused_and_nothing_behind_it_is_read() {
    let scene = Scene::start("lengths");
    for (name, fields) in [
        ("length before coding", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("coding before length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("length nought beside a coding", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
        ("lengths that differ", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("one length twice", "Content-Length: 5\r\nContent-Length: 5\r\n"),
        ("a list of lengths", "Content-Length: 5, 6\r\n"),
        ("a list of one length", "Content-Length: 5, 5\r\n"),
        ("a length and a comma", "Content-Length: 5,\r\n"),
        ("a signed length", "Content-Length: +5\r\n"),
        ("a negative length", "Content-Length: -5\r\n"),
        ("a length in hexadecimal", "Content-Length: 0x5\r\n"),
        ("a length with a fraction", "Content-Length: 5.0\r\n"),
        ("a length with an exponent", "Content-Length: 1e1\r\n"),
        ("a length with an underscore", "Content-Length: 1_0\r\n"),
        ("a length in quotes", "Content-Length: \"5\"\r\n"),
        ("a length with a space in it", "Content-Length: 1 0\r\n"),
        ("a length beyond 64 bits", "Content-Length: 18446744073709551616\r\n"),
        ("a length that wraps to 5", "Content-Length: 18446744073709551621\r\n"),
        ("an empty length", "Content-Length:\r\n"),
        ("a length with a vertical tab", "Content-Length: \u{b}5\r\n"),
        ("a length in other digits", "Content-Length: \u{665}\r\n"),
        ("a space before the colon", "Content-Length : 5\r\n"),
        ("a tab before the colon", "Content-Length\t: 5\r\n"),
    ] {
        scene.refused(name, format!("{}{fields}\r\n{SMUGGLED}", scene.start_of("POST")), 400);
    }
}

#[test]
fn a_transfer_coding_that_is_not_plainly_chunked_is_refused() {
    let scene = Scene::start("codings");
    for (name, fields) in [
        ("a space before the colon", "Transfer-Encoding : chunked\r\n"),
        ("a vertical tab before the value", "Transfer-Encoding: \u{b}chunked\r\n"),
        ("a vertical tab behind the value", "Transfer-Encoding: chunked\u{b}\r\n"),
        ("a form feed", "Transfer-Encoding: \u{c}chunked\r\n"),
        ("a NUL", "Transfer-Encoding: chunked\0\r\n"),
        ("a byte beyond ASCII", "Transfer-Encoding: \u{ff}chunked\r\n"),
        ("a comma behind", "Transfer-Encoding: chunked,\r\n"),
        ("a comma before", "Transfer-Encoding: ,chunked\r\n"),
        ("quotes", "Transfer-Encoding: \"chunked\"\r\n"),
        ("single quotes", "Transfer-Encoding: 'chunked'\r\n"),
        ("a parameter", "Transfer-Encoding: chunked;q=1\r\n"),
        ("a parameter's beginning", "Transfer-Encoding: chunked;\r\n"),
        ("a letter before", "Transfer-Encoding: xchunked\r\n"),
        ("a letter behind", "Transfer-Encoding: chunkedx\r\n"),
        ("chunk", "Transfer-Encoding: chunk\r\n"),
        ("empty", "Transfer-Encoding:\r\n"),
        ("identity", "Transfer-Encoding: identity\r\n"),
        ("identity and a length", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n"),
        ("identity and chunked", "Transfer-Encoding: identity, chunked\r\n"),
        ("gzip", "Transfer-Encoding: gzip\r\n"),
        ("gzip and chunked", "Transfer-Encoding: gzip, chunked\r\n"),
        ("chunked and gzip", "Transfer-Encoding: chunked, gzip\r\n"),
        ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n"),
        ("chunked in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("another in a second field", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        ("chunked in the second field", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n"),
        ("a folded value", "Transfer-Encoding:\r\n chunked\r\n"),
        ("a folded value with a tab", "Transfer-Encoding: x\r\n\tchunked\r\n"),
        ("a bare LF before the field", "X: y\nTransfer-Encoding: chunked\r\n"),
        ("a bare CR before the field", "X: y\rTransfer-Encoding: chunked\r\n"),
        ("a bare CR in the name", "Transfer-\rEncoding: chunked\r\n"),
    ] {
        scene.refused(name, format!("{}{fields}\r\n{SMUGGLED}", scene.start_of("POST")), 400);
    }
}

#[test]
fn http_1_0_knows_no_transfer_coding() {
    let scene = Scene::start("http10");
    let line = format!("POST {}/x HTTP/1.0\r\nHost: a.test\r\n", scene.path());
    scene.refused("alone", format!("{line}Transfer-Encoding: chunked\r\n\r\n{SMUGGLED}"), 400);
    let both = format!("{line}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{SMUGGLED}");
    scene.refused("beside a length", both, 400);
    let kept = format!("{line}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n{SMUGGLED}");
    scene.refused("on a connection that is kept", kept, 400);
}

#[test]
fn one_length_or_one_coding_reaches_the_upstream_as_the_same_and_alone() {
    let scene = Scene::start("plain-lengths");
    let post = scene.start_of("POST");
    for (name, fields, body, content, framing) in [
        ("a length", "Content-Length: 3\r\n", "abc", "abc", ("content-length", "3")),
        ("leading zeros", "Content-Length: 003\r\n", "abc", "abc", ("content-length", "3")),
        ("white space around it", "Content-Length:\t 3 \t\r\n", "abc", "abc", ("content-length", "3")),
        ("nought", "Content-Length: 0\r\n", "", "", ("content-length", "0")),
        (
            "chunked",
            "Transfer-Encoding: chunked\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "abc",
            ("transfer-encoding", "chunked"),
        ),
        (
            "capitals",
            "tRANSFER-eNCODING: CHUNKED\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "abc",
            ("transfer-encoding", "chunked"),
        ),
        (
            "a tab before it",
            "Transfer-Encoding:\tchunked\r\n",
            "1\r\na\r\n0\r\n\r\n",
            "a",
            ("transfer-encoding", "chunked"),
        ),
        (
            "space behind it",
            "Transfer-Encoding: chunked \r\n",
            "1\r\na\r\n0\r\n\r\n",
            "a",
            ("transfer-encoding", "chunked"),
        ),
    ] {
        let raw = scene.forwarded(name, format!("{post}{fields}\r\n{body}"), "POST /x HTTP/1.1", content);
        let (name_of, value) = framing;
        assert_eq!(raw.all(name_of).len(), 1, "{name}: {raw:?}");
        if name_of == "transfer-encoding" || value == "0" {
            assert_eq!(raw.all(name_of), [value], "{name}");
        } else {
            assert_eq!(raw.all(name_of)[0].parse::<usize>().unwrap(), content.len(), "{name}");
        }
    }
}

#[test]
fn a_body_of_get_or_head_is_a_body_and_no_request() {
    let scene = Scene::start("bodies-of-get");
    let inner = "GET /bodies-of-get/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
    for method in ["GET", "DELETE", "OPTIONS"] {
        let line = format!("{method} /x HTTP/1.1");
        let start = scene.start_of(method);
        let sized = format!("{start}Content-Length: {}\r\n\r\n{inner}", inner.len());
        scene.forwarded(method, sized, &line, inner);
        let chunked =
            format!("{start}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
        scene.forwarded(method, chunked, &line, inner);
    }
    let head = format!("{}Content-Length: {}\r\n\r\n{inner}", scene.start_of("HEAD"), inner.len());
    let mut socket = scene.connect();
    socket.write(format!("{head}{}", scene.get("behind")).as_bytes());
    // An answer to HEAD has a length and no body.
    let rest = loop {
        let seen = socket.exactly(1).unwrap();
        if seen == b"\n" {
            let after = socket.exactly(2).unwrap();
            if after == b"\r\n" {
                break socket.answer().unwrap();
            }
        }
    };
    assert_eq!(rest.body, "GET /behind HTTP/1.1");
    let seen: Vec<_> =
        scene.upstream.take().iter().map(|raw| (raw.line().to_owned(), raw.content())).collect();
    let line = |line: &str, content: &str| (line.to_owned(), content.to_owned());
    assert_eq!(seen, [line("HEAD /x HTTP/1.1", inner), line("GET /behind HTTP/1.1", "")]);
}
