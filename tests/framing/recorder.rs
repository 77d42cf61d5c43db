//! An upstream that keeps the bytes of every connection as they came.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// The upstream.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    log: Mutex<Log>,
    changed: Condvar,
}

#[derive(Default)]
struct Log {
    requests: Vec<Raw>,
    connections: usize,
    /// Requests in all, and connections that ended.
    count: usize,
    ended: usize,
}

/// One request, byte for byte; what cannot be taken for one is kept too.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    /// Which connection it came on.
    pub(crate) connection: usize,
    pub(crate) head: String,
    /// The body with its framing.
    pub(crate) body: Vec<u8>,
}

type Answers = dyn Fn(&Raw) -> Option<Vec<u8>> + Send + Sync;

impl Recorder {
    /// Answers each request with its request line.
    pub(crate) fn start() -> Self {
        Self::answering(|raw| {
            let line = raw.line();
            Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{line}", line.len()).into_bytes())
        })
    }

    /// Answers each request with these bytes; without any, the connection is closed.
    pub(crate) fn answering(answers: impl Fn(&Raw) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared: Arc<Shared> = Arc::default();
        let (of_all, answers): (_, Arc<Answers>) = (Arc::clone(&shared), Arc::new(answers));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, answers) = (Arc::clone(&of_all), Arc::clone(&answers));
                thread::spawn(move || {
                    record(stream, &shared, &*answers);
                    shared.change(|log| log.ended += 1);
                });
            }
        });
        Self { address, shared }
    }

    /// What came since the last time that this was asked.
    pub(crate) fn take(&self) -> Vec<Raw> {
        self.shared.change(|log| std::mem::take(&mut log.requests))
    }

    /// Waits until so many requests came in all.
    pub(crate) fn wait_for_requests(&self, count: usize) {
        self.shared.wait(|log| log.count >= count);
    }

    /// Waits until so many connections ended.
    pub(crate) fn wait_for_ends(&self, count: usize) {
        self.shared.wait(|log| log.ended >= count);
    }
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        let changed = change(&mut self.log.lock().unwrap());
        self.changed.notify_all();
        changed
    }

    fn wait(&self, until: impl Fn(&Log) -> bool) {
        let log = self.log.lock().unwrap();
        let long = Duration::from_secs(30);
        let (_log, waited) = self.changed.wait_timeout_while(log, long, |log| !until(log)).unwrap();
        assert!(!waited.timed_out(), "it never happened");
    }
}

fn record(mut stream: TcpStream, shared: &Shared, answers: &Answers) {
    let connection = shared.change(|log| {
        log.connections += 1;
        log.connections
    });
    let mut pending = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        while let Some((raw, length)) = Raw::read(connection, &pending) {
            pending.drain(..length);
            shared.change(|log| {
                log.count += 1;
                log.requests.push(raw.clone());
            });
            match answers(&raw) {
                Some(answer) if stream.write_all(&answer).is_ok() => {}
                _ => return,
            }
        }
        match stream.read(&mut buffer) {
            Ok(size) if size > 0 => pending.extend_from_slice(&buffer[..size]),
            _ => break,
        }
    }
    // What is left is a request that has no end: nobody would act on it.
    if let Some(end) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
        Raw { connection, head: lossy(&pending[..end + 4]), body: Vec::new() }.is_plain();
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Raw {
    /// A request and its length in bytes, once it is whole. Read as the strictest reader would; where that one cannot go on, all
    /// that is there is one request, which then is not plain.
    fn read(connection: usize, bytes: &[u8]) -> Option<(Self, usize)> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let raw = Self { connection, head: lossy(&bytes[..end]), body: Vec::new() };
        let rest = &bytes[end..];
        let length = if raw.all("transfer-encoding").is_empty() {
            let length = raw.all("content-length").first().map_or(Ok(0), |length| length.parse());
            length.map(|length: usize| (rest.len() >= length).then_some(length)).map_err(drop)
        } else {
            chunks(rest)
        };
        let Ok(length) = length else {
            return Some((Self { head: lossy(bytes) + " is broken", ..raw }, bytes.len()));
        };
        let length = length?;
        Some((Self { body: rest[..length].to_vec(), ..raw }, end + length))
    }

    pub(crate) fn line(&self) -> &str {
        self.head.split("\r\n").next().unwrap()
    }

    /// The values of every field of that name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// Fails unless every reader reads the request alike.
    #[track_caller]
    pub(crate) fn is_plain(&self) {
        let head =
            self.head.strip_suffix("\r\n\r\n").unwrap_or_else(|| panic!("not a request: {:?}", self.head));
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        assert!(words.len() == 3 && words[1].starts_with('/') && words[2] == "HTTP/1.1", "{line:?}");
        for line in lines {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no colon: {line:?}"));
            let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert!(!name.is_empty() && name.bytes().all(token), "{line:?}");
            assert!(value.bytes().all(|byte| byte == b'\t' || byte >= b' ' && byte != 0x7f), "{line:?}");
        }
        assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head:?}");
        let (lengths, codings) = (self.all("content-length"), self.all("transfer-encoding"));
        assert!(lengths.len() + codings.len() <= 1, "{head:?}");
        assert!(lengths.iter().all(|length| length.bytes().all(|byte| byte.is_ascii_digit())), "{head:?}");
        assert!(codings.iter().all(|coding| *coding == "chunked"), "{head:?}");
        assert_eq!(self.all("host").len(), 1, "{head:?}");
        for alone in ["authorization", "dpop", "cookie", "upgrade", "http2-settings", "expect", "te"] {
            assert!(self.all(alone).len() <= 1, "{head:?}");
        }
        let hops = if self.all("te").is_empty() { "keep-alive" } else { "keep-alive, TE" };
        assert_eq!(self.all("connection"), [hops], "{head:?}");
    }

    /// The body without its framing.
    pub(crate) fn content(&self) -> String {
        if self.all("transfer-encoding").is_empty() {
            return String::from_utf8(self.body.clone()).unwrap();
        }
        let (mut content, mut rest) = (Vec::new(), &self.body[..]);
        loop {
            let end = rest.windows(2).position(|two| two == b"\r\n").unwrap();
            let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
            if size == 0 {
                return String::from_utf8(content).unwrap();
            }
            content.extend_from_slice(&rest[end + 2..end + 2 + size]);
            rest = &rest[end + 4 + size..];
        }
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

/// The length of a chunked body with its trailers, once it is whole.
fn chunks(bytes: &[u8]) -> Result<Option<usize>, ()> {
    let line = |from: usize| {
        let rest = bytes.get(from..)?;
        rest.windows(2).position(|two| two == b"\r\n").map(|end| (from + end + 2, &rest[..end]))
    };
    let mut at = 0;
    loop {
        let Some((after, size)) = line(at) else { return Ok(None) };
        let size = std::str::from_utf8(size).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let size = size.ok_or(())?;
        at = after;
        if size == 0 {
            break;
        }
        match bytes.get(at + size..at + size + 2) {
            None => return Ok(None),
            Some(b"\r\n") => at += size + 2,
            Some(_) => return Err(()),
        }
    }
    loop {
        let Some((after, trailer)) = line(at) else { return Ok(None) };
        at = after;
        if trailer.is_empty() {
            return Ok(Some(at));
        }
    }
}
