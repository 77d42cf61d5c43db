//! A process that may open no more files.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use keybound_suites::{Gateway, Upstream};
use serde_json::json;

use crate::{get, open_route, told};

/// Open files that the gateway may have.
const LIMIT: usize = 120;

#[test]
fn without_descriptors_open_connections_go_on_and_others_wait() {
    let nofile = format!("--nofile={LIMIT}:{LIMIT}");
    let settings = [("nginx_worker_processes", "1"), ("log_level", "info")];
    let (gateway, upstream) = (Gateway::start_under(&["prlimit", &nofile], &settings), Upstream::start());
    open_route(&gateway, "open", upstream.address, json!({}));
    let mut early = TcpStream::connect(gateway.plain).unwrap();
    early.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // With a connection to the upstream that stays.
    request(&mut early);
    let before = gateway.log().lines().count();
    // The kernel takes them; the gateway has no descriptors for most of them.
    let crowd: Vec<TcpStream> = (0..2 * LIMIT).map(|_| TcpStream::connect(gateway.plain).unwrap()).collect();
    let mut requests = 0;
    for _ in 0..20 {
        request(&mut early);
        requests += 1;
    }
    let logged = gateway.log().lines().count().saturating_sub(before + requests);
    drop(crowd);
    let answer = get(gateway.plain, "/open");
    assert_eq!(answer.status, 200, "it recovers: {answer:?}");
    assert!(logged < 50, "the log is flooded: {logged} lines\n{}", gateway.log());
    told(
        &format!("file descriptors exhausted ({LIMIT} for {} connections)", 2 * LIMIT),
        "open connections are served, new ones wait and are served when others have closed",
        &format!("nothing; {logged} lines in the log"),
    );
}

/// A request on a connection that stays.
fn request(stream: &mut TcpStream) {
    stream.write_all(b"GET /open HTTP/1.1\r\nHost: a.test\r\n\r\n").unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "an open connection goes on: {}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&received);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let length = head.to_ascii_lowercase();
        let length =
            length.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
        if body.len() >= length.parse::<usize>().unwrap() {
            return;
        }
    }
}
