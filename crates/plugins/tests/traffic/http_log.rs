use http::HeaderValue;
use keybound_plugins::contract::{Fields, LogEntry, Plugin};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::prometheus::entry;
use crate::support::{World, refused};

/// A log server: answers each call with the next of these statuses, and hands out what it was sent.
struct Server {
    listener: TcpListener,
}

impl Server {
    async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    fn url(&self) -> String {
        format!("http://user:pass@{}/logs", self.listener.local_addr().unwrap())
    }

    /// One call on a connection of its own: its head and body.
    async fn call(&self, status: u16) -> (String, Value) {
        self.call_with(status, "").await
    }

    /// The same; these fields are of the answer.
    async fn call_with(&self, status: u16, fields: &str) -> (String, Value) {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut text = Vec::new();
        loop {
            let mut buffer = [0; 4096];
            let size = stream.read(&mut buffer).await.unwrap();
            text.extend_from_slice(&buffer[..size]);
            let whole = String::from_utf8(text.clone()).unwrap();
            if let Some((head, body)) = whole.split_once("\r\n\r\n") {
                let head = head.to_ascii_lowercase();
                let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap();
                if body.len() == length.parse::<usize>().unwrap() {
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n"
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    return (head, serde_json::from_str(body).unwrap());
                }
            }
            assert_ne!(size, 0, "the call ended early");
        }
    }
}

fn with_secrets() -> LogEntry {
    let mut fields = Fields {
        origin: "https://gateway.example".to_owned(),
        query: Some("b=1&access_token=s3cret".to_owned()),
        ..Fields::default()
    };
    for name in ["authorization", "proxy-authorization", "dpop", "cookie"] {
        fields.request.insert(name, HeaderValue::from_static("s3cret"));
    }
    fields.request.insert("x-a", HeaderValue::from_static("1"));
    fields.response.insert("set-cookie", HeaderValue::from_static("s3cret"));
    LogEntry { fields: Some(Box::new(fields)), ..entry() }
}

/// How many entries were given up for this reason.
fn lost(world: &World, reason: &str) -> u64 {
    let figures = world.registry.figures().deliveries;
    figures.iter().flat_map(|of| of.lost).find(|(name, _)| *name == reason).unwrap().1
}

fn plugin(server: &Server, changes: Value) -> std::sync::Arc<dyn Plugin> {
    plugin_of(&World::new(), server, changes)
}

fn plugin_of(world: &World, server: &Server, changes: Value) -> std::sync::Arc<dyn Plugin> {
    let mut config = json!({"http_endpoint": server.url(), "queue": {"max_coalescing_delay": 0}});
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    world.build("http-log", &config).unwrap()
}

#[tokio::test]
async fn an_entry_has_kongs_members_and_no_secret() {
    let server = Server::start().await;
    let plugin = plugin(&server, json!({"headers": {"x-token": "t"}, "method": "PUT"}));
    plugin.log(&with_secrets());
    let (head, entry) = server.call(200).await;
    assert!(head.starts_with("put /logs http/1.1"), "{head}");
    for line in ["content-type: application/json", "x-token: t", "authorization: basic dxnlcjpwyxnz"] {
        assert!(head.contains(line), "{head}");
    }
    let text = entry.to_string();
    assert!(!text.contains("s3cret"), "{text}");
    let request = &entry["request"];
    assert_eq!(request["headers"]["authorization"], "REDACTED");
    assert_eq!((&request["headers"]["x-a"], &request["method"]), (&json!("1"), &json!("GET")));
    assert_eq!(request["url"], "https://gateway.example/a?b=1&access_token=REDACTED");
    assert_eq!((&request["querystring"]["b"], &request["size"]), (&json!("1"), &json!(100)));
    assert_eq!(entry["response"]["status"], 200);
    assert_eq!(entry["latencies"], json!({"request": 40, "kong": 3, "proxy": 30, "receive": 7}));
    assert_eq!(entry["tries"], json!([{"ip": "127.0.0.1", "port": 8080}]));
    assert_eq!(
        (&entry["client_ip"], &entry["started_at"]),
        (&json!("192.0.2.1"), &json!(1_799_999_999_960_i64))
    );
    assert_eq!((&entry["service"]["name"], &entry["route"]["id"]), (&json!("orders"), &json!("route-1")));
    assert_eq!(entry["upstream_uri"], "/up/a?access_token=REDACTED");
}

