//! Reloads and Admin writes around routes under load. `cargo xtask churn` does the same for minutes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use keybound_suites::{Answer, Stage};
use serde_json::json;

const TIME: Duration = Duration::from_secs(3);

/// Sends requests on one connection until told to stop: how many there were, and what came instead of 200.
fn load(to: SocketAddr, goes_on: &AtomicBool, mut request: impl FnMut() -> String) -> (u32, Vec<String>) {
    let (mut count, mut failed) = (0, Vec::new());
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    while goes_on.load(Ordering::Relaxed) {
        count += 1;
        stream.write_all(request().as_bytes()).unwrap();
        let mut received = Vec::new();
        let mut buffer = [0; 16 * 1024];
        let answer = loop {
            let read = stream.read(&mut buffer).unwrap_or(0);
            received.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&received).into_owned();
            if read == 0 || is_whole(&text) {
                break text;
            }
        };
        if !answer.starts_with("HTTP/1.1 200 ") {
            failed.push(answer);
            stream = TcpStream::connect(to).unwrap();
        }
    }
    (count, failed)
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    length.and_then(|length| length.trim().parse::<usize>().ok()).is_some_and(|length| body.len() >= length)
}

#[test]
fn reloads_and_writes_under_load_fail_no_request() {
    let stage = Stage::start(json!({}));
    let admin = stage.gateway.admin;
    let service = json!({ "name": "plain", "url": format!("http://{}/", stage.upstream.address) });
    assert_eq!(admin.post("/services", &service).status, 201);
    assert_eq!(
        admin.post("/services/plain/routes", &json!({ "name": "plain", "paths": ["/plain"] })).status,
        201
    );

    let goes_on = Arc::new(AtomicBool::new(true));
    let (proxy, authority) = (stage.gateway.plain, stage.authority());
    let (client, url) = (&stage.client, stage.url(Stage::PATH));
    let (mut reloads, mut writes) = (0, 0);
    let loads = std::thread::scope(|scope| {
        let plain = || {
            let head = format!("GET /plain HTTP/1.1\r\nHost: {authority}\r\n\r\n");
            load(proxy, &goes_on, || head.clone())
        };
        let bound = || {
            load(proxy, &goes_on, || {
                let proof = client.proof("GET", &url);
                format!(
                    "GET {} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: DPoP {}\r\nDPoP: {proof}\r\n\r\n",
                    Stage::PATH,
                    client.token
                )
            })
        };
        let threads = [scope.spawn(plain), scope.spawn(bound), scope.spawn(bound)];
        let started = Instant::now();
        while started.elapsed() < TIME {
            for (method, path, body) in round(writes) {
                let answer = send(&stage, method, &path, &body);
                assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
                writes += 1;
            }
            stage.gateway.signal("HUP");
            reloads += 1;
        }
        goes_on.store(false, Ordering::Relaxed);
        threads.map(|thread| thread.join().unwrap())
    });
    for (count, failed) in loads {
        assert_eq!(
            failed,
            Vec::<String>::new(),
            "of {count} requests, with {reloads} reloads and {writes} writes"
        );
        assert!(count > 0 && reloads > 1 && writes > 10);
    }
    let log = stage.gateway.wait_for_log("the configuration was read again");
    assert!(!log.contains("cannot be"), "{log}");
}

/// Writes around the routes under load, and to them.
fn round(number: u32) -> Vec<(&'static str, String, String)> {
    let json = |value: serde_json::Value| value.to_string();
    vec![
        ("PUT", "/services/churn".to_owned(), json(json!({ "url": "http://127.0.0.1:1/" }))),
        (
            "PUT",
            "/services/churn/routes/churn".to_owned(),
            json(json!({ "paths": [format!("/churn-{number}")] })),
        ),
        ("POST", "/routes/churn/plugins".to_owned(), json(json!({ "name": "correlation-id" }))),
        ("PUT", "/consumers/churn".to_owned(), json(json!({ "custom_id": format!("churn-{number}") }))),
        ("PATCH", "/services/plain".to_owned(), json(json!({ "tags": [format!("of-{number}")] }))),
        ("PATCH", "/routes/guarded".to_owned(), json(json!({ "tags": [format!("of-{number}")] }))),
        ("DELETE", "/consumers/churn".to_owned(), String::new()),
        ("DELETE", "/routes/churn".to_owned(), String::new()),
        ("DELETE", "/services/churn".to_owned(), String::new()),
    ]
}

fn send(stage: &Stage, method: &str, path: &str, body: &str) -> Answer {
    let address = stage.gateway.admin.address;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    Answer::to(address, head.as_bytes())
}
