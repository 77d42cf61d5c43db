//! A small HTTP/1.1 server on a thread: reads whole requests, hands them to a function, keeps connections.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request as its lines were received.
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Serves until the process ends; answers the address.
pub(crate) fn serve(answer: impl Fn(Received) -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || converse(stream, answer.as_ref()));
        }
    });
    address
}

/// Answers every request with this text until the process ends; answers the address.
///
/// # Panics
/// When there is no free port.
#[must_use]
pub fn serve_text(text: String) -> SocketAddr {
    serve(move |_| text.clone())
}

fn converse(stream: TcpStream, answer: &dyn Fn(Received) -> String) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let received = read(&mut reader)?;
        let body = answer(received);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        reader.get_mut().write_all((head + &body).as_bytes()).ok()?;
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let line = text_line(reader)?;
    let mut fields = Vec::new();
    read_fields(reader, &mut fields)?;
    let value = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let mut body = Vec::new();
    if let Some(length) = value("content-length") {
        body.resize(length.parse().ok()?, 0);
        reader.read_exact(&mut body).ok()?;
    } else if value("transfer-encoding").is_some() {
        // Trailers end among the fields, as with a reader that does not tell them apart.
        body = chunks(reader, &mut fields)?;
    }
    Some(Received { line, fields, body })
}

fn read_fields(reader: &mut BufReader<TcpStream>, fields: &mut Vec<(String, String)>) -> Option<()> {
    loop {
        let field = text_line(reader)?;
        if field.is_empty() {
            return Some(());
        }
        let (name, value) = field.split_once(':')?;
        fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn chunks(reader: &mut BufReader<TcpStream>, fields: &mut Vec<(String, String)>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(text_line(reader)?.split(';').next()?, 16).ok()?;
        if size == 0 {
            read_fields(reader, fields)?;
            return Some(body);
        }
        let mut chunk = vec![0; size];
        reader.read_exact(&mut chunk).ok()?;
        body.extend(chunk);
        text_line(reader)?;
    }
}

fn text_line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line).ok()? == 0 {
        return None;
    }
    Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}
