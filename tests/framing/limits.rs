//! What a client may take up: each bound made small, and what happens at it.

use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use keybound_suites::{Answer, Gateway};

use crate::http2::{DATA, END_HEADERS, END_STREAM, Fate, Frames, HEADERS, PING, RST_STREAM, block, fields};
use crate::recorder::{Raw, Recorder};
use crate::scene::{Scene, Socket, kept};

const H2_TOO: (&str, &str) = ("proxy_listen", "127.0.0.1:0 http2, 127.0.0.1:0 http2 ssl");

/// Every time short.
fn hasty() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    kept(
        &GATEWAY,
        &[
            H2_TOO,
            ("nginx_http_client_header_timeout", "300ms"),
            ("nginx_http_client_body_timeout", "300ms"),
            ("nginx_http_send_timeout", "300ms"),
            ("nginx_http_keepalive_timeout", "300ms"),
            ("client_body_min_rate", "1000000"),
        ],
    )
}

/// Every number small.
fn narrow() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    kept(
        &GATEWAY,
        &[
            H2_TOO,
            ("nginx_http_keepalive_requests", "3"),
            ("client_max_headers", "10"),
            ("nginx_http_large_client_header_buffers", "1 4k"),
            ("nginx_http_client_max_body_size", "10"),
        ],
    )
}

/// Writes a little now and then, until it is stopped.
struct Trickle {
    stop: mpsc::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Trickle {
    fn start(socket: &Socket, first: &str, more: &'static str) -> Self {
        let (stop, stopped) = mpsc::channel();
        let (mut writer, first) = (socket.other(), first.to_owned());
        let thread = thread::spawn(move || {
            writer.write(first.as_bytes());
            let wait = Duration::from_millis(20);
            while stopped.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Timeout)
                && writer.try_write(more.as_bytes())
            {}
        });
        Self { stop, thread }
    }

    fn stop(self) {
        drop(self.stop);
        self.thread.join().unwrap();
    }
}

fn ok(_: &Raw) -> Option<Vec<u8>> {
    Some(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec())
}

/// `/held` gets no answer, `/large` a large one.
fn upstream() -> Recorder {
    Recorder::answering(|raw| match raw.line() {
        line if line.contains("/held") => Some(Vec::new()),
        line if line.contains("/large") => {
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n";
            Some([&head[..], &vec![b'a'; 50_000_000]].concat())
        }
        _ => ok(raw),
    })
}

#[test]
fn a_connection_that_asks_nothing_is_closed() {
    let scene = Scene::on(hasty(), "idle", upstream());
    assert_eq!(scene.connect().answer(), None);
    let mut socket = scene.connect();
    socket.write(scene.get("x").as_bytes());
    assert_eq!(socket.answer().map(|got| got.status), Some(200));
    assert_eq!(socket.answer(), None, "and one that asks nothing more");
    assert_eq!(Socket::to(scene.gateway.secure).answer(), None, "and one that begins no handshake");
}

#[test]
fn a_head_that_does_not_come_to_its_end_closes_the_connection_however_it_trickles() {
    let scene = Scene::on(hasty(), "slow-head", upstream());
    let mut socket = scene.connect();
    socket.write(b"GET / HTTP/1.1\r\nHost: a.test\r\n");
    assert_eq!(socket.answer(), None);
    let mut socket = scene.connect();
    let trickle = Trickle::start(&socket, "GET / HTTP/1.1\r\nHost: a.test\r\n", "X: y\r\n");
    assert_eq!(socket.answer(), None);
    trickle.stop();
}

#[test]
fn a_body_that_stops_or_trickles_is_408() {
    let scene = Scene::on(hasty(), "slow-body", upstream());
    let head = format!("{}Content-Length: 100000\r\n\r\n", scene.start_of("POST"));
    let mut socket = scene.connect();
    socket.write(format!("{head}half").as_bytes());
    assert_eq!(socket.answer().map(|got| got.status), Some(408));
    let mut socket = scene.connect();
    let trickle = Trickle::start(&socket, &head, "a");
    assert_eq!(socket.answer().map(|got| got.status), Some(408), "a byte now and then");
    trickle.stop();
    assert_eq!(scene.upstream.take(), []);
}

