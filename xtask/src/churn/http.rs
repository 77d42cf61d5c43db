//! One HTTP/1.1 exchange on a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::fault::Fault;

/// Sends a request with a JSON body; fails for what is not 2xx.
pub(super) fn send(to: SocketAddr, method: &str, path: &str, body: &str) -> Result<(), Fault> {
    let fault = || format!("{method} {path}");
    let mut stream = TcpStream::connect(to).map_err(Fault::with(fault()))?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(Fault::with(fault()))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).map_err(Fault::with(fault()))?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(Fault::with(fault()))?;
    if answer.starts_with("HTTP/1.1 2") {
        return Ok(());
    }
    Err(Fault::new(format!("{}: {}", fault(), answer.replace("\r\n", " | "))))
}
