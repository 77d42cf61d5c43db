//! Bodies of responses for the plugins that ask, and finished requests for those that listen.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::HeaderValue;
use keybound_gateway::{Gateway, Listener, Settings, Snapshot};
use keybound_model::Configuration;
use keybound_plugins::contract::{
    BuildFault, Decision, Exchange, Flow, Form, Instance, Listening, LogEntry, Plugin, PluginFactory,
    Refusal, ResponseHead,
};
use keybound_plugins::fault::RequestFault;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::lab::{Answer, Client, Step, Upstream, plugin};

/// Replaces bodies of at most so many bytes, and hears of requests.
#[derive(Clone)]
struct Phases {
    limit: Option<usize>,
    listening: Listening,
    refuses: bool,
    heard: UnboundedSender<LogEntry>,
    seen: Arc<Mutex<Vec<Bytes>>>,
}

impl PluginFactory for Phases {
    fn build(&self, _instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault> {
        Ok(Arc::new(self.clone()))
    }
}

impl Plugin for Phases {
    fn name(&self) -> &'static str {
        "phases"
    }

    fn priority(&self) -> i32 {
        1
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        exchange.head.headers.remove("x-secret");
        exchange.notes.upstream_path =
            exchange.head.headers.contains_key("x-path").then(|| "a/../b c?d".to_owned());
        exchange.notes.upstream_host = exchange.head.headers.get("x-host").cloned();
        exchange.notes.response_additions.push((http::header::VARY, HeaderValue::from_static("Origin")));
        exchange.notes.response_removals.push(http::header::AGE);
        let flow = if self.refuses {
            Flow::Refuse(Box::new(Refusal {
                status: Some(http::StatusCode::IM_A_TEAPOT),
                message: Some("No".into()),
                form: Form::Gateway,
                ..Refusal::new(RequestFault::Host)
            }))
        } else {
            Flow::Continue
        };
        Box::pin(std::future::ready(flow))
    }

    fn edits_bodies(&self) -> bool {
        self.limit.is_some()
    }

    fn wants_body(&self, response: &ResponseHead<'_>) -> Option<usize> {
        self.limit.filter(|_| !response.headers.contains_key("x-leave"))
    }

    fn body(&self, response: &mut ResponseHead<'_>, body: Bytes) -> Bytes {
        self.seen.lock().unwrap().push(body);
        response.headers.insert("x-edited", HeaderValue::from_static("yes"));
        Bytes::from_static(b"edited")
    }

    fn listens(&self) -> Listening {
        self.listening
    }

    fn log(&self, entry: &LogEntry) {
        let _ = self.heard.send(entry.clone());
    }
}

struct Running {
    addr: std::net::SocketAddr,
    heard: UnboundedReceiver<LogEntry>,
    seen: Arc<Mutex<Vec<Bytes>>>,
}

fn run(upstream: &Upstream, change: impl FnOnce(&mut Phases)) -> Running {
    let (sender, heard) = unbounded_channel();
    let seen = Arc::default();
    let mut phases = Phases {
        limit: None,
        listening: Listening::Nothing,
        refuses: false,
        heard: sender,
        seen: Arc::clone(&seen),
    };
    change(&mut phases);
    let configuration = Configuration { plugins: vec![plugin()], ..upstream.behind_everything() };
    let mut settings = Settings { workers: NonZeroUsize::MIN, ..Settings::default() };
    settings.listeners.push(Listener::plain("127.0.0.1:0".parse().unwrap()));
    let gateway =
        Gateway::bind(settings, Snapshot::compile(&configuration, &phases).unwrap().shared()).unwrap();
    let addr = gateway.local_addrs()[0];
    tokio::spawn(gateway.run(std::future::pending()));
    Running { addr, heard, seen }
}

async fn ask(running: &Running, request: &str) -> Answer {
    let mut client = Client::new(TcpStream::connect(running.addr).await.unwrap());
    client.send(request).await;
    if request.starts_with("HEAD") { client.answer_to_head().await } else { client.answer().await }
}

