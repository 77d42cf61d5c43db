//! The head: lines, names, values, and what may stand between them.

use crate::scene::Scene;

#[test]
fn a_line_that_does_not_end_with_cr_lf_is_refused() {
    let scene = Scene::start("line-ends");
    let path = scene.path().to_owned();
    for (name, head) in [
        ("LF behind the request line", format!("GET {path}/x HTTP/1.1\nHost: a.test\r\n\r\n")),
        ("LF behind a field", format!("GET {path}/x HTTP/1.1\r\nHost: a.test\n\r\n")),
        ("LF for the end", format!("GET {path}/x HTTP/1.1\r\nHost: a.test\r\n\n")),
        ("LF everywhere", format!("GET {path}/x HTTP/1.1\nHost: a.test\n\n")),
        ("LF before the request", format!("\nGET {path}/x HTTP/1.1\r\nHost: a.test\r\n\r\n")),
        ("CR behind the request line", format!("GET {path}/x HTTP/1.1\rHost: a.test\r\n\r\n")),
        ("CR behind a field", format!("GET {path}/x HTTP/1.1\r\nHost: a.test\rX: y\r\n\r\n")),
        ("CR twice", format!("GET {path}/x HTTP/1.1\r\nHost: a.test\r\r\n\r\n")),
        ("CR before the request", format!("\rGET {path}/x HTTP/1.1\r\nHost: a.test\r\n\r\n")),
        ("LF CR", format!("GET {path}/x HTTP/1.1\n\rHost: a.test\r\n\r\n")),
    ] {
        scene.refused(name, head, 400);
    }
}

#[test]
fn a_field_that_two_readers_could_take_apart_otherwise_is_refused() {
    let scene = Scene::start("field-lines");
    for (name, line) in [
        ("a folded value", "X: a\r\n b\r\n"),
        ("a folded value with a tab", "X: a\r\n\tb\r\n"),
        ("a folded host", "X: a\r\n Host: b.test\r\n"),
        ("a space before the first field", " X: a\r\n"),
        ("a space before the colon", "X : a\r\n"),
        ("a tab before the colon", "X\t: a\r\n"),
        ("a space in the name", "X Y: a\r\n"),
        ("an empty name", ": a\r\n"),
        ("no colon", "X\r\n"),
        ("a NUL in the name", "X\0: a\r\n"),
        ("a NUL in the value", "X: a\0b\r\n"),
        ("a CR in the value", "X: a\rb\r\n"),
        ("a CR before the value", "X:\rb\r\n"),
        ("a bell in the value", "X: \u{7}\r\n"),
        ("a delete in the value", "X: \u{7f}\r\n"),
        ("a bracket in the name", "X[0]: a\r\n"),
        ("a slash in the name", "X/Y: a\r\n"),
        ("a letter beyond ASCII in the name", "X\u{e9}: a\r\n"),
        ("quotes around the name", "\"X\": a\r\n"),
        ("a request line for a field", "GET / HTTP/1.1\r\n"),
    ] {
        scene.refused(name, format!("{}{line}\r\n", scene.start_of("GET")), 400);
    }
}

#[test]
fn a_request_line_of_other_than_three_words_with_one_space_each_is_refused() {
    let scene = Scene::start("request-lines");
    let path = format!("{}/x", scene.path());
    for (name, line) in [
        ("two spaces before the target", format!("GET  {path} HTTP/1.1")),
        ("two spaces before the version", format!("GET {path}  HTTP/1.1")),
        ("a tab before the target", format!("GET\t{path} HTTP/1.1")),
        ("a tab before the version", format!("GET {path}\tHTTP/1.1")),
        ("a space at the beginning", format!(" GET {path} HTTP/1.1")),
        ("a space at the end", format!("GET {path} HTTP/1.1 ")),
        ("a fourth word", format!("GET {path} HTTP/1.1 x")),
        ("a space in the target", format!("GET {path} x HTTP/1.1")),
        ("no version: HTTP/0.9", format!("GET {path}")),
        ("HTTP/0.9 by name", format!("GET {path} HTTP/0.9")),
        ("HTTP/1.2", format!("GET {path} HTTP/1.2")),
        ("HTTP/1.10", format!("GET {path} HTTP/1.10")),
        ("HTTP/2.0", format!("GET {path} HTTP/2.0")),
        ("HTTP/3", format!("GET {path} HTTP/3")),
        ("lower case", format!("GET {path} http/1.1")),
        ("a comma for the dot", format!("GET {path} HTTP/1,1")),
        ("a sign", format!("GET {path} HTTP/+1.1")),
        ("another protocol", format!("GET {path} ICAP/1.1")),
        ("no method", format!("{path} HTTP/1.1")),
        ("a method with a bracket", format!("G(T {path} HTTP/1.1")),
        ("a method with a NUL", format!("G\0T {path} HTTP/1.1")),
        ("a NUL in the target", format!("GET {path}\0 HTTP/1.1")),
        ("a vertical tab in the target", format!("GET {path}\u{b} HTTP/1.1")),
        ("an answer for a request", "HTTP/1.1 200 OK".to_owned()),
    ] {
        scene.refused(name, format!("{line}\r\nHost: a.test\r\n\r\n"), 400);
    }
}

