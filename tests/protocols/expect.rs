//! Bodies that are not read: `Expect: 100-continue`, and answers that come before the body does.

use std::io::Write as _;
use std::net::TcpStream;

use serde_json::json;

use crate::stage;
use crate::wire::{Wire, connect};

fn post(fields: &str) -> String {
    format!("POST /guarded HTTP/1.1\r\nHost: {}\r\n{fields}\r\n", stage().authority())
}

/// The fields of a good request.
fn credentials() -> String {
    let client = &stage().client;
    let proof = client.proof("POST", &stage().url("/guarded"));
    format!("Authorization: DPoP {}\r\nDPoP: {proof}\r\n", client.token)
}

/// The head of an answer that must be the last on its connection.
fn last_head(client: &mut Wire<TcpStream>) -> String {
    let head = client.head();
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    head
}

#[test]
fn a_body_is_asked_for_once_the_request_was_decided() {
    let mut client = connect(stage().gateway.plain);
    client.send(post(&format!("Expect: 100-continue\r\nContent-Length: 5\r\n{}", credentials())));
    client.expect("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    let head = client.head();
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let seen: serde_json::Value = serde_json::from_slice(&client.exactly(length.parse().unwrap())).unwrap();
    assert_eq!(seen["body"], "hello");
    assert!(
        !seen["fields"].to_string().contains("100-continue"),
        "the upstream has nothing to expect: {seen}"
    );
}

#[test]
fn a_refused_request_is_not_asked_for_its_body() {
    for length in ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 1000000000"] {
        let mut client = connect(stage().gateway.plain);
        client.send(post(&format!("Expect: 100-continue\r\n{length}\r\n")));
        let head = last_head(&mut client);
        assert!(head.starts_with("http/1.1 401 ") && head.contains("www-authenticate: dpop "), "{head}");
        drop(client.stream.shutdown(std::net::Shutdown::Write));
        client.rest();
    }
}

#[test]
fn what_is_taken_for_a_body_that_was_not_asked_for_is_never_a_request() {
    let mut client = connect(stage().gateway.plain);
    let smuggled = post(&format!("Content-Length: 0\r\n{}", credentials()));
    client.send(post(&format!("Expect: 100-continue\r\nContent-Length: {}\r\n", smuggled.len())));
    assert!(last_head(&mut client).starts_with("http/1.1 401 "));
    client.send(smuggled);
    drop(client.stream.shutdown(std::net::Shutdown::Write));
    let rest = String::from_utf8(client.rest()).unwrap();
    assert!(!rest.contains("HTTP/1.1"), "{rest}");
}

#[test]
fn a_large_body_of_a_refused_request_can_be_sent_to_its_end() {
    for framing in ["Content-Length: 33554432\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut client = connect(stage().gateway.plain);
        client.send(post(framing));
        assert!(last_head(&mut client).starts_with("http/1.1 401 "));
        // Clients that read only after they have written see the answer because nothing resets the connection.
        let block = vec![b'0'; 1 << 20];
        for _ in 0..32 {
            client.stream.write_all(&block).unwrap();
        }
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&client.rest()).unwrap();
        assert_eq!(body["message"], "Unauthorized");
    }
}

#[test]
fn a_small_body_of_a_refused_request_leaves_the_connection_for_the_next() {
    let mut client = connect(stage().gateway.plain);
    for _ in 0..2 {
        client.send(post("Content-Length: 5\r\n") + "hello");
        let head = client.head();
        assert!(head.starts_with("http/1.1 401 ") && !head.contains("\r\nconnection:"), "{head}");
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
        let body: serde_json::Value =
            serde_json::from_slice(&client.exactly(length.parse().unwrap())).unwrap();
        assert_eq!(body["message"], json!("Unauthorized"));
    }
}
