//! Starting, stopping, and exchanging the configuration while requests run.

use std::sync::Arc;
use std::time::Duration;

use keybound_gateway::{BindFault, Gateway, Limits, Listener, Settings, Snapshot};
use keybound_model::Configuration;
use tokio::net::TcpStream;

use crate::lab::{Client, Lab, Plugins, Step, Upstream, service};

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn a_port_in_use_is_one_fault_that_names_the_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    let settings = || Settings { listeners: vec![Listener::plain(addr)], ..Settings::default() };
    let fault = Gateway::bind(settings(), Snapshot::empty().shared()).unwrap_err();
    assert!(
        fault.to_string().starts_with(&format!("cannot listen on {addr}: Address already in use")),
        "{fault}"
    );
    drop(taken);
    let first = Gateway::bind(settings(), Snapshot::empty().shared()).unwrap();
    assert!(
        matches!(Gateway::bind(settings(), Snapshot::empty().shared()), Err(BindFault::Address { .. })),
        "a second gateway must not share the port unnoticed"
    );
    drop(first);
}

#[tokio::test]
async fn tls_without_a_certificate_is_a_fault() {
    let settings =
        Settings { listeners: vec![Listener::tls("127.0.0.1:0".parse().unwrap())], ..Settings::default() };
    assert!(matches!(Gateway::bind(settings, Snapshot::empty().shared()), Err(BindFault::NoIdentity { .. })));
}

#[tokio::test]
async fn a_stop_lets_a_request_in_flight_finish_and_closes_idle_connections() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo = Upstream::echo().await;
    let services = vec![service(listener.local_addr().unwrap())];
    let mut lab = Lab::start(&Configuration { services, ..echo.behind_everything() });
    let mut idle = lab.client().await;
    let mut client = lab.client().await;
    client.send(GET).await;
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    upstream.head().await.unwrap();
    lab.stop();
    assert!(idle.is_closed().await);
    assert!(TcpStream::connect(lab.addr()).await.is_err(), "nothing more is accepted");
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndo").await;
    client.head().await.unwrap();
    upstream.send("ne").await;
    assert_eq!(client.exactly(4).await, b"done");
    assert!(client.is_closed().await);
    lab.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_beyond_its_deadline() {
    let upstream = Upstream::scripted(|_, _| Step::Hang).await;
    let settings = Settings { stop_deadline: Duration::from_millis(50), ..Settings::default() };
    let mut lab = Lab::with(&upstream.behind_everything(), settings);
    let mut client = lab.client().await;
    client.send(GET).await;
    while upstream.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    lab.stop();
    assert!(client.is_closed().await);
    (&mut lab.ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_next_request_uses_a_new_snapshot_on_the_same_connection() {
    let (old, new) = (Upstream::echo().await, Upstream::echo().await);
    let lab = Lab::start(&old.behind_everything());
    let mut client = lab.client().await;
    client.send(GET).await;
    client.answer().await;
    lab.snapshot.store(Arc::new(Snapshot::compile(&new.behind_everything(), &Plugins::default()).unwrap()));
    client.send(GET).await;
    client.answer().await;
    lab.snapshot.store(Arc::new(Snapshot::empty()));
    client.send(GET).await;
    assert_eq!(client.answer().await.status(), 404);
    assert_eq!((old.seen().len(), new.seen().len()), (1, 1));
}

#[tokio::test]
async fn a_connection_beyond_the_bound_takes_the_place_of_an_idle_one() {
    let upstream = Upstream::echo().await;
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let lab = Lab::with(&upstream.behind_everything(), Settings { limits, ..Settings::default() });
    let mut first = lab.client().await;
    first.send(GET).await;
    first.answer().await;
    assert_eq!(lab.ask(GET).await.status(), 200);
    assert!(first.is_closed().await);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_their_turn_while_none_is_idle() {
    let upstream = Upstream::scripted(|number, _| match number {
        0 => Step::Hang,
        _ => Step::Answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".into()),
    })
    .await;
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let lab = Lab::with(&upstream.behind_everything(), Settings { limits, ..Settings::default() });
    let mut first = lab.client().await;
    first.send(GET).await;
    while upstream.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut second = lab.client().await;
    second.send(GET).await;
    let waited = tokio::time::timeout(Duration::from_millis(100), second.head()).await;
    assert!(waited.is_err(), "not accepted while the first is busy");
    drop(first);
    assert_eq!(second.answer().await.status(), 200);
}
