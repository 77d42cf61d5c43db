//! A stop: readiness first, then no more connections, requests in flight finish, and what goes on for ever is cut at the deadline.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use keybound_suites::{Answer, Collector, Gateway, Upstream};
use serde_json::json;

fn gateway(settings: &[(&str, &str)], upstream: SocketAddr) -> Gateway {
    let gateway = Gateway::start(settings);
    let service = json!({ "name": "plain", "url": format!("http://{upstream}/") });
    assert_eq!(gateway.admin.post("/services", &service).status, 201);
    let route = json!({ "name": "plain", "paths": ["/"] });
    assert_eq!(gateway.admin.post("/services/plain/routes", &route).status, 201);
    gateway
}

fn get(address: SocketAddr, path: &str) -> Answer {
    Answer::to(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes(),
    )
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Whether the other side closes without another byte.
fn is_closed(mut stream: &TcpStream) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn readiness_turns_before_the_listeners_close_and_a_second_signal_ends_the_wait() {
    let upstream = Upstream::start();
    let settings = [("status_listen", "127.0.0.1:0"), ("stop_delay", "3600")];
    let mut gateway = gateway(&settings, upstream.address);
    let status = gateway.status.unwrap();
    assert_eq!(get(status, "/status/ready").status, 200);
    gateway.signal("TERM");
    let answer = loop {
        let answer = get(status, "/status/ready");
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((answer.status, answer.body.contains("stopping")), (503, true), "{answer:?}");
    assert_eq!(get(gateway.plain, "/still").status, 200);
    gateway.signal("TERM");
    assert_eq!(gateway.ended(), Some(0));
}

#[test]
fn a_stop_closes_idle_connections_at_once_and_answers_those_that_asked_to_the_end() {
    let upstream = Upstream::start();
    let settings = [("status_listen", "127.0.0.1:0"), ("stop_deadline", "600")];
    let mut gateway = gateway(&settings, upstream.address);
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let (mut idle, mut busy, silent) =
        (connect(gateway.plain), connect(gateway.plain), connect(gateway.plain));
    idle.write_all(request("/").as_bytes()).unwrap();
    assert!(idle.read(&mut [0; 4096]).unwrap() > 0);
    busy.write_all(request("/?reply=held").as_bytes()).unwrap();
    let mut start = vec![0; 12];
    busy.read_exact(&mut start).unwrap();
    assert_eq!(start, b"HTTP/1.1 200");
    gateway.signal("QUIT");
    assert!(is_closed(&idle) && is_closed(&silent));
    assert!(TcpStream::connect(gateway.plain).is_err(), "nothing more is accepted");
    let ready = get(gateway.status.unwrap(), "/status/ready");
    assert_eq!(ready.status, 503, "the Status API goes on while a request is in flight");
    upstream.release();
    let mut rest = String::new();
    busy.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with('}'), "{rest}");
    assert_eq!(gateway.ended(), Some(0));
}

fn plugin(gateway: &Gateway, name: &str, config: &serde_json::Value) {
    let answer = gateway.admin.post("/plugins", &json!({ "name": name, "config": config }));
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn spans_that_wait_are_sent_before_the_end() {
    let (upstream, collector) = (Upstream::start(), Collector::start());
    let settings =
        [("stop_deadline", "600"), ("tracing_instrumentations", "all"), ("tracing_sampling_rate", "1")];
    let mut gateway = gateway(&settings, upstream.address);
    let config = json!({
        "traces_endpoint": format!("http://{}/v1/traces", collector.address),
        "queue": { "max_coalescing_delay": 3600 },
    });
    plugin(&gateway, "opentelemetry", &config);
    assert_eq!(get(gateway.plain, "/").status, 200);
    gateway.signal("TERM");
    assert_eq!(collector.next().unwrap().span("kong").attributes["http.status_code"], "200");
    assert_eq!(gateway.ended(), Some(0));
    assert!(!gateway.log().contains("entries were given up"));
}

#[test]
fn a_log_server_that_does_not_answer_delays_no_stop_beyond_its_deadline_and_the_loss_is_said() {
    let upstream = Upstream::start();
    let mut gateway = gateway(&[("stop_deadline", "1")], upstream.address);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/", silent.local_addr().unwrap());
    let config =
        json!({ "http_endpoint": endpoint, "timeout": 600_000, "queue": { "max_coalescing_delay": 3600 } });
    plugin(&gateway, "http-log", &config);
    for _ in 0..3 {
        assert_eq!(get(gateway.plain, "/").status, 200);
    }
    gateway.signal("TERM");
    assert_eq!(gateway.ended(), Some(0));
    let said = gateway.wait_for_log("there was no more time to send them");
    assert!(said.contains("\"entries\":3"), "{said}");
}

/// An upstream that changes to another protocol and then sends back what it gets.
fn echo() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        let mut buffer = [0; 64];
        while let Ok(read) = stream.read(&mut buffer) {
            if read == 0 || stream.write_all(&buffer[..read]).is_err() {
                return;
            }
        }
    });
    (address, thread)
}

