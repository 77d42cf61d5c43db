//! A provider on a port of its own that answers as told, counts, and remembers what it was asked.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

#[derive(Clone)]
pub(crate) enum Reply {
    /// Status, header lines, body.
    Plain(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Never answers.
    Hang,
    /// 50 MB in chunks without a length.
    Endless,
    /// A head that is not HTTP.
    Garbage,
    /// A length of 100 bytes and 10 of them.
    Broken,
}

impl Reply {
    pub(crate) fn json(value: &Value) -> Self {
        Self::Plain(
            200,
            vec![("content-type", "application/json".to_owned())],
            value.to_string().into_bytes(),
        )
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Plain(status, vec![], vec![])
    }

    pub(crate) fn with(self, name: &'static str, value: &str) -> Self {
        match self {
            Self::Plain(status, mut headers, body) => {
                headers.push((name, value.to_owned()));
                Self::Plain(status, headers, body)
            }
            other => other,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) version: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.body.as_bytes())
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
    }
}

#[derive(Clone)]
pub(crate) struct Mock {
    pub(crate) addr: SocketAddr,
    state: Arc<State>,
}

struct State {
    replies: Mutex<HashMap<String, Reply>>,
    asked: Mutex<Vec<Asked>>,
    count: watch::Sender<usize>,
    gate: Semaphore,
    gated: Mutex<bool>,
}

impl Mock {
    pub(crate) async fn start() -> Self {
        Self::listen(None).await
    }

    pub(crate) async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::listen(Some(acceptor)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = Arc::new(State {
            replies: Mutex::default(),
            asked: Mutex::default(),
            count: watch::channel(0).0,
            gate: Semaphore::new(0),
            gated: Mutex::new(false),
        });
        let mock = Self { addr: listener.local_addr().unwrap(), state: Arc::clone(&state) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, tls) = (Arc::clone(&state), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &state).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &state).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        mock
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.state.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    pub(crate) fn json(&self, path: &str, value: &Value) {
        self.reply(path, Reply::json(value));
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.state.asked.lock().unwrap().iter().filter(|asked| asked.path == path).count()
    }

    pub(crate) fn last(&self, path: &str) -> Asked {
        self.state.asked.lock().unwrap().iter().rfind(|asked| asked.path == path).unwrap().clone()
    }

    /// Holds every answer back from now on, until [`Self::open`].
    pub(crate) fn shut(&self) {
        *self.state.gated.lock().unwrap() = true;
    }

    pub(crate) fn open(&self) {
        *self.state.gated.lock().unwrap() = false;
        self.state.gate.add_permits(1000);
    }

    /// Waits until a path was asked for that often.
    pub(crate) async fn until(&self, path: &str, count: usize) {
        let mut changes = self.state.count.subscribe();
        while self.count(path) < count {
            changes.changed().await.unwrap();
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S, state: &State) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let version = line.trim_end().split(' ').nth(2)?.to_owned();
    let mut headers = vec![];
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let asked = Asked { path: path.clone(), version, headers, body: String::from_utf8(body).unwrap() };
    let reply = state.replies.lock().unwrap().get(&path).cloned().unwrap_or(Reply::status(404));
    state.asked.lock().unwrap().push(asked);
    state.count.send_modify(|count| *count += 1);
    if *state.gated.lock().unwrap() {
        state.gate.acquire().await.ok()?.forget();
    }
    send(&mut stream, reply).await
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, reply: Reply) -> Option<()> {
    match reply {
        Reply::Plain(status, headers, body) => {
            let mut head =
                format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
        }
        Reply::Hang => std::future::pending().await,
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n").await.ok()?;
            let chunk = format!("{:x}\r\n{}\r\n", 1 << 16, " ".repeat(1 << 16));
            for _ in 0..800 {
                stream.write_all(chunk.as_bytes()).await.ok()?;
            }
            stream.write_all(b"0\r\n\r\n").await.ok()?;
        }
        Reply::Garbage => stream.write_all(b"SSH-2.0-whatever\r\n\r\n").await.ok()?,
        Reply::Broken => {
            stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n0123456789").await.ok()?;
        }
    }
    stream.flush().await.ok()?;
    stream.shutdown().await.ok()
}
