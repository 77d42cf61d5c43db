use serde_json::{Value, json};

use crate::lab::{Lab, id};

#[tokio::test]
async fn json_types_are_not_inferred() {
    let lab = Lab::new().await;
    let reply = lab.json("POST", "/services", json!({"host": "a", "port": "80"})).await;
    assert_eq!(
        (reply.status, &reply.body["message"], &reply.body["fields"]),
        (
            400,
            &json!("schema violation (port: expected an integer)"),
            &json!({"port": "expected an integer"})
        )
    );
}

#[tokio::test]
async fn forms_are_decoded_by_schema() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"name": "s", "host": "a"})).await;
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
        let reply = lab.form("POST", "/services/s/routes", body).await;
        assert_eq!(reply.status, 201, "{body}: {}", reply.text);
        assert_eq!(reply.body[field], value, "{body}");
    }
    let reply = lab.form("POST", "/services", "host=a&port=x").await;
    assert_eq!(reply.body["message"], "schema violation (port: expected an integer)");
    let reply = lab.form("POST", "/services", &vec!["host=a"; 1000].join("&")).await;
    assert_eq!(reply.body["fields"], json!({"host": "expected a string"}));
}

#[tokio::test]
async fn forms_of_plugins_are_decoded_by_the_plugin() {
    let lab = Lab::new().await;
    let form = "name=guard&config.issuer=https://idp&config.methods=bearer&config.hosts=a&config.hosts=b&config.ttl=5\
                &config.strict=true&config.redis.port=1&config.labels[a.b]=c";
    let reply = lab.form("POST", "/plugins", form).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    assert_eq!(
        reply.body["config"],
        json!({"issuer": "https://idp", "methods": ["bearer"], "hosts": ["a", "b"], "ttl": 5, "strict": true,
               "redis": {"host": null, "port": 1}, "labels": {"a.b": "c"}})
    );
    // The name is not in the form of a PATCH: the types come from the plugin that is there.
    let path = format!("/plugins/{}", reply.body["id"].as_str().unwrap());
    let reply = lab.form("PATCH", &path, "config.ttl=6&config.hosts=c&config.strict=false").await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let config = &reply.body["config"];
    assert_eq!(
        (&config["ttl"], &config["hosts"], &config["strict"], &config["issuer"]),
        (&json!(6), &json!(["c"]), &json!(false), &json!("https://idp"))
    );
}

#[tokio::test]
async fn forms_refer_by_id_and_by_name() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"id": id(1), "name": "s", "host": "a"})).await;
    for body in [format!("paths=/a&service.id={}", id(1)), "paths=/a&service.name=s".to_owned()] {
        let reply = lab.form("POST", "/routes", &body).await;
        assert_eq!((reply.status, &reply.body["service"]), (201, &json!({"id": id(1)})), "{body}");
    }
}

#[tokio::test]
async fn parts_of_multipart_forms_are_arguments() {
    let lab = Lab::new().await;
    let part = |name: &str, kind: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{kind}\r\n\r\n{content}\r\n")
    };
    let body = part("name", "", "m")
        + &part("host", "; filename=\"h.txt\"\r\nContent-Type: application/octet-stream", "example.com")
        + &part("port", "", "81")
        + &part("tags", "\r\nContent-Type: application/json", r#"["a","b"]"#)
        + "--B--\r\n";
    let fields = [("Content-Type", "multipart/form-data; boundary=B")];
    let reply = lab.ask("POST", "/services", &fields, body.as_bytes()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let service = reply.body;
    assert_eq!(
        (&service["name"], &service["host"], &service["port"], &service["tags"]),
        (&json!("m"), &json!("example.com"), &json!(81), &json!(["a", "b"]))
    );
    let broken = part("tags", "\r\nContent-Type: application/json", "[") + "--B--\r\n";
    let reply = lab.ask("POST", "/services", &fields, broken.as_bytes()).await;
    reply.is(400, json!({"message": "Cannot parse JSON body"}));
    for (kind, body) in [("multipart/form-data", "--B--"), ("multipart/form-data; boundary=B", "--B\r\nx")] {
        let reply = lab.ask("POST", "/services", &[("Content-Type", kind)], body.as_bytes()).await;
        reply.is(400, json!({"message": "Cannot parse multipart body"}));
    }
}

#[tokio::test]
async fn a_body_without_a_length_has_the_same_limit() {
    let lab = Lab::new().await;
    let head = "POST /services HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let mut request = head.as_bytes().to_vec();
    for _ in 0..10 {
        request.extend(b"100000\r\n");
        request.extend(vec![b' '; 1024 * 1024]);
        request.extend(b"\r\n");
    }
    // One byte above the limit, and nothing after it that the server would leave unread.
    request.extend(b"1\r\n \r\n");
    assert_eq!(lab.raw(&request).await.status, 413);
}
