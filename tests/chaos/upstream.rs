//! An upstream that breaks where it is told to.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// The content of every answer.
pub(crate) const BODY: &[u8] = b"the whole of the answer, of which no client may take a part for all of it";

/// How an answer tells its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    /// By the end of the connection: only a reset tells that it was cut.
    Close,
}

impl Framing {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Chunked => "chunked",
            Self::Close => "close",
        }
    }

    /// A whole answer.
    pub(crate) fn answer(self) -> Vec<u8> {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Upstream: chaos\r\n";
        match self {
            Self::Length => {
                [format!("{head}Content-Length: {}\r\n\r\n", BODY.len()).as_bytes(), BODY].concat()
            }
            Self::Chunked => {
                let mut answer =
                    format!("{head}Transfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n").into_bytes();
                for chunk in BODY.chunks(30) {
                    answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    answer.extend_from_slice(chunk);
                    answer.extend_from_slice(b"\r\n");
                }
                answer.extend_from_slice(b"0\r\nx-sum: 1\r\n\r\n");
                answer
            }
            Self::Close => [format!("{head}Connection: close\r\n\r\n").as_bytes(), BODY].concat(),
        }
    }
}

/// Listens until the process ends. A request's query says what it does:
///
/// | parameter | means |
/// |---|---|
/// | `answer=length`, `chunked`, `close` | the answer's framing |
/// | `at=N` | only the first N bytes of it are sent |
/// | `end=fin`, `reset` | how the connection ends then |
/// | `read=N` | the connection is reset after N bytes of the request's body, without any answer |
#[derive(Debug, Clone)]
pub(crate) struct Breaking {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Breaking {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                thread::spawn(move || converse(stream, &counter));
            }
        });
        Self { address, requests }
    }

    /// How many requests have begun to arrive.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn converse(mut stream: TcpStream, requests: &AtomicUsize) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    loop {
        let (head, mut after) = head(&mut stream)?;
        requests.fetch_add(1, Ordering::SeqCst);
        let asked = |name: &str| {
            let from = head.split(&format!("{name}=")).nth(1)?;
            from.split([' ', '&']).next().map(ToOwned::to_owned)
        };
        if let Some(read) = asked("read") {
            let read: usize = read.parse().ok()?;
            let mut buffer = [0; 4096];
            while after < read {
                after += stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
            }
            return reset(stream);
        }
        let framing = match asked("answer").as_deref() {
            Some("chunked") => Framing::Chunked,
            Some("close") => Framing::Close,
            _ => Framing::Length,
        };
        let answer = framing.answer();
        let at = asked("at").and_then(|at| at.parse().ok()).unwrap_or(answer.len());
        stream.write_all(&answer[..at.min(answer.len())]).ok()?;
        if asked("end").as_deref() == Some("reset") {
            return reset(stream);
        }
        if at < answer.len() || framing == Framing::Close {
            return Some(());
        }
    }
}

/// Ends a connection with a reset: nothing that is still on its way is owed.
fn reset(stream: TcpStream) -> Option<()> {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok()
}

/// A request's head, and how many bytes of its body came along.
fn head(stream: &mut TcpStream) -> Option<(String, usize)> {
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        received.extend_from_slice(&buffer[..read]);
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            return Some((String::from_utf8_lossy(&received[..end]).into_owned(), received.len() - end - 4));
        }
    }
}
