//! HTTP/2 without TLS, by prior knowledge: whole requests, and frames as exact bytes.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::Answer;

/// Sends one request on a connection of its own. Trailers stand behind the fields of the answer.
///
/// # Panics
/// When the gateway cannot be reached or does not answer.
#[must_use]
pub fn send<B>(address: SocketAddr, request: http::Request<B>) -> Answer
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Sync + 'static,
{
    try_send(address, request).expect("a whole answer")
}

/// As [`send`], for an answer that may break off.
///
/// # Errors
/// What broke it off.
///
/// # Panics
/// When the gateway cannot be reached.
pub fn try_send<B>(address: SocketAddr, request: http::Request<B>) -> Result<Answer, String>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + Sync + 'static,
{
    let request = request.map(BodyExt::boxed);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.expect("the gateway listens");
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("HTTP/2");
        tokio::spawn(connection);
        let answer = sender.send_request(request).await.map_err(|fault| fault.to_string())?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.map_err(|fault| fault.to_string())?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        let fields = head
            .headers
            .iter()
            .chain(&trailers)
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok(Answer { status: head.status.as_u16(), fields, body })
    })
}

/// What became of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// The stream was reset, or the connection ended because of it.
    Refused,
    /// Fields came back: their compressed bytes.
    Answered(Vec<u8>),
}

/// Opens a stream with exactly these fields, none of them compressed, and no body.
///
/// # Panics
/// When the gateway cannot be reached, or neither answers nor refuses.
#[must_use]
pub fn open(address: SocketAddr, fields: &[(&str, &str)]) -> Fate {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            // RFC 7541 §5.1: seven bits, then the rest in groups of seven.
            match text.len().checked_sub(127) {
                None => block.push(text.len() as u8),
                Some(mut rest) => {
                    block.push(127);
                    while rest >= 128 {
                        block.push((rest % 128) as u8 | 128);
                        rest /= 128;
                    }
                    block.push(rest as u8);
                }
            }
            block.extend(text.as_bytes());
        }
    }
    const END_STREAM_AND_HEADERS: u8 = 0x5;
    let mut stream = TcpStream::connect(address).expect("the gateway listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    sent.extend(frame(SETTINGS, 0, 0, &[]));
    sent.extend(frame(HEADERS, END_STREAM_AND_HEADERS, 1, &block));
    stream.write_all(&sent).expect("written");
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).is_err() {
            return Fate::Refused;
        }
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).expect("a whole frame");
        match head[3] {
            HEADERS => return Fate::Answered(payload),
            RST_STREAM | GOAWAY => return Fate::Refused,
            _ => {}
        }
    }
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
