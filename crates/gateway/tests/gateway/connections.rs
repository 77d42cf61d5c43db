//! What a client may do on one connection of HTTP/1, and what it gets for it.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound_gateway::{Limits, Settings};
use keybound_model::entity::Protocol;
use keybound_model::{Configuration, Route, Service};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::lab::{Client, Lab, SWITCHED, Upstream, route, service};

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// A gateway before an upstream that the test plays itself.
async fn played() -> (Lab, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo = Upstream::echo().await;
    let services = vec![service(listener.local_addr().unwrap())];
    (Lab::start(&Configuration { services, ..echo.behind_everything() }), listener)
}

#[tokio::test]
async fn a_request_that_comes_byte_by_byte_is_one_like_any_other() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let mut client = lab.client().await;
    client.stream.set_nodelay(true).unwrap();
    let request = "\r\nPOST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n";
    for _ in 0..2 {
        for byte in request.bytes() {
            client.send([byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(client.answer().await.status(), 200);
    }
    let bodies: Vec<String> = upstream.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["abc", "abc"]);
}

#[tokio::test]
async fn thousands_of_requests_in_a_row_are_answered_in_their_order_and_forwarded_one_at_a_time() {
    const MANY: usize = 3000;
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    let all: String = (0..MANY).map(|number| get(&format!("/{number}"))).collect();
    client.send(all).await;
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    for number in 0..MANY {
        let head = upstream.head().await.unwrap();
        assert!(head.starts_with(&format!("GET /{number} HTTP/1.1\r\n")), "{head}");
        if number % 1000 == 0 {
            // All others are there, and none of them is on its way.
            assert!(listener.accept().now_or_never().is_none());
        }
        let answer = number.to_string();
        upstream.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{answer}", answer.len())).await;
        assert_eq!(client.answer().await.body, answer);
    }
}

#[tokio::test]
async fn a_client_whose_head_is_far_too_long_can_send_all_of_it_and_sees_why_it_was_refused() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let answer = lab.ask(&format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(4 << 20))).await;
    assert_eq!((answer.status(), answer.field("connection")), (431, Some("close")));
    assert!(answer.body.starts_with("Request header or cookie too large\nrequest_id: "), "{}", answer.body);
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn what_is_no_request_is_answered_as_every_fault_is_and_nothing_behind_it_is_read() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    for nonsense in ["NONSENSE\r\n\r\n", "\u{16}\u{3}\u{1}\0\u{a5}", "GET / HTTP/1.1\r\nX : y\r\n\r\n"] {
        let mut client = lab.client().await;
        client.send(format!("{nonsense}{}", get("/"))).await;
        let answer = client.answer().await;
        assert_eq!((answer.status(), answer.field("connection")), (400, Some("close")), "{nonsense:?}");
        let id = answer.field("x-kong-request-id").unwrap();
        assert_eq!(answer.body, format!("Bad request\nrequest_id: {id}\n"));
        assert!(client.is_closed().await);
    }
    assert_eq!(upstream.seen(), []);
}

#[tokio::test]
async fn what_is_left_of_a_short_body_is_passed_over_when_the_answer_comes_early() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").await;
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    upstream.head().await.unwrap();
    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    assert_eq!(client.answer().await.status(), 200);
    client.send(format!(" done.{}", get("/2"))).await;
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    assert!(upstream.head().await.unwrap().starts_with("GET /2 HTTP/1.1\r\n"));
    upstream.send("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(client.answer().await.status(), 204);
}

#[tokio::test]
async fn nobody_is_asked_for_a_body_that_is_there() {
    let upstream = Upstream::echo().await;
    let lab = Lab::start(&upstream.behind_everything());
    let request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(lab.ask(request).await.status(), 200);
    assert_eq!(upstream.only().body, "abc");
}

#[tokio::test]
async fn what_is_sent_behind_an_upgrade_is_the_tunnels() {
    let (lab, listener) = played().await;
    let mut client = lab.client().await;
    let ask = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly";
    client.send(ask).await;
    let mut upstream = Client::new(listener.accept().await.unwrap().0);
    upstream.head().await.unwrap();
    upstream.send(SWITCHED).await;
    client.head().await.unwrap();
    client.send(" and late").await;
    assert_eq!(upstream.exactly(14).await, b"early and late");
}

/// An upstream of HTTP/2 that takes each request to its end and never answers; says when it has one, and when that is given up.
async fn silent() -> (std::net::SocketAddr, mpsc::UnboundedReceiver<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (say, said) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = service_fn(move |request: Request<Incoming>| {
            let say = say.clone();
            async move {
                request.into_body().collect().await.unwrap();
                say.send("has it").unwrap();
                let _gone = Gone(say);
                std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>().await
            }
        });
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = server.serve_connection(TokioIo::new(stream), service).await;
    });
    (addr, said)
}

struct Gone(mpsc::UnboundedSender<&'static str>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.send("gave up");
    }
}

#[tokio::test]
async fn a_client_that_goes_once_its_body_was_read_elsewhere_is_noticed() {
    let (addr, mut said) = silent().await;
    let service = Service { protocol: Protocol::Grpc, ..service(addr) };
    let routes = vec![Route { paths: vec!["/".into()], ..route() }];
    let lab = Lab::start(&Configuration { services: vec![service], routes, ..Configuration::default() });
    let mut client = lab.client().await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc").await;
    client.send("def").await;
    assert_eq!(said.recv().await, Some("has it"));
    drop(client);
    assert_eq!(said.recv().await, Some("gave up"));
}

#[tokio::test]
async fn fields_beyond_the_usual_number_are_taken_where_the_limit_says_so() {
    let upstream = Upstream::echo().await;
    let limits = Limits { max_fields: 300, ..Limits::default() };
    let lab = Lab::with(&upstream.behind_everything(), Settings { limits, ..Settings::default() });
    let many = |count: usize| {
        let fields: String = (0..count).map(|number| format!("X-{number}: 1\r\n")).collect();
        format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
    };
    assert_eq!(lab.ask(&many(299)).await.status(), 200);
    assert_eq!(lab.ask(&many(300)).await.status(), 431);
}
