use keybound_admin::Secret;
use serde_json::json;

use crate::lab::Lab;

#[tokio::test]
async fn only_our_own_names_are_served() {
    let lab = Lab::new().await;
    for host in [
        "127.0.0.1:8001",
        "10.1.2.3",
        "[::1]:8001",
        "localhost",
        "LOCALHOST:8001",
        "a.localhost",
        "machine",
        "Machine.:80",
    ] {
        assert_eq!(lab.ask("GET", "/services", &[("Host", host)], b"").await.status, 200, "{host}");
    }
    let refused = json!({"message": "this host name is not served: use an IP address, localhost or the machine's name"});
    for host in
        ["evil.example", "evil.example:8001", "localhost.evil.example", "127.0.0.1.evil.example", "machines"]
    {
        for method in ["GET", "POST", "OPTIONS"] {
            let reply = lab.ask(method, "/services", &[("Host", host)], b"").await;
            reply.is(403, refused.clone());
            assert_eq!(reply.field("access-control-allow-origin"), None);
        }
    }
    assert_eq!(lab.ask("GET", "http://evil.example/services", &[], b"").await.status, 403);
}

#[tokio::test]
async fn pages_of_other_origins_cannot_write() {
    let lab = Lab::new().await;
    let with = |origin: &'static str| [("Host", "machine:8001"), ("Origin", origin)];
    for origin in ["http://machine:8001", "http://localhost:3000", "http://127.0.0.1:9", "https://[::1]:8445"]
    {
        let reply = lab.ask("DELETE", "/services/x", &with(origin), b"").await;
        assert_eq!(reply.status, 204, "{origin}");
    }
    let refused = json!({"message": "requests that write are not taken from pages of another origin"});
    for origin in [
        "https://evil.example",
        "null",
        "http://machine",
        "http://machine:8002",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "localhost",
        "file://",
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let reply = lab.ask(method, "/services/x", &with(origin), b"").await;
            reply.is(403, refused.clone());
            assert_eq!(reply.field("access-control-allow-origin"), None);
        }
        let reply = lab.ask("GET", "/services", &with(origin), b"").await;
        assert_eq!((reply.status, reply.field("vary")), (200, Some("Origin")), "{origin}");
        assert_eq!(
            reply.field("access-control-allow-origin"),
            None,
            "the page must not read what it asked for"
        );
    }
}

#[tokio::test]
async fn http_1_0_needs_no_host_and_http_1_1_exactly_one() {
    let lab = Lab::new().await;
    assert_eq!(lab.raw(b"GET /services HTTP/1.0\r\n\r\n").await.status, 200);
    for (request, text) in [
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "missing host header"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", "more than one host header"),
        ("GET / HTTP/1.1\r\nHost: a@localhost\r\nConnection: close\r\n\r\n", "invalid host header"),
        ("GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "invalid host header"),
    ] {
        lab.raw(request.as_bytes()).await.is(400, json!({"message": text}));
    }
}

#[tokio::test]
async fn a_token_opens_every_path_and_nothing_else_does() {
    let lab = Lab::with(|state| state.admin_token = Some(Secret::new("open sesame"))).await;
    let refused = json!({"message": "Unauthorized"});
    for path in ["/", "/services", "/status", "/nowhere"] {
        lab.get(path).await.is(401, refused.clone());
        for wrong in ["", "open", "open sesamf", "OPEN SESAME", "Bearer open sesame"] {
            lab.ask("GET", path, &[("Kong-Admin-Token", wrong)], b"").await.is(401, refused.clone());
        }
    }
    let twice = [("Kong-Admin-Token", "open sesame"), ("Kong-Admin-Token", "open sesame")];
    lab.ask("GET", "/services", &twice, b"").await.is(401, refused.clone());
    lab.json("POST", "/services", json!({"host": "h"})).await.is(401, refused);
    let right = [("Kong-Admin-Token", "open sesame")];
    assert_eq!(lab.ask("GET", "/services", &right, b"").await.status, 200);
    assert_eq!(lab.ask("OPTIONS", "/services", &[], b"").await.status, 204, "a browser asks without it");
}

#[tokio::test]
async fn where_a_token_has_to_be_shown_any_page_that_shows_it_may_read() {
    let lab = Lab::with(|state| state.admin_token = Some(Secret::new("open sesame"))).await;
    let page = ("Origin", "https://manager.example");
    let shown = lab.ask("GET", "/services", &[page, ("Kong-Admin-Token", "open sesame")], b"").await;
    assert_eq!(
        (shown.status, shown.field("access-control-allow-origin")),
        (200, Some("https://manager.example"))
    );
    assert_eq!(lab.ask("GET", "/services", &[page], b"").await.status, 401);
}
