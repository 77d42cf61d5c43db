//! Connections that begin with a header of the PROXY protocol.

use std::time::Duration;

use keybound_gateway::{Limits, Listener, Settings, Trust};
use tokio::net::TcpStream;

use crate::lab::{Client, Lab, Upstream};

const ASK: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LINE: &str = "PROXY TCP4 192.0.2.7 198.51.100.1 12345 443\r\n";

/// Version 2 of [`LINE`], with an extension.
const V2: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x10\xc0\x00\x02\x07\xc6\x33\x64\x01\x30\x39\x01\xbb\x04\x00\x01\x00";

fn settings(trusted: &[&str]) -> Settings {
    let plain = Listener::plain("127.0.0.1:0".parse().unwrap());
    Settings {
        listeners: vec![Listener { proxy_protocol: true, http2: true, ..plain }],
        trust: Trust {
            trusted: trusted.iter().map(|net| net.parse().unwrap()).collect(),
            proxy_protocol: true,
            ..Trust::default()
        },
        ..Settings::default()
    }
}

/// What the upstream saw of a request behind this header.
async fn seen(settings: Settings, header: &[u8], request: &str) -> crate::lab::Answer {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&upstream.behind_everything(), settings);
    let mut client = lab.client().await;
    client.send(header).await;
    client.send(request).await;
    assert_eq!(client.answer().await.status(), 200);
    upstream.only()
}

#[tokio::test]
async fn the_client_is_whom_a_trusted_peer_names() {
    for header in [LINE.as_bytes(), V2] {
        let seen = seen(settings(&["127.0.0.1/32"]), header, ASK).await;
        let fields = ["x-real-ip", "x-forwarded-for"].map(|name| seen.field(name));
        assert_eq!(fields, [Some("192.0.2.7"); 2]);
    }
}

#[tokio::test]
async fn the_header_of_a_peer_that_is_not_trusted_is_passed_over() {
    let seen = seen(settings(&["10.0.0.0/8"]), LINE.as_bytes(), ASK).await;
    assert_eq!(seen.field("x-real-ip"), Some("127.0.0.1"));
}

#[tokio::test]
async fn a_header_that_names_nobody_leaves_the_peer() {
    for header in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"] {
        let seen = seen(settings(&["127.0.0.1/32"]), header, ASK).await;
        assert_eq!(seen.field("x-real-ip"), Some("127.0.0.1"));
    }
}

#[tokio::test]
async fn what_the_client_says_of_itself_counts_only_when_it_is_trusted_too() {
    let forged = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: other\r\nX-Real-IP: 1.2.3.4\r\n\r\n";
    let of_stranger = seen(settings(&["127.0.0.1/32"]), LINE.as_bytes(), forged).await;
    let fields = ["x-forwarded-proto", "x-forwarded-host", "x-real-ip"];
    assert_eq!(fields.map(|name| of_stranger.field(name)), [Some("http"), Some("a"), Some("192.0.2.7")]);
    let of_proxy = seen(settings(&["127.0.0.1/32", "192.0.2.0/24"]), LINE.as_bytes(), forged).await;
    assert_eq!(fields.map(|name| of_proxy.field(name)), [Some("https"), Some("other"), Some("192.0.2.7")]);
}

#[tokio::test]
async fn a_connection_without_a_header_is_closed_without_an_answer_and_reaches_nobody() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&upstream.behind_everything(), settings(&["127.0.0.1/32"]));
    for start in [
        ASK,
        "PROXY TCP4 192.0.2.7\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut client = lab.client().await;
        client.send(start).await;
        assert!(client.is_closed().await, "{start:?}");
    }
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn a_second_header_is_the_clients_and_no_request() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&upstream.behind_everything(), settings(&["127.0.0.1/32"]));
    let mut client = lab.client().await;
    client.send(format!("{LINE}PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n{ASK}")).await;
    assert_eq!(client.answer().await.status(), 400);
    assert_eq!(upstream.seen().len(), 0);
}

#[tokio::test]
async fn a_header_that_does_not_come_in_time_ends_the_connection() {
    let upstream = Upstream::echo().await;
    let limits = Limits { handshake_timeout: Duration::from_millis(50), ..Limits::default() };
    let lab = Lab::with(&upstream.behind_everything(), Settings { limits, ..settings(&["127.0.0.1/32"]) });
    for start in ["", "PROXY TCP4 192."] {
        let mut client: Client<TcpStream> = lab.client().await;
        client.send(start).await;
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn http_2_by_prior_knowledge_follows_the_header() {
    let upstream = Upstream::echo().await;
    let lab = Lab::with(&upstream.behind_everything(), settings(&["127.0.0.1/32"]));
    let mut stream = TcpStream::connect(lab.addr()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, V2).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("http://a/").body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    assert_eq!(upstream.only().field("x-real-ip"), Some("192.0.2.7"));
}
