//! Bounds on time, each with a service or a setting that makes it short.

use std::time::Duration;

use keybound_gateway::{Limits, Settings};
use keybound_model::{Configuration, Service};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::lab::{Lab, Step, Upstream, service};

const SHORT: Duration = Duration::from_millis(60);
const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_504_after_every_try() {
    let upstream = Upstream::scripted(|_, _| Step::Hang).await;
    let services = vec![Service { read_timeout: SHORT, retries: 1, ..service(upstream.addr) }];
    let lab = Lab::start(&Configuration { services, ..upstream.behind_everything() });
    let answer = lab.ask(GET).await;
    assert_eq!(answer.status(), 504);
    assert!(answer.body.starts_with("The upstream server is timing out\n"), "{}", answer.body);
    assert_eq!(upstream.seen().len(), 2);
}

#[tokio::test]
async fn a_post_that_times_out_is_sent_once() {
    let upstream = Upstream::scripted(|_, _| Step::Hang).await;
    let services = vec![Service { read_timeout: SHORT, ..service(upstream.addr) }];
    let lab = Lab::start(&Configuration { services, ..upstream.behind_everything() });
    assert_eq!(lab.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab").await.status(), 504);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_response_that_stops_is_cut() {
    let upstream =
        Upstream::scripted(|_, _| Step::Answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".into()))
            .await;
    let services = vec![Service { read_timeout: SHORT, ..service(upstream.addr) }];
    let lab = Lab::start(&Configuration { services, ..upstream.behind_everything() });
    let mut client = lab.client().await;
    client.send(GET).await;
    client.head().await.unwrap();
    assert_eq!(client.exactly(4).await, b"half");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_upstream_that_takes_nothing_is_504() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let holding = tokio::spawn(async move { listener.accept().await.unwrap() });
    let upstream = Upstream::echo().await;
    let services = vec![Service { write_timeout: SHORT, ..service(addr) }];
    let lab = Lab::start(&Configuration { services, ..upstream.behind_everything() });
    let client = lab.client().await;
    let (mut read, mut write) = client.stream.into_split();
    let sending = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let _ = write.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n").await;
        let block = vec![b'x'; 1 << 16];
        while write.write_all(&block).await.is_ok() {}
    });
    let mut start = [0; 12];
    read.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 504");
    // Who goes on sending is read from for a while, so that it sees the answer.
    sending.abort();
    drop((read, holding.await.unwrap()));
}

fn short(limits: Limits) -> Settings {
    Settings { limits, ..Settings::default() }
}

#[tokio::test]
async fn a_client_that_stops_sending_its_body_is_408() {
    let upstream = Upstream::echo().await;
    let lab =
        Lab::with(&upstream.behind_everything(), short(Limits { body_timeout: SHORT, ..Limits::default() }));
    let answer = lab.ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert_eq!((answer.status(), answer.field("connection")), (408, Some("close")));
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn a_client_that_stops_in_its_head_is_cut() {
    let lab =
        Lab::with(&Configuration::default(), short(Limits { head_timeout: SHORT, ..Limits::default() }));
    let mut client = lab.client().await;
    client.send("GET / HTTP/1.1\r\nHost").await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let upstream = Upstream::echo().await;
    let lab =
        Lab::with(&upstream.behind_everything(), short(Limits { idle_timeout: SHORT, ..Limits::default() }));
    let mut client = lab.client().await;
    client.send(GET).await;
    assert_eq!(client.answer().await.status(), 200);
    assert!(client.is_closed().await);
    assert!(lab.client().await.is_closed().await, "and one that never asked");
}
