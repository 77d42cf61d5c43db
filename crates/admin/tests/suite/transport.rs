use serde_json::json;

use crate::client::raw;
use crate::server::Server;

#[test]
fn every_answer_has_kongs_headers() {
    let server = Server::start();
    let reply = server.ask("GET", "/services");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, r#"{"data":[],"next":null}"#);
    for (name, value) in [
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", "23"),
        ("server", "keybound/0.1.0"),
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.header("x-kong-admin-latency").unwrap().parse::<u64>().is_ok());
    assert_eq!(reply.header("vary"), None);
}

#[test]
fn a_page_that_reads_is_named() {
    let server = Server::start();
    let reply = server.send("GET", "/services", &[("Origin", "https://console.example")], b"");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://console.example"));
    assert_eq!(reply.header("vary"), Some("Origin"));
}

#[test]
fn unknown_paths_are_404_and_unknown_verbs_405() {
    let server = Server::start();
    for path in [
        "/nothing",
        "/consumers",
        "/upstreams",
        "/partials",
        "/filter-chains",
        "/licenses",
        "/custom-plugins",
        "/degraphql_routes",
        "/services/a/consumers",
        "/services/a/routes/b/plugins",
        "/services//routes",
        "//services",
        "/routes/x/consumer",
        "/schemas",
    ] {
        let reply = server.ask("GET", path);
        assert_eq!((reply.status, reply.body.as_str()), (404, r#"{"message":"Not found"}"#), "{path}");
    }
    for (method, path) in [
        ("POST", "/"),
        ("POST", "/kong"),
        ("DELETE", "/services"),
        ("PUT", "/services"),
        ("PATCH", "/routes"),
        ("POST", "/services/a"),
        ("TRACE", "/services"),
        ("BREW", "/services"),
        ("POST", "/status"),
        ("GET", "/schemas/services/validate"),
        ("DELETE", "/config"),
    ] {
        let reply = server.ask(method, path);
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (405, r#"{"message":"Method not allowed"}"#),
            "{method} {path}"
        );
    }
    assert_eq!(server.ask("PUT", "/services").header("allow"), Some("GET, HEAD, OPTIONS, POST"));
}

#[test]
fn one_slash_at_the_end_is_no_difference() {
    let server = Server::start();
    assert_eq!(server.ask("GET", "/services/").status, 200);
    assert_eq!(server.ask("GET", "/services//").status, 404);
    assert_eq!(server.ask("GET", "/status/").status, 200);
}

#[test]
fn options_says_what_a_path_can_do() {
    let server = Server::start();
    for (path, methods) in [
        ("/services", "GET, HEAD, OPTIONS, POST"),
        ("/services/a/routes", "GET, HEAD, OPTIONS, POST"),
        ("/services/a", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/services/a/plugins/b", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/schemas/plugins/validate", "OPTIONS, POST"),
    ] {
        let reply = server.ask("OPTIONS", path);
        assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{path}");
        assert_eq!(reply.header("allow"), Some(methods), "{path}");
        assert_eq!(reply.header("access-control-allow-methods"), Some(methods), "{path}");
        assert_eq!(reply.header("access-control-allow-headers"), Some("Content-Type"), "{path}");
        assert_eq!(reply.header("content-length"), None, "{path}");
    }
    let asked = [("Access-Control-Request-Headers", "X-Mine, Content-Type")];
    let reply = server.send("OPTIONS", "/services", &asked, b"");
    assert_eq!(reply.header("access-control-allow-headers"), Some("X-Mine, Content-Type"));
    assert_eq!(server.ask("OPTIONS", "/nothing").status, 404);
}

#[test]
fn head_is_get_without_the_body() {
    let server = Server::start();
    for path in ["/services", "/services/absent", "/nothing", "/"] {
        let (get, head) = (server.ask("GET", path), server.ask("HEAD", path));
        assert_eq!((head.status, head.body.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[test]
fn more_than_a_thousand_arguments_are_refused() {
    let server = Server::start();
    let query = |count: usize| format!("/services?{}", vec!["a=1"; count].join("&"));
    assert_eq!(server.ask("GET", &query(1000)).status, 200);
    let reply = server.ask("GET", &query(1001));
    assert_eq!((reply.status, reply.json()), (400, json!({"message": "Too many arguments"})));
}

#[test]
fn a_get_ignores_its_body_and_unknown_arguments() {
    let server = Server::start();
    let reply = server.send("GET", "/services?x=y", &[("Content-Type", "text/plain")], b"whatever");
    assert_eq!(reply.status, 200);
}

#[test]
fn http_1_0_needs_no_host_and_http_1_1_exactly_one() {
    let server = Server::start();
    assert_eq!(raw(server.address, b"GET /services HTTP/1.0\r\n\r\n").status, 200);
    for (request, text) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "missing host header"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", "more than one host header"),
        ("GET / HTTP/1.1\r\nHost: a@localhost\r\nConnection: close\r\n\r\n", "invalid host header"),
        ("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "invalid host header"),
    ] {
        let reply = raw(server.address, request.as_bytes());
        assert_eq!((reply.status, reply.json()), (400, json!({"message": text})), "{request}");
    }
}
