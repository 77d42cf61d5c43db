//! A route of its own for each test on one gateway, and what becomes of bytes that are sent there.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use keybound_suites::Gateway;
use serde_json::json;

use crate::recorder::{Raw, Recorder};

/// A route without a plugin, its upstream, and the gateway that all tests share.
pub(crate) struct Scene {
    pub(crate) gateway: &'static Gateway,
    pub(crate) upstream: Recorder,
    path: String,
}

/// An answer that the client got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// What became of bytes.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The answers in their order, without that to the request that finds out whether the connection lives on.
    pub(crate) answers: Vec<Got>,
    pub(crate) closed: bool,
    /// What the upstream saw meanwhile.
    pub(crate) seen: Vec<Raw>,
}

impl Scene {
    pub(crate) fn start(name: &str) -> Self {
        Self::with(name, Recorder::start())
    }

    pub(crate) fn with(name: &str, upstream: Recorder) -> Self {
        Self::on(shared(), name, upstream)
    }

    /// A scene on a gateway with settings of its own.
    pub(crate) fn on(gateway: &'static Gateway, name: &str, upstream: Recorder) -> Self {
        let url = format!("http://{}/", upstream.address);
        // One try: an upstream that answers nonsense is asked once.
        let service = json!({ "name": name, "url": url, "retries": 0 });
        let path = format!("/{name}");
        for (to, entity) in [
            ("/services".to_owned(), service),
            (format!("/services/{name}/routes"), json!({ "name": name, "paths": [path] })),
        ] {
            let answer = gateway.admin.post(&to, &entity);
            assert_eq!(answer.status, 201, "{answer:?}");
        }
        Self { gateway, upstream, path }
    }

    /// The path of the route, and below it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// A request line and `Host` for the route.
    pub(crate) fn start_of(&self, method: &str) -> String {
        format!("{method} {}/x HTTP/1.1\r\nHost: a.test\r\n", self.path)
    }

    pub(crate) fn get(&self, last: &str) -> String {
        format!("GET {}/{last} HTTP/1.1\r\nHost: a.test\r\n\r\n", self.path)
    }

    pub(crate) fn connect(&self) -> Socket {
        Socket::to(self.gateway.plain)
    }

    /// Sends bytes, reads what comes, and asks for one thing more on the same connection.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) -> Outcome {
        let mut socket = self.connect();
        socket.write(bytes.as_ref());
        let mut answers: Vec<Got> = socket.answer().into_iter().collect();
        let mut closed = answers.is_empty();
        if !closed {
            socket.write(self.get("probe").as_bytes());
            loop {
                match socket.answer() {
                    Some(got) if got.body.starts_with("GET /probe HTTP") => break,
                    Some(got) => answers.push(got),
                    None => {
                        closed = true;
                        break;
                    }
                }
            }
        }
        // Whatever was forwarded came before this.
        let mut sentinel = self.connect();
        sentinel.write(self.get("sentinel").as_bytes());
        assert_eq!(sentinel.answer().map(|got| got.status), Some(200), "the gateway lives on");
        let mut seen = self.upstream.take();
        for raw in &seen {
            raw.is_plain();
        }
        seen.retain(|raw| {
            !raw.line().starts_with("GET /probe ") && !raw.line().starts_with("GET /sentinel ")
        });
        Outcome { answers, closed, seen }
    }

    /// The bytes are refused with this status, nobody saw them, and the connection is closed.
    #[track_caller]
    pub(crate) fn refused(&self, name: &str, bytes: impl AsRef<[u8]>, status: u16) {
        let outcome = self.send(bytes);
        let statuses: Vec<u16> = outcome.answers.iter().map(|got| got.status).collect();
        assert_eq!((statuses, outcome.closed), (vec![status], true), "{name}: {outcome:?}");
        assert_eq!(outcome.seen, [], "{name}");
    }

    /// The bytes are one request that reaches the upstream as this line and body, and the connection lives on.
    #[track_caller]
    pub(crate) fn forwarded(&self, name: &str, bytes: impl AsRef<[u8]>, line: &str, content: &str) -> Raw {
        let outcome = self.send(bytes);
        let statuses: Vec<u16> = outcome.answers.iter().map(|got| got.status).collect();
        assert_eq!((statuses, outcome.closed), (vec![200], false), "{name}: {outcome:?}");
        let [raw] = &outcome.seen[..] else { panic!("{name}: {outcome:?}") };
        assert_eq!((raw.line(), raw.content().as_str()), (line, content), "{name}");
        raw.clone()
    }
}