#[test]
fn the_preface_of_http2_on_a_port_of_http1_reaches_nobody() {
    let scene = Scene::start("preface");
    let outcome = scene.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert!(outcome.closed && outcome.seen.is_empty(), "{outcome:?}");
    assert!(outcome.answers.iter().all(|got| got.status >= 400), "{outcome:?}");
}

#[test]
fn empty_lines_before_a_request_are_nothing() {
    let scene = Scene::start("empty-lines");
    scene.forwarded("two", format!("\r\n\r\n{}", scene.get("x")), "GET /x HTTP/1.1", "");
}

#[test]
fn what_is_clear_arrives_byte_for_byte_as_it_must() {
    let scene = Scene::start("byte-for-byte");
    let head = format!(
        "{}X-One: a  b\t c\r\nx-two:  d \r\nX-One: \"e\"\r\nX-Empty:\r\nContent-Length: 4\r\n\r\na\r\n\0",
        scene.start_of("POST").replace("/x ", "/%7ex/./a?b=%2f&c ")
    );
    let outcome = scene.send(head);
    let [raw] = &outcome.seen[..] else { panic!("{outcome:?}") };
    let mut lines: Vec<&str> = raw.head.trim_end().split("\r\n").collect();
    let id = lines.iter().position(|line| line.starts_with("x-kong-request-id: ")).unwrap();
    lines.remove(id);
    let port = scene.gateway.plain.port();
    lines[1..].sort_unstable();
    let expected = [
        "POST /~x/a?b=%2f&c HTTP/1.1",
        "connection: keep-alive",
        "content-length: 4",
        &format!("host: {}", scene.upstream.address),
        concat!("via: 1.1 keybound/", env!("CARGO_PKG_VERSION")),
        "x-empty: ",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: a.test",
        &format!("x-forwarded-path: {}/%7ex/./a", scene.path()),
        &format!("x-forwarded-port: {port}"),
        &format!("x-forwarded-prefix: {}", scene.path()),
        "x-forwarded-proto: http",
        "x-one: \"e\"",
        "x-one: a  b\t c",
        "x-real-ip: 127.0.0.1",
        "x-two: d",
    ];
    assert_eq!(lines, expected);
    assert_eq!(raw.body, b"a\r\n\0");
}

#[test]
fn connection_cannot_take_away_what_somebody_relies_on() {
    let scene = Scene::start("nominated");
    for field in [
        "Authorization",
        "DPoP",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Cookie",
        "X-Forwarded-For",
        "close, authorization",
        "keep-alive, DPoP",
        "X_Forwarded_Proto",
        "Content-Type",
    ] {
        let request = format!(
            "{}Authorization: DPoP x\r\nDPoP: y\r\nConnection: {field}\r\n\r\n",
            scene.start_of("GET")
        );
        scene.refused(field, request, 400);
    }
    let hop = format!("{}Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n\r\n", scene.start_of("GET"));
    let raw = scene.forwarded("a hop", hop, "GET /x HTTP/1.1", "");
    assert!(raw.all("x-hop").is_empty() && raw.all("keep-alive").is_empty(), "{raw:?}");
}

#[test]
fn an_upgrade_to_http2_is_not_passed_on() {
    let scene = Scene::start("h2c");
    for (name, fields) in [
        (
            "as it is written",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        ),
        ("without a nomination", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
        ("beside another", "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"),
        ("in capitals", "Connection: Upgrade\r\nUpgrade: H2C\r\n"),
    ] {
        let raw =
            scene.forwarded(name, format!("{}{fields}\r\n", scene.start_of("GET")), "GET /x HTTP/1.1", "");
        assert!(raw.all("upgrade").is_empty() && raw.all("http2-settings").is_empty(), "{name}: {raw:?}");
    }
}