#[tokio::test]
async fn entries_are_sent_together_as_a_list() {
    let server = Server::start().await;
    let plugin = plugin(&server, json!({"queue": {"max_batch_size": 3, "max_coalescing_delay": 3600}}));
    for _ in 0..3 {
        plugin.log(&entry());
    }
    let (_, entries) = server.call(200).await;
    assert_eq!(entries.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn what_waits_is_sent_when_the_instance_is_gone() {
    let server = Server::start().await;
    let plugin = plugin(&server, json!({"queue": {"max_batch_size": 100, "max_coalescing_delay": 3600}}));
    plugin.log(&entry());
    drop(plugin);
    let (_, one) = server.call(200).await;
    assert_eq!(one["request"]["method"], "GET");
}

#[tokio::test]
async fn a_call_that_fails_is_tried_again() {
    let server = Server::start().await;
    let plugin = plugin(&server, json!({}));
    plugin.log(&entry());
    let (_, first) = server.call(500).await;
    let (_, second) = server.call(200).await;
    assert_eq!(first, second);
}

#[tokio::test]
async fn the_next_try_waits_as_the_server_asks_and_no_longer_than_the_longest_pause() {
    let server = Server::start().await;
    let longest = std::time::Duration::from_millis(100);
    let queue = json!({
        "max_coalescing_delay": 0, "initial_retry_delay": 0.001, "max_retry_delay": longest.as_secs_f64(),
    });
    for (status, asked) in [
        (429, "Retry-After: 3600\r\n"),
        (503, "Retry-After: 3600\r\n"),
        // An hour after the time of the test.
        (503, "Retry-After: Fri, 15 Jan 2027 09:00:00 GMT\r\n"),
    ] {
        let plugin = plugin(&server, json!({ "queue": queue }));
        let started = std::time::Instant::now();
        plugin.log(&entry());
        let (_, first) = server.call_with(status, asked).await;
        let (_, second) = server.call(200).await;
        assert_eq!(first, second, "{status}");
        assert!(started.elapsed() >= longest, "{status} {asked}: it was asked to wait");
    }
}

#[tokio::test]
async fn a_final_refusal_is_not_tried_again_and_what_may_pass_is() {
    for (status, is_final) in [
        (400, true),
        (401, true),
        (404, true),
        (413, true),
        (301, true),
        (408, false),
        (425, false),
        (429, false),
    ] {
        let (server, world) = (Server::start().await, World::new());
        let plugin =
            plugin_of(&world, &server, json!({"queue": {"max_coalescing_delay": 0, "max_batch_size": 1}}));
        plugin.log(&LogEntry { status: http::StatusCode::from_u16(201).ok(), ..entry() });
        plugin.log(&LogEntry { status: http::StatusCode::from_u16(202).ok(), ..entry() });
        let (_, first) = server.call(status).await;
        assert_eq!(first["response"]["status"], 201, "{status}");
        let (_, second) = server.call(200).await;
        let next = if is_final { 202 } else { 201 };
        assert_eq!(second["response"]["status"], next, "{status}");
        assert_eq!(lost(&world, "refused"), u64::from(is_final), "{status}");
    }
}

#[tokio::test]
async fn what_waits_is_sent_at_the_end_of_the_process_and_what_cannot_be_is_given_up_in_time() {
    let (server, world) = (Server::start().await, World::new());
    let plugin =
        plugin_of(&world, &server, json!({"queue": {"max_batch_size": 100, "max_coalescing_delay": 3600}}));
    plugin.log(&entry());
    let late = std::time::Instant::now() + std::time::Duration::from_secs(3600);
    let ((_, one), ()) = tokio::join!(server.call(200), world.registry.deliveries().finish(late));
    assert_eq!(one["request"]["method"], "GET");
    assert_eq!(lost(&world, "ended"), 0);

    // Nobody answers, and the time is over.
    plugin.log(&entry());
    plugin.log(&entry());
    world.registry.deliveries().finish(std::time::Instant::now()).await;
    assert_eq!(lost(&world, "ended"), 2);
}

#[tokio::test]
async fn an_instance_that_is_gone_does_not_wait_for_its_next_try() {
    let (server, world) = (Server::start().await, World::new());
    let queue = json!({
        "initial_retry_delay": 3600, "max_retry_delay": 3600, "max_retry_time": 1_000_000, "max_coalescing_delay": 0,
    });
    let plugin = plugin_of(&world, &server, json!({ "queue": queue }));
    plugin.log(&entry());
    let (_, first) = server.call(500).await;
    drop(plugin);
    let (_, second) = server.call(200).await;
    assert_eq!(first, second);
}

#[tokio::test]
async fn an_entry_longer_than_max_bytes_is_counted_and_those_after_it_are_sent() {
    let (server, world) = (Server::start().await, World::new());
    let plugin = plugin_of(&world, &server, json!({"queue": {"max_bytes": 2000, "max_coalescing_delay": 0}}));
    plugin.log(&LogEntry { path: format!("/{}", "a".repeat(2000)), ..entry() });
    assert_eq!((lost(&world, "size"), lost(&world, "queue")), (1, 0));
    plugin.log(&entry());
    let (_, sent) = server.call(200).await;
    assert_eq!(sent["request"]["method"], "GET");
}

#[tokio::test]
async fn a_full_queue_gives_up_the_oldest() {
    let server = Server::start().await;
    let queue = json!({"max_batch_size": 10, "max_entries": 2, "max_coalescing_delay": 3600});
    let plugin = plugin(&server, json!({"queue": queue}));
    for status in [201, 202, 203] {
        plugin.log(&LogEntry { status: http::StatusCode::from_u16(status).ok(), ..entry() });
    }
    drop(plugin);
    let (_, entries) = server.call(200).await;
    let statuses: Vec<_> =
        entries.as_array().unwrap().iter().map(|entry| &entry["response"]["status"]).collect();
    assert_eq!(statuses, [&json!(202), &json!(203)]);
}

#[tokio::test]
async fn what_is_wrong_or_not_supported_is_refused() {
    for (config, text) in [
        (json!({}), "required field missing"),
        (json!({"http_endpoint": "log.example"}), "missing scheme in url"),
        (
            json!({"http_endpoint": "http://a/", "custom_fields_by_lua": {"a": "return 1"}}),
            "'custom_fields_by_lua' is not supported by Keybound yet",
        ),
        (json!({"http_endpoint": "http://a/", "headers": {"host": "b"}}), "cannot contain 'Host' header"),
        (
            json!({"http_endpoint": "http://a/", "queue": {"max_entries": 0}}),
            "value should be between 1 and 1000000",
        ),
    ] {
        let fault = refused("http-log", config);
        assert!(fault.contains(text), "{fault}");
    }
}