fn websocket(gateway: &Gateway) -> TcpStream {
    let mut client = connect(gateway.plain);
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    client
}

#[test]
fn a_websocket_goes_on_during_a_stop_and_its_end_ends_the_process() {
    let (upstream, _thread) = echo();
    let mut gateway = gateway(&[("stop_deadline", "600")], upstream);
    let mut client = websocket(&gateway);
    gateway.signal("TERM");
    let _ = gateway.wait_for_log("stopping");
    while TcpStream::connect(gateway.plain).is_ok() {
        std::thread::yield_now();
    }
    client.write_all(b"still").unwrap();
    let mut echoed = [0; 5];
    client.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"still");
    drop(client);
    assert_eq!(gateway.ended(), Some(0));
    assert!(!gateway.log().contains("the deadline for a stop passed"));
}

#[test]
fn a_websocket_is_cut_at_the_deadline() {
    let (upstream, _thread) = echo();
    let mut gateway = gateway(&[("stop_deadline", "1")], upstream);
    let client = websocket(&gateway);
    gateway.signal("TERM");
    assert!(is_closed(&client));
    assert_eq!(gateway.ended(), Some(0));
    assert!(gateway.wait_for_log("the deadline for a stop passed").contains("\"connections\":1"));
}

const GOAWAY: u8 = 7;
const DATA: u8 = 0;
const END_STREAM: u8 = 1;

/// One frame: its type, flags and stream.
fn frame(mut stream: &TcpStream) -> Option<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let [a, b, c, kind, flags, d, e, f, g] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload).ok()?;
    if (kind, flags) == (6, 0) {
        // A PING asks for its echo, and the last GOAWAY waits for it.
        let mut answer = vec![0, 0, 8, 6, 1, 0, 0, 0, 0];
        answer.extend(payload);
        stream.write_all(&answer).ok()?;
    }
    Some((kind, flags, u32::from_be_bytes([d, e, f, g])))
}

#[test]
fn over_http2_a_stop_says_goaway_and_the_stream_in_flight_finishes() {
    let upstream = Upstream::start();
    let settings = [("stop_deadline", "600"), ("proxy_listen", "127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl")];
    let mut gateway = gateway(&settings, upstream.address);
    let mut client = connect(gateway.plain);
    // GET, http, the path and the authority as literals.
    let path = b"/?reply=held";
    let mut block = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
    block.extend(path);
    block.extend([0x01, 1, b'a']);
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    bytes.extend([0, 0, u8::try_from(block.len()).unwrap(), 1, 0x05, 0, 0, 0, 1]);
    bytes.extend(block);
    client.write_all(&bytes).unwrap();
    while frame(&client).unwrap().0 != 1 {}
    gateway.signal("TERM");
    while frame(&client).unwrap().0 != GOAWAY {}
    upstream.release();
    loop {
        let (kind, flags, stream) = frame(&client).expect("the stream's end before the connection's");
        if (kind, stream, flags & END_STREAM) == (DATA, 1, END_STREAM) {
            break;
        }
    }
    while frame(&client).is_some() {}
    drop(client);
    assert_eq!(gateway.ended(), Some(0));
}
