use serde_json::{Value, json};

use crate::client::raw;
use crate::server::Server;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[test]
fn only_known_media_types_are_read() {
    let server = Server::start();
    let post =
        |headers: &[(&str, &str)], body: &str| server.send("POST", "/services", headers, body.as_bytes());
    for kind in ["text/plain", "application/xml", "Application/Json", "application/yaml", "text/yaml"] {
        let reply = post(&[("Content-Type", kind)], "{}");
        assert_eq!((reply.status, reply.body.as_str()), (415, ""), "{kind}");
        assert_eq!(reply.header("content-type"), None);
        assert_eq!(reply.header("content-length"), Some("0"));
    }
    let untyped = post(&[], "name=a");
    assert_eq!((untyped.status, untyped.body.as_str()), (415, ""));
    let typed = post(&[("Content-Type", "application/json; charset=utf-8")], r#"{"host":"a"}"#);
    assert_eq!(typed.status, 201);
}

#[test]
fn no_body_needs_no_media_type() {
    let server = Server::start();
    for headers in [&[("Content-Length", "0")][..], &[]] {
        let reply = server.send("POST", "/services", headers, b"");
        assert_eq!(
            (reply.status, &reply.json()["message"]),
            (400, &json!("schema violation (host: required field missing)"))
        );
    }
}

#[test]
fn two_media_types_are_refused_in_text() {
    let server = Server::start();
    let reply = server.send("POST", "/services", &[("Content-Type", "application/json"), FORM], b"{}");
    assert_eq!((reply.status, reply.body.as_str()), (400, "Multiple Content-Type headers not allowed"));
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[test]
fn json_must_be_one_object() {
    let server = Server::start();
    for body in ["", "{", "[]", "1", "null", "\"a\"", "{}{}"] {
        let reply =
            server.send("POST", "/services", &[("Content-Type", "application/json")], body.as_bytes());
        assert_eq!(
            (reply.status, reply.json()),
            (400, json!({"message": "Cannot parse JSON body"})),
            "{body}"
        );
    }
}

#[test]
fn json_types_are_not_inferred() {
    let server = Server::start();
    let (status, body) = server.outcome("POST", "/services", &json!({"host": "a", "port": "80"}));
    assert_eq!((status, &body["message"]), (400, &json!("schema violation (port: expected an integer)")));
    assert_eq!(body["fields"], json!({"port": "expected an integer"}));
}

#[test]
fn forms_are_decoded_by_schema() {
    let server = Server::start();
    server.made("/services", &json!({"name": "s", "host": "a"}));
    for (body, field, value) in [
        ("paths[]=/a&paths[]=/b", "paths", json!(["/a", "/b"])),
        ("paths=/a&paths=/b", "paths", json!(["/a", "/b"])),
        ("paths=/a", "paths", json!(["/a"])),
        ("paths[2]=/b&paths[1]=/a", "paths", json!(["/a", "/b"])),
        ("paths%5B%5D=/a", "paths", json!(["/a"])),
        ("paths=/a&strip_path=false", "strip_path", json!(false)),
        ("paths=/a&regex_priority=7", "regex_priority", json!(7)),
        ("paths=/a&name=", "name", Value::Null),
        ("headers.x-a=1", "headers", json!({"x-a": ["1"]})),
        ("headers[x-a][]=1&headers[x-a][]=2", "headers", json!({"x-a": ["1", "2"]})),
        ("paths=/a&tags=one", "tags", json!(["one"])),
    ] {
        let reply = server.form("POST", "/services/s/routes", body);
        assert_eq!(reply.status, 201, "{body}: {}", reply.body);
        assert_eq!(reply.json()[field], value, "{body}");
    }
    let reply = server.form("POST", "/services", "host=a&port=x");
    assert_eq!(reply.json()["message"], "schema violation (port: expected an integer)");
}

#[test]
fn forms_of_plugins_are_decoded_by_the_plugin() {
    let server = Server::start();
    let form = "name=openid-connect&config.issuer=https://idp&config.auth_methods=bearer&config.client_id=a&config.client_id=b\
                &config.timeout=5&config.ssl_verify=false&config.cache.ttl=1&config.extra[a.b]=c";
    let reply = server.form("POST", "/plugins", form);
    assert_eq!(reply.status, 201, "{}", reply.body);
    let plugin = reply.json();
    assert_eq!(
        plugin["config"],
        json!({"issuer": "https://idp", "auth_methods": ["bearer"], "client_id": ["a", "b"], "timeout": 5, "ssl_verify": false,
               "cache": {"ttl": 1, "enabled": true}, "extra": {"a.b": "c"}})
    );
    // The name is not in the form of a PATCH: the types come from the plugin that is there.
    let path = format!("/plugins/{}", plugin["id"].as_str().unwrap());
    let reply = server.form("PATCH", &path, "config.timeout=6&config.client_id=c&config.ssl_verify=true");
    assert_eq!(reply.status, 200, "{}", reply.body);
    let config = &reply.json()["config"];
    assert_eq!(
        (&config["timeout"], &config["client_id"], &config["ssl_verify"]),
        (&json!(6), &json!(["c"]), &json!(true))
    );
    assert_eq!(config["issuer"], "https://idp");
}

#[test]
fn references_in_forms() {
    let server = Server::start();
    let service = server.made("/services", &json!({"name": "s", "host": "a"}));
    let id = service["id"].as_str().unwrap();
    for body in [format!("paths=/a&service.id={id}"), "paths=/a&service.name=s".to_owned()] {
        let reply = server.form("POST", "/routes", &body);
        assert_eq!((reply.status, &reply.json()["service"]), (201, &json!({"id": id})), "{body}");
    }
}

#[test]
fn parts_of_multipart_forms_are_arguments() {
    let server = Server::start();
    let part = |name: &str, kind: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{kind}\r\n\r\n{content}\r\n")
    };
    let body = part("name", "", "m")
        + &part("host", "; filename=\"h.txt\"\r\nContent-Type: application/octet-stream", "example.com")
        + &part("port", "", "81")
        + &part("tags", "\r\nContent-Type: application/json", r#"["a","b"]"#)
        + "--B--\r\n";
    let headers = [("Content-Type", "multipart/form-data; boundary=B")];
    let reply = server.send("POST", "/services", &headers, body.as_bytes());
    assert_eq!(reply.status, 201, "{}", reply.body);
    let service = reply.json();
    assert_eq!(
        (&service["name"], &service["host"], &service["port"], &service["tags"]),
        (&json!("m"), &json!("example.com"), &json!(81), &json!(["a", "b"]))
    );
    let broken = part("tags", "\r\nContent-Type: application/json", "[") + "--B--\r\n";
    let reply = server.send("POST", "/services", &headers, broken.as_bytes());
    assert_eq!((reply.status, reply.json()), (400, json!({"message": "Cannot parse JSON body"})));
    for (kind, body) in [("multipart/form-data", "--B--"), ("multipart/form-data; boundary=B", "--B\r\nx")] {
        let reply = server.send("POST", "/services", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(
            (reply.status, reply.json()),
            (400, json!({"message": "Cannot parse multipart body"})),
            "{kind}"
        );
    }
}

#[test]
fn more_than_a_thousand_form_arguments_are_refused() {
    let server = Server::start();
    let form = |count: usize| vec!["host=a"; count].join("&");
    let reply = server.form("POST", "/services", &form(1001));
    assert_eq!((reply.status, reply.json()), (400, json!({"message": "Too many arguments"})));
    assert_eq!(
        server.form("POST", "/services", &form(1000)).json()["fields"],
        json!({"host": "expected a string"})
    );
}

#[test]
fn ten_megabytes_are_the_limit() {
    let server = Server::start();
    let head = |length: usize| {
        format!(
            "POST /services HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            server.address
        )
    };
    let limit = 10 * 1024 * 1024;
    let reply = raw(server.address, head(limit + 1).as_bytes());
    assert_eq!((reply.status, reply.json()), (413, json!({"message": "Payload too large"})));
    let mut body = br#"{"host":"a"}"#.to_vec();
    body.resize(limit, b' ');
    assert_eq!(raw(server.address, &[head(limit).as_bytes(), &body].concat()).status, 201);
}

#[test]
fn a_body_without_a_length_has_the_same_limit() {
    let server = Server::start();
    let chunk = vec![b' '; 1024 * 1024];
    let mut request = format!("POST /services HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", server.address).into_bytes();
    for _ in 0..10 {
        request.extend(b"100000\r\n");
        request.extend(&chunk);
        request.extend(b"\r\n");
    }
    // One byte above the limit, and nothing after it that the server would leave unread.
    request.extend(b"1\r\n \r\n");
    assert_eq!(raw(server.address, &request).status, 413);
}
