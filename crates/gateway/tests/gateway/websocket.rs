//! Connections that change to WebSocket.

use keybound_model::Configuration;
use tokio::net::{TcpListener, TcpStream};

use crate::lab::{Client, Lab, SWITCHED, Upstream, service};

const ASK: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[tokio::test]
async fn after_the_upgrade_bytes_flow_both_ways_until_one_side_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo = Upstream::echo().await;
    let services = vec![service(listener.local_addr().unwrap())];
    let lab = Lab::start(&Configuration { services, ..echo.behind_everything() });
    let mut client = lab.client().await;
    client.send(ASK).await;
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    let head = upstream.head().await.unwrap();
    assert!(
        head.contains("connection: keep-alive, Upgrade\r\n") && head.contains("upgrade: websocket\r\n"),
        "{head}"
    );
    assert!(head.contains("sec-websocket-key: k\r\n"));
    upstream
        .send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhello")
        .await;
    let head = client.head().await.unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101") && head.contains("upgrade: websocket"), "{head}");
    assert!(head.contains("sec-websocket-accept: x"));
    assert_eq!(client.exactly(5).await, b"hello");
    client.send("ping").await;
    assert_eq!(upstream.exactly(4).await, b"ping");
    drop(upstream);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_upstream_may_refuse_to_upgrade() {
    let upstream = Upstream::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").await;
    let lab = Lab::start(&upstream.behind_everything());
    let answer = lab.ask(ASK).await;
    assert_eq!((answer.status(), answer.body.as_str()), (403, "no"));
}

#[tokio::test]
async fn a_stop_waits_for_what_was_upgraded() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo = Upstream::echo().await;
    let services = vec![service(listener.local_addr().unwrap())];
    let mut lab = Lab::start(&Configuration { services, ..echo.behind_everything() });
    let mut client = lab.client().await;
    client.send(ASK).await;
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    upstream.head().await.unwrap();
    upstream.send(SWITCHED).await;
    client.head().await.unwrap();
    lab.stop();
    while TcpStream::connect(lab.addr()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    client.send("still").await;
    assert_eq!(upstream.exactly(5).await, b"still");
    assert!(!lab.ended.is_finished());
    drop(client);
    assert!(upstream.is_closed().await);
    drop(upstream);
    (&mut lab.ended).await.unwrap().unwrap();
}