const GET: &str = "GET /a?b=c HTTP/1.1\r\nHost: a.example\r\nX-Secret: s\r\n\r\n";

#[tokio::test]
async fn a_body_that_was_asked_for_is_replaced_and_its_length_follows() {
    for framed in [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    ] {
        let upstream = Upstream::answering(framed).await;
        let running = run(&upstream, |phases| phases.limit = Some(11));
        let answer = ask(&running, GET).await;
        assert_eq!((answer.status(), answer.body.as_str()), (200, "edited"));
        assert_eq!((answer.field("content-length"), answer.field("x-edited")), (Some("6"), Some("yes")));
        assert_eq!(answer.field("transfer-encoding"), None);
        assert_eq!(*running.seen.lock().unwrap(), [Bytes::from_static(b"hello world")]);
    }
}

#[tokio::test]
async fn a_body_that_is_longer_than_asked_for_never_goes_out() {
    for framed in [
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    ] {
        let upstream = Upstream::answering(framed).await;
        let running = run(&upstream, |phases| phases.limit = Some(10));
        let mut client = Client::new(TcpStream::connect(running.addr).await.unwrap());
        client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n").await;
        let answer = client.answer().await;
        assert_eq!(answer.status(), 502);
        // Our own answer is longer than the limit too and stays as it is.
        assert!(
            answer.body.contains("An invalid response was received from the upstream server"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("hello"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_while_it_is_read_is_502() {
    let upstream = Upstream::scripted(|_, _| {
        Step::AnswerAndClose("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello".into())
    })
    .await;
    let running = run(&upstream, |phases| phases.limit = Some(11));
    let answer = ask(&running, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(answer.status(), 502);
    assert_eq!(running.seen.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_body_nobody_wants_is_streamed_and_one_that_is_not_there_is_not_asked_for() {
    let upstream =
        Upstream::answering("HTTP/1.1 200 OK\r\nX-Leave: 1\r\nContent-Length: 5\r\n\r\nhello").await;
    let running = run(&upstream, |phases| phases.limit = Some(100));
    assert_eq!(ask(&running, GET).await.body, "hello");
    for none in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n"] {
        let upstream = Upstream::answering(none).await;
        let running = run(&upstream, |phases| phases.limit = Some(100));
        let answer = ask(&running, GET).await;
        assert_eq!((answer.body.as_str(), answer.field("x-edited")), ("", None));
    }
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await;
    let running = run(&upstream, |phases| phases.limit = Some(100));
    let answer = ask(&running, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(
        (answer.status(), answer.field("content-length"), answer.field("x-edited")),
        (200, Some("5"), None)
    );
}

#[tokio::test]
async fn the_body_of_a_refusal_is_edited_too() {
    let upstream = Upstream::echo().await;
    let running = run(&upstream, |phases| {
        phases.limit = Some(1000);
        phases.refuses = true;
    });
    let answer = ask(&running, GET).await;
    assert_eq!(
        (answer.status(), answer.body.as_str(), answer.field("content-length")),
        (418, "edited", Some("6"))
    );
}

#[tokio::test]
async fn a_refusal_in_the_gateways_form_names_the_request() {
    let upstream = Upstream::echo().await;
    let running = run(&upstream, |phases| phases.refuses = true);
    let answer = ask(&running, GET).await;
    let id = answer.field("x-kong-request-id").unwrap();
    let want = format!("{{\n  \"message\":\"No\",\n  \"request_id\":\"{id}\"\n}}");
    assert_eq!((answer.status(), answer.body.as_str()), (418, want.as_str()));
    let plain = ask(&running, "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n").await;
    assert!(plain.body.starts_with("No\nrequest_id: "), "{}", plain.body);
}

#[tokio::test]
async fn fields_are_added_beside_the_upstreams_and_taken_away() {
    let upstream =
        Upstream::answering("HTTP/1.1 200 OK\r\nVary: Accept\r\nAge: 5\r\nContent-Length: 0\r\n\r\n").await;
    let answer = ask(&run(&upstream, |_| {}), GET).await;
    assert_eq!((answer.fields("vary"), answer.field("age")), (vec!["Accept", "Origin"], None));
}

#[tokio::test]
async fn a_plugin_chooses_path_and_host_for_the_upstream_and_cannot_leave_the_path() {
    let upstream = Upstream::echo().await;
    ask(
        &run(&upstream, |_| {}),
        "GET /x?q=1 HTTP/1.1\r\nHost: a\r\nX-Path: 1\r\nX-Host: other.example\r\n\r\n",
    )
    .await;
    let seen = upstream.only();
    assert_eq!(seen.head.lines().next(), Some("GET /b%20c%3Fd?q=1 HTTP/1.1"));
    assert_eq!(seen.fields("host"), ["other.example"]);
}

#[tokio::test]
async fn a_listener_hears_of_a_request_once_its_response_is_out() {
    let upstream = Upstream::answering("HTTP/1.1 201 Created\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok").await;
    let mut running = run(&upstream, |phases| phases.listening = Listening::Fields);
    let answer = ask(&running, GET).await;
    assert_eq!(answer.status(), 201);
    let entry = running.heard.recv().await.unwrap();
    assert_eq!((entry.status.unwrap().as_u16(), entry.from_upstream, entry.path.as_str()), (201, true, "/a"));
    assert_eq!(answer.field("x-kong-request-id"), Some(entry.request_id.as_str()));
    let scope = entry.scope.unwrap();
    assert_eq!(scope.service.as_ref().unwrap().1.as_deref(), Some("orders"));
    let facts = entry.upstream.unwrap();
    assert_eq!((facts.address, facts.uri.as_str()), (upstream.addr, "/a?b=c"));
    assert!(entry.response_bytes > 2 && entry.request_bytes > 0);
    let fields = entry.fields.unwrap();
    assert_eq!((fields.origin.as_str(), fields.query.as_deref()), ("http://a.example", Some("b=c")));
    // As it came, before any plugin edited it; and the response as it went.
    assert_eq!(
        (&fields.request["x-secret"], &fields.response["x-a"]),
        (&HeaderValue::from_static("s"), &HeaderValue::from_static("1"))
    );
    assert!(running.heard.try_recv().is_err());
}

#[tokio::test]
async fn a_listener_hears_of_refusals_and_of_upstreams_that_fail() {
    let upstream = Upstream::echo().await;
    let mut running = run(&upstream, |phases| {
        phases.listening = Listening::Facts;
        phases.refuses = true;
    });
    ask(&running, GET).await;
    let entry = running.heard.recv().await.unwrap();
    assert_eq!(
        (entry.status.unwrap().as_u16(), entry.from_upstream, entry.fault),
        (418, false, Some("request_host"))
    );
    assert!(entry.upstream.is_none() && entry.fields.is_none());

    let upstream = Upstream::scripted(|_, _| Step::Close).await;
    let mut running = run(&upstream, |phases| phases.listening = Listening::Facts);
    ask(&running, GET).await;
    let entry = running.heard.recv().await.unwrap();
    assert_eq!((entry.status.unwrap().as_u16(), entry.fault), (502, Some("upstream_invalid_response")));
}

#[tokio::test]
async fn a_listener_hears_of_a_client_that_left_before_the_answer() {
    let (reached, mut at_upstream) = unbounded_channel();
    let upstream = Upstream::scripted(move |_, _| {
        reached.send(()).unwrap();
        Step::Hang
    })
    .await;
    let mut running = run(&upstream, |phases| phases.listening = Listening::Facts);
    let mut client = Client::new(TcpStream::connect(running.addr).await.unwrap());
    client.send(GET).await;
    at_upstream.recv().await.unwrap();
    drop(client);
    let entry = running.heard.recv().await.unwrap();
    assert_eq!((entry.status, entry.path.as_str()), (None, "/a"));
}
