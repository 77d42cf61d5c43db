//! A provider that does what no provider should.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use keybound_suites::{Provider, published};
use serde_json::json;

/// What an endpoint does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Manner {
    #[default]
    Good,
    /// Takes the request and says nothing.
    Hangs,
    /// Says nothing but the beginning of a head, byte by byte.
    Drips,
    Garbage,
    /// 50 MB, without saying so before.
    Large,
    /// A page for people.
    OtherType,
    /// Field after field, without an end.
    EndlessFields,
    /// To another place, which would answer well.
    Redirects,
    /// Closes the connection.
    Closes,
    Fails,
}

impl Manner {
    /// Every bad one, with what it is called.
    pub(crate) const BAD: [(Self, &str); 9] = [
        (Self::Hangs, "hangs"),
        (Self::Drips, "sends a byte at a time"),
        (Self::Garbage, "answers garbage"),
        (Self::Large, "answers 50 MB"),
        (Self::OtherType, "answers a page of HTML"),
        (Self::EndlessFields, "sends fields without an end"),
        (Self::Redirects, "redirects"),
        (Self::Closes, "closes the connection"),
        (Self::Fails, "answers 500"),
    ];

    /// Whether its answer comes to an end.
    pub(crate) fn ends(self) -> bool {
        !matches!(self, Self::Hangs | Self::Drips | Self::EndlessFields)
    }
}

/// A provider whose endpoints can be told what to do: `discovery`, `jwks`, `introspect`.
pub(crate) struct Unreliable {
    /// The issuer of everything; tokens are signed by the suite's provider.
    pub(crate) issuer: String,
    pub(crate) provider: Provider,
    manners: Arc<Mutex<HashMap<&'static str, Manner>>>,
}

impl Unreliable {
    pub(crate) fn start() -> Self {
        let provider = Provider::start();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let manners: Arc<Mutex<HashMap<&'static str, Manner>>> = Arc::default();
        let keys = json!({ "keys": [published(provider.key(), "suite")] }).to_string();
        let (own, told) = (issuer.clone(), Arc::clone(&manners));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, keys, told) = (own.clone(), keys.clone(), Arc::clone(&told));
                thread::spawn(move || answer(stream, &own, &keys, &told));
            }
        });
        Self { issuer, provider, manners }
    }

    /// From now on the endpoint does so.
    pub(crate) fn does(&self, endpoint: &'static str, manner: Manner) {
        self.manners.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint, manner);
    }
}

fn answer(
    mut stream: TcpStream,
    issuer: &str,
    keys: &str,
    manners: &Mutex<HashMap<&'static str, Manner>>,
) -> Option<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&buffer[..read]);
    }
    let line = String::from_utf8_lossy(&request).into_owned();
    let path = line.split(' ').nth(1)?.to_owned();
    let (endpoint, body) = if path.ends_with("/jwks") {
        ("jwks", keys.to_owned())
    } else if path.ends_with("/introspect") {
        ("introspect", json!({ "active": true, "iss": issuer, "sub": "suite" }).to_string())
    } else {
        let document = json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/jwks"),
            "introspection_endpoint": format!("{issuer}/introspect"),
        });
        ("discovery", document.to_string())
    };
    let good = |body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    };
    let manner = manners.lock().unwrap_or_else(PoisonError::into_inner).get(endpoint).copied();
    let text = match manner.unwrap_or_default() {
        _ if path.starts_with("/elsewhere") => good(&body),
        Manner::Good => good(&body),
        Manner::Hangs => return gone(&mut stream),
        Manner::Drips => {
            return endlessly(&mut stream, b"H").or_else(|| gone(&mut stream));
        }
        Manner::Garbage => good("\u{1}\u{2}{{{{not json at all"),
        Manner::Large => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
                .ok()?;
            let piece = vec![b' '; 1 << 20];
            for _ in 0..50 {
                stream.write_all(&piece).ok()?;
            }
            body
        }
        Manner::OtherType => {
            let page = "<html><title>Login</title></html>";
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}",
                page.len()
            )
        }
        Manner::EndlessFields => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").ok()?;
            return endlessly(&mut stream, b"X-More: and more and more and more and more\r\n");
        }
        Manner::Redirects => {
            format!("HTTP/1.1 302 Found\r\nLocation: {issuer}/elsewhere{path}\r\nContent-Length: 0\r\n\r\n")
        }
        Manner::Closes => return None,
        Manner::Fails => "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n".to_owned(),
    };
    stream.write_all(text.as_bytes()).ok()
}

/// Waits until the other side is gone.
fn gone(stream: &mut TcpStream) -> Option<()> {
    while stream.read(&mut [0; 256]).ok().filter(|read| *read > 0).is_some() {}
    None
}

/// Sends the same again and again until the other side is gone; one byte waits for its turn, longer pieces do not.
fn endlessly(stream: &mut TcpStream, piece: &[u8]) -> Option<()> {
    loop {
        stream.write_all(piece).ok()?;
        if piece.len() == 1 {
            stream.set_read_timeout(Some(Duration::from_millis(20))).ok()?;
            if stream.read(&mut [0; 16]).is_ok_and(|read| read == 0) {
                return None;
            }
        }
    }
}