#[test]
fn a_client_that_takes_nothing_is_cut_and_its_upstream_let_go() {
    let scene = Scene::on(hasty(), "takes-nothing", upstream());
    let mut socket = scene.connect();
    socket.write(scene.get("large").as_bytes());
    scene.upstream.wait_for_ends(1);
    assert!(socket.rest().len() < 50_000_000);
}

#[test]
fn a_stream_whose_client_opens_no_window_is_reset_and_the_others_go_on() {
    let scene = Scene::on(hasty(), "no-window", upstream());
    let path = |last: &str| format!("{}/{last}", scene.path());
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let mut frames = Frames::open(&scene, &[(INITIAL_WINDOW_SIZE, 0)]);
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields(&path("large"), "GET", &[], &[])));
    assert_eq!(frames.fate(1), Fate::Answered(200));
    assert!(matches!(frames.fate(1), Fate::Reset(_)));
    scene.upstream.wait_for_ends(1);
    frames.send(HEADERS, END_HEADERS | END_STREAM, 3, &block(&fields(&path("x"), "HEAD", &[], &[])));
    assert_eq!(frames.fate(3), Fate::Answered(200));
}

#[test]
fn pings_keep_no_idle_connection() {
    let scene = Scene::on(hasty(), "pings", upstream());
    let mut frames = Frames::open(&scene, &[]);
    frames.send(PING, 0, 0, &[0; 8]);
    while let Some((kind, ..)) = frames.next() {
        if kind == PING {
            frames.send(PING, 0, 0, &[0; 8]);
        }
    }
}

#[test]
fn the_least_recently_used_of_the_idle_makes_room_for_another_connection() {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    let few = kept(&GATEWAY, &[("nginx_worker_processes", "1"), ("nginx_events_worker_connections", "2")]);
    let scene = Scene::on(few, "few", upstream());
    let ask = |socket: &mut Socket, last: &str| {
        socket.write(scene.get(last).as_bytes());
        socket.answer().map(|got| got.status)
    };
    let (mut one, mut two) = (scene.connect(), scene.connect());
    assert_eq!((ask(&mut one, "1"), ask(&mut two, "2")), (Some(200), Some(200)));
    // The first is busy from here on, so that the second is the only idle one.
    one.write(scene.get("held").as_bytes());
    scene.upstream.wait_for_requests(3);
    let mut three = scene.connect();
    assert_eq!(ask(&mut three, "3"), Some(200));
    assert_eq!(two.answer(), None, "the idle one is closed");
    assert_eq!(ask(&mut three, "4"), Some(200), "and no other");
}

#[test]
fn beyond_so_many_requests_in_flight_the_answer_is_503_and_the_other_ports_live_on() {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    let settings =
        [("status_listen", "127.0.0.1:0"), ("nginx_worker_processes", "1"), ("overload_max_requests", "2")];
    let scene = Scene::on(kept(&GATEWAY, &settings), "in-flight", upstream());
    let mut held: Vec<Socket> = (0..2).map(|_| scene.connect()).collect();
    for socket in &mut held {
        socket.write(scene.get("held").as_bytes());
    }
    scene.upstream.wait_for_requests(2);
    let mut socket = scene.connect();
    socket.write(scene.get("x").as_bytes());
    let got = socket.answer().unwrap();
    assert_eq!(got.status, 503);
    assert!(got.head.contains("retry-after: 1\r\n"), "{got:?}");
    let ask = |address: std::net::SocketAddr, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        Answer::to(address, request.as_bytes()).status
    };
    assert_eq!(ask(scene.gateway.status.unwrap(), "/status/ready"), 200);
    assert_eq!(ask(scene.gateway.admin.address, "/status"), 200);
    drop(held);
    scene.upstream.wait_for_ends(2);
    socket.write(scene.get("x").as_bytes());
    assert_eq!(socket.answer().map(|got| got.status), Some(200), "with those gone there is room");
    assert_eq!(scene.upstream.take().len(), 3, "the one that was turned away reached nobody");
}