/// One side of a connection.
pub(crate) struct Socket {
    stream: TcpStream,
    pending: Vec<u8>,
}

impl Socket {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the gateway listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, pending: Vec::new() }
    }

    /// Writes what the other side takes: it may have closed.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Whether the other side still takes something.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// The same connection, for another thread to write.
    pub(crate) fn other(&self) -> Self {
        Self { stream: self.stream.try_clone().unwrap(), pending: Vec::new() }
    }

    /// The next answer, or `None` when the connection is closed.
    pub(crate) fn answer(&mut self) -> Option<Got> {
        let end = loop {
            if let Some(end) = self.pending.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.more() {
                return None;
            }
        };
        let head = String::from_utf8(self.pending.drain(..end).collect()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.to_ascii_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length:").map(|length| length.trim().parse::<usize>().unwrap())
        });
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            let body = self.chunks();
            return Some(Got { status, head, body });
        }
        let bare = matches!(status, 100..200 | 204 | 304);
        let length = if bare { 0 } else { length.unwrap_or(0) };
        while self.pending.len() < length {
            assert!(self.more(), "an answer broke off: {head}");
        }
        let body = String::from_utf8(self.pending.drain(..length).collect()).unwrap();
        Some(Got { status, head, body })
    }

    /// A body in chunks, up to its last.
    fn chunks(&mut self) -> String {
        let mut body = String::new();
        loop {
            let end = loop {
                match self.pending.windows(2).position(|two| two == b"\r\n") {
                    Some(end) => break end,
                    None => assert!(self.more(), "chunks broke off: {body}"),
                }
            };
            let line: Vec<u8> = self.pending.drain(..end + 2).collect();
            let size = usize::from_str_radix(std::str::from_utf8(&line[..end]).unwrap(), 16).unwrap();
            let chunk = self.exactly(size + 2).unwrap();
            if size == 0 {
                return body;
            }
            body.push_str(std::str::from_utf8(&chunk[..size]).unwrap());
        }
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.pending)
    }

    /// Waits until there are so many bytes; `None` when the connection is closed before.
    pub(crate) fn exactly(&mut self, size: usize) -> Option<Vec<u8>> {
        while self.pending.len() < size {
            if !self.more() {
                return None;
            }
        }
        Some(self.pending.drain(..size).collect())
    }

    fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(size) => {
                self.pending.extend_from_slice(&buffer[..size]);
                size > 0
            }
            // A close while bytes of ours are unread arrives as a reset.
            Err(fault) if matches!(fault.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => false,
            Err(fault) => panic!("neither an answer nor an end: {fault}; so far {:?}", self.pending),
        }
    }
}

/// The gateway of all tests: HTTP/1.1 on the plain listener.
fn shared() -> &'static Gateway {
    static GATEWAY: OnceLock<Gateway> = OnceLock::new();
    kept(&GATEWAY, &[])
}

/// A gateway that ends with the process of the tests.
pub(crate) fn kept(place: &'static OnceLock<Gateway>, settings: &[(&str, &str)]) -> &'static Gateway {
    place.get_or_init(|| {
        let settings = [&[("proxy_access_log", "off")], settings].concat();
        let gateway = Gateway::start(&settings);
        gateway.end_with_this_process();
        gateway
    })
}
