//! Bodies flow both ways as they come, and are held back when nobody takes them.

use keybound_model::Configuration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::lab::{Client, Lab, Upstream, service};

/// A gateway before an upstream that the test plays itself.
async fn played() -> (Lab, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo = Upstream::echo().await;
    let services = vec![service(listener.local_addr().unwrap())];
    (Lab::start(&Configuration { services, ..echo.behind_everything() }), listener)
}

async fn accepted(listener: &TcpListener) -> Client<TcpStream> {
    Client::new(listener.accept().await.unwrap().0)
}

#[tokio::test]
async fn each_piece_of_a_response_arrives_before_the_next_is_sent() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut upstream = accepted(&listener).await;
    upstream.head().await.unwrap();
    upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.head().await.unwrap();
    for piece in ["one", "two", "three"] {
        upstream.send(format!("{:x}\r\n{piece}\r\n", piece.len())).await;
        assert_eq!(client.line().await.trim(), format!("{:x}", piece.len()));
        assert_eq!(client.line().await.trim(), piece);
    }
    upstream.send("0\r\n\r\n").await;
    assert_eq!(client.line().await.trim(), "0");
}

#[tokio::test]
async fn each_piece_of_a_request_arrives_before_the_next_is_sent() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let mut upstream = accepted(&listener).await;
    assert!(upstream.head().await.unwrap().contains("transfer-encoding: chunked"));
    for piece in ["one", "two", "three"] {
        client.send(format!("{:x}\r\n{piece}\r\n", piece.len())).await;
        assert_eq!(usize::from_str_radix(upstream.line().await.trim(), 16).unwrap(), piece.len());
        assert_eq!(upstream.line().await.trim(), piece);
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(upstream.line().await.trim(), "0");
    upstream.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(client.answer().await.status(), 204);
}

#[tokio::test]
async fn an_answer_may_come_before_the_request_is_complete() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").await;
    let mut upstream = accepted(&listener).await;
    upstream.head().await.unwrap();
    upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno").await;
    let answer = client.answer().await;
    assert_eq!((answer.status(), answer.body.as_str()), (403, "no"));
}

#[tokio::test]
async fn a_response_that_nobody_reads_is_held_back_at_its_source() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut upstream = accepted(&listener).await;
    upstream.head().await.unwrap();
    const SIZE: usize = 256 << 20;
    upstream.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n")).await;
    let block = vec![b'x'; 1 << 20];
    let mut sent = 0;
    // Writing goes on only as long as buffers of sockets take it: far less than the whole.
    while let Ok(written) = upstream.stream.try_write(&block) {
        sent += written;
        tokio::task::yield_now().await;
        if sent >= SIZE {
            break;
        }
        let writable =
            tokio::time::timeout(std::time::Duration::from_millis(300), upstream.stream.writable());
        if writable.await.is_err() {
            break;
        }
    }
    assert!(sent < SIZE / 2, "{sent} bytes were taken though the client read none");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_request_to_the_upstream() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut upstream = accepted(&listener).await;
    upstream.head().await.unwrap();
    drop(client);
    let mut rest = Vec::new();
    upstream.stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_request_that_breaks_off_never_becomes_a_whole_one() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").await;
    let mut upstream = accepted(&listener).await;
    upstream.head().await.unwrap();
    assert_eq!(upstream.exactly(4).await, b"half");
    drop(client);
    let mut rest = Vec::new();
    upstream.stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_passed_on_whole() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut upstream = accepted(&listener).await;
    upstream.head().await.unwrap();
    upstream.send("HTTP/1.0 200 OK\r\n\r\nuntil the end").await;
    upstream.stream.shutdown().await.unwrap();
    assert_eq!(client.answer().await.body, "until the end");
}

#[tokio::test]
async fn trailers_reach_a_client_that_takes_them() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n").await;
    let mut upstream = accepted(&listener).await;
    upstream.head().await.unwrap();
    upstream
        .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum, set-cookie\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\nSet-Cookie: a=b\r\n\r\n")
        .await;
    let answer = client.answer().await;
    assert_eq!((answer.body.as_str(), answer.field("trailer-x-sum")), ("a", Some("7")));
    assert_eq!(answer.field("trailer-set-cookie"), None);
}

#[tokio::test]
async fn head_responses_keep_the_length_and_the_connection() {
    let upstream = Upstream::scripted(|_, request| {
        crate::lab::Step::Answer(if request.head.starts_with("HEAD") {
            "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n".into()
        } else {
            "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n".into()
        })
    })
    .await;
    let lab = Lab::start(&upstream.behind_everything());
    let mut client = lab.client().await;
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer_to_head().await.field("content-length"), Some("77"));
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer().await.status(), 304);
    assert_eq!(upstream.connections(), 1);
}
