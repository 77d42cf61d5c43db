//! A client that knows whether an answer is whole.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What came of an answer before it ended or the connection did.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Whether the framing says that this was all (RFC 9112 §8).
    pub(crate) whole: bool,
}

/// Sends bytes on a new connection and reads one answer.
pub(crate) fn ask(address: SocketAddr, request: &[u8]) -> Read {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // The gateway may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut received = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = match stream.read(&mut buffer) {
            Ok(read) => read,
            Err(fault) if fault.kind() == ErrorKind::ConnectionReset => 0,
            Err(fault) => panic!("neither an answer nor an end: {fault}"),
        };
        received.extend_from_slice(&buffer[..read]);
        let answer = parse(&received);
        if read == 0 || answer.whole {
            return answer;
        }
    }
}

fn parse(bytes: &[u8]) -> Read {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Read { status: 0, body: Vec::new(), whole: false };
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let status = text.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let rest = &bytes[head + 4..];
    let field = |name: &str| text.split("\r\n").find_map(|line| line.strip_prefix(name)).map(str::trim);
    if let Some(length) = field("content-length:") {
        let length: usize = length.parse().unwrap();
        return Read { status, body: rest.to_vec(), whole: rest.len() >= length };
    }
    assert_eq!(field("transfer-encoding:"), Some("chunked"), "an answer says where it ends: {text}");
    let (body, whole) = chunks(rest);
    Read { status, body, whole }
}

/// The content of chunks, and whether the last one and the trailers' end have come.
fn chunks(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap().split(';').next().unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            let whole = rest.starts_with(b"\r\n") || rest.windows(4).any(|window| window == b"\r\n\r\n");
            return (body, whole);
        }
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        if rest.len() < size + 2 {
            break;
        }
        rest = &rest[size + 2..];
    }
    (body, false)
}