#[test]
fn a_client_that_gives_up_what_it_asks_for_is_cut() {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    let few = kept(&GATEWAY, &[H2_TOO, ("http2_max_resets", "3")]);
    let scene = Scene::on(few, "resets", upstream());
    let head = block(&fields(&format!("{}/held", scene.path()), "GET", &[], &[]));
    let mut frames = Frames::open(&scene, &[]);
    for number in 0..4 {
        let stream = number * 2 + 1;
        frames.send(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        // Only then is it a reset of something that was begun.
        scene.upstream.wait_for_requests(number as usize + 1);
        frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
    }
    // Whatever comes next finds that out.
    frames.send(PING, 0, 0, &[0; 8]);
    assert!(matches!(frames.fate(u32::MAX), Fate::Closed(_)));
}

#[test]
fn the_last_request_of_a_connection_says_so() {
    let scene = Scene::on(narrow(), "worn", upstream());
    let mut socket = scene.connect();
    for round in 1..=3 {
        socket.write(scene.get("x").as_bytes());
        let got = socket.answer().unwrap();
        assert_eq!(got.head.contains("connection: close\r\n"), round == 3, "{round}: {got:?}");
    }
    assert_eq!(socket.answer(), None);
    let mut frames = Frames::open(&scene, &[]);
    let head = block(&fields(&format!("{}/x", scene.path()), "GET", &[], &[]));
    for number in 0..3 {
        frames.send(HEADERS, END_HEADERS | END_STREAM, number * 2 + 1, &head);
        assert_eq!(frames.fate(number * 2 + 1), Fate::Answered(200));
    }
    assert_eq!(frames.fate(u32::MAX), Fate::Closed(Some(0)), "in HTTP/2 as well");
}

#[test]
fn heads_and_bodies_beyond_their_size_are_refused() {
    let scene = Scene::on(narrow(), "sizes-narrow", upstream());
    let get = scene.start_of("GET");
    for (name, more, status) in [
        ("a field too long", format!("X: {}\r\n", "a".repeat(5000)), 400),
        ("much too long", format!("X: {}\r\n", "a".repeat(9000)), 431),
        ("all fields together", (0..8).map(|at| format!("X-{at}: {}\r\n", "a".repeat(600))).collect(), 400),
        ("too many fields", (0..10).map(|at| format!("X-{at}: a\r\n")).collect(), 431),
    ] {
        let mut socket = scene.connect();
        socket.write(format!("{get}{more}\r\n").as_bytes());
        assert_eq!(socket.answer().map(|got| got.status), Some(status), "{name}");
    }
    let target = format!("GET {}/{} HTTP/1.1\r\nHost: a.test\r\n\r\n", scene.path(), "a".repeat(5000));
    let mut socket = scene.connect();
    socket.write(target.as_bytes());
    assert_eq!(socket.answer().map(|got| got.status), Some(400), "a target too long");
    for (name, body) in [
        ("announced", "Content-Length: 11\r\n\r\n01234567890"),
        ("not announced", "Transfer-Encoding: chunked\r\n\r\n6\r\n012345\r\n6\r\n012345\r\n0\r\n\r\n"),
    ] {
        let mut socket = scene.connect();
        socket.write(format!("{}{body}", scene.start_of("POST")).as_bytes());
        assert_eq!(socket.answer().map(|got| got.status), Some(413), "{name}");
    }
    let mut frames = Frames::open(&scene, &[]);
    let head = block(&fields(&format!("{}/x", scene.path()), "POST", &[], &[]));
    frames.send(HEADERS, END_HEADERS, 1, &head);
    frames.send(DATA, END_STREAM, 1, b"01234567890");
    assert_eq!(frames.fate(1), Fate::Answered(413), "in HTTP/2 as well");
    assert_eq!(scene.upstream.take(), []);
}
