use serde_json::json;

use crate::lab::{Lab, id};

const JSON: (&str, &str) = ("Content-Type", "application/json");

#[tokio::test]
async fn every_answer_has_kongs_fields() {
    let lab = Lab::new().await;
    for (method, path, status) in
        [("GET", "/services", 200), ("GET", "/nowhere", 404), ("PATCH", "/services", 405)]
    {
        let reply = lab.ask(method, path, &[], b"").await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.field("content-type"), Some("application/json; charset=utf-8"), "{path}");
        assert_eq!(reply.field("content-length").unwrap().parse(), Ok(reply.text.len()), "{path}");
        assert_eq!(reply.field("server"), Some("keybound/0.1.0"), "{path}");
        assert!(reply.field("x-kong-admin-latency").unwrap().parse::<u64>().is_ok(), "{path}");
        assert_eq!(reply.field("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(reply.field("access-control-allow-credentials"), Some("true"), "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_say_so() {
    let lab = Lab::new().await;
    for path in [
        "/nowhere",
        "/services/a/b",
        "/services//",
        "//services",
        "/targets",
        "/partials",
        "/filter-chains",
        "/licenses",
    ] {
        lab.get(path).await.is(404, json!({"message": "Not found"}));
    }
    for (method, path) in [
        ("DELETE", "/services"),
        ("PUT", "/services"),
        ("PATCH", "/services"),
        ("POST", "/services/x"),
        ("POST", "/"),
        ("POST", "/status"),
        ("GET", "/schemas/plugins/validate/x"),
        ("GET", "/schemas/services/validate"),
        ("TRACE", "/services"),
    ] {
        let reply = lab.ask(method, path, &[], b"").await;
        if path.ends_with("/x") && method == "GET" {
            reply.is(404, json!({"message": "Not found"}));
        } else {
            reply.is(405, json!({"message": "Method not allowed"}));
        }
    }
}

#[tokio::test]
async fn one_slash_at_the_end_makes_no_difference() {
    let lab = Lab::new().await;
    lab.post("/services/", json!({"name": "a", "host": "h"})).await;
    for path in ["/services/", "/services/a/", "/services/a/routes/", "/status/"] {
        assert_eq!(lab.get(path).await.status, 200, "{path}");
    }
    lab.get("/services/a//").await.is(404, json!({"message": "Not found"}));
}

#[tokio::test]
async fn options_tells_the_methods_of_a_known_path() {
    let lab = Lab::new().await;
    for (path, allowed) in [
        ("/services", "GET, HEAD, OPTIONS, POST"),
        ("/services/x", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/services/x/routes", "GET, HEAD, OPTIONS, POST"),
        ("/services/x/routes/y", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/schemas/services/validate", "OPTIONS, POST"),
        ("/config", "GET, HEAD, OPTIONS, POST"),
    ] {
        let reply = lab.ask("OPTIONS", path, &[], b"").await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{path}");
        assert_eq!(reply.field("allow"), Some(allowed), "{path}");
        assert_eq!(reply.field("access-control-allow-methods"), Some(allowed), "{path}");
        assert_eq!(reply.field("access-control-allow-headers"), Some("Content-Type"), "{path}");
    }
    let asked = [("Access-Control-Request-Headers", "X-A, X-B"), ("Origin", "http://localhost:8002")];
    let reply = lab.ask("OPTIONS", "/services", &asked, b"").await;
    assert_eq!(reply.field("access-control-allow-headers"), Some("X-A, X-B"));
    assert_eq!(reply.field("access-control-allow-origin"), Some("http://localhost:8002"));
    lab.ask("OPTIONS", "/nowhere", &[], b"").await.is(404, json!({"message": "Not found"}));
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"id": id(1), "name": "a", "host": "h"})).await;
    for path in ["/services", "/services/a", "/", "/nowhere", "/services/b"] {
        let (get, head) = (lab.get(path).await, lab.ask("HEAD", path, &[], b"").await);
        assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
        assert_eq!(head.field("content-length"), get.field("content-length"), "{path}");
        assert_eq!(head.field("content-type"), get.field("content-type"), "{path}");
    }
}

#[tokio::test]
async fn bodies_of_unknown_types_are_refused_without_a_word() {
    let lab = Lab::new().await;
    for kind in ["text/plain", "application/xml", "Application/json", "application/yaml", "text/yaml", ""] {
        for (method, path) in [("POST", "/services"), ("PUT", "/services/a"), ("PATCH", "/services/a")] {
            let reply = lab.ask(method, path, &[("Content-Type", kind)], b"host=h").await;
            assert_eq!((reply.status, reply.text.as_str()), (415, ""), "{method} {kind}");
            assert_eq!(reply.field("content-length"), Some("0"), "{method} {kind}");
        }
    }
    let reply = lab.ask("POST", "/services", &[], b"{\"host\":\"h\"}").await;
    assert_eq!((reply.status, reply.text.as_str()), (415, ""));
    // Nothing of no type is an empty body.
    let reply = lab.ask("POST", "/services", &[], b"").await;
    assert_eq!(reply.body["message"], json!("schema violation (host: required field missing)"));
}

#[tokio::test]
async fn the_beginning_of_the_type_decides() {
    let lab = Lab::new().await;
    for (number, kind) in
        ["application/json", "application/json; charset=utf-8", "application/json-patch"].iter().enumerate()
    {
        let body = json!({"name": format!("s{number}"), "host": "h"}).to_string();
        assert_eq!(
            lab.ask("POST", "/services", &[("Content-Type", kind)], body.as_bytes()).await.status,
            201,
            "{kind}"
        );
    }
}

#[tokio::test]
async fn two_types_are_told_in_text() {
    let lab = Lab::new().await;
    let reply = lab.ask("POST", "/services", &[JSON, ("Content-Type", "text/plain")], b"{}").await;
    assert_eq!((reply.status, reply.text.as_str()), (400, "Multiple Content-Type headers not allowed"));
    assert!(reply.field("content-type").unwrap().starts_with("text/plain"));
}

#[tokio::test]
async fn what_is_no_json_object_cannot_be_parsed() {
    let lab = Lab::new().await;
    for body in ["", "{", "{\"a\":1}x", "[]", "1", "null", "\"a\"", "{\"a\"}"] {
        for (method, path) in [("POST", "/services"), ("PUT", "/services/a"), ("PATCH", "/services/a")] {
            let reply = lab.ask(method, path, &[JSON], body.as_bytes()).await;
            reply.is(400, json!({"message": "Cannot parse JSON body"}));
        }
    }
}

#[tokio::test]
async fn reads_and_deletes_ignore_the_body() {
    let lab = Lab::new().await;
    assert_eq!(lab.ask("GET", "/services", &[("Content-Type", "text/plain")], b"x").await.status, 200);
    assert_eq!(lab.ask("DELETE", "/services/a", &[JSON], b"{").await.status, 204);
}

#[tokio::test]
async fn a_body_of_more_than_ten_megabytes_is_too_large() {
    let lab = Lab::new().await;
    let longest = 10 * 1024 * 1024;
    let head = format!(
        "POST /services HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        longest + 1
    );
    // Refused by what it announces: nothing of it has to arrive.
    assert_eq!(lab.raw(head.as_bytes()).await.status, 413);
    let mut body = b"{\"host\":\"h\",\"name\":\"a\"}".to_vec();
    body.resize(longest, b' ');
    assert_eq!(lab.ask("POST", "/services", &[JSON], &body).await.status, 201);
}

#[tokio::test]
async fn more_than_a_thousand_arguments_are_too_many() {
    let lab = Lab::new().await;
    let pairs = |count: usize| (0..count).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    lab.get(&format!("/services?{}", pairs(1001))).await.is(400, json!({"message": "Too many arguments"}));
    assert_eq!(lab.get(&format!("/services?{}", pairs(1000))).await.status, 200);
    lab.form("POST", "/services", &pairs(1001)).await.is(400, json!({"message": "Too many arguments"}));
    assert_eq!(lab.form("POST", "/services", &pairs(1000)).await.body["code"], json!(2));
}

#[tokio::test]
async fn a_key_in_the_path_is_decoded() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"name": "gründe", "host": "h"})).await;
    assert_eq!(lab.get("/services/gr%C3%BCnde").await.body["name"], json!("gründe"));
    lab.get("/services/gr%FFnde").await.is(404, json!({"message": "Not found"}));
}
