//! A static server on threads: the upstream of both routes, and the provider of one.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// It ends with this process.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
}

impl Upstream {
    /// Serves the provider's documents from a folder, and 150 bytes for every other path.
    pub(super) fn start(documents: PathBuf) -> Result<Self, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Fault::with("no free port"))?;
        let address = listener.local_addr().map_err(Fault::with("no free port"))?;
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let documents = documents.clone();
                // A connection that breaks ends its thread.
                std::thread::spawn(move || drop(serve(&stream, &documents)));
            }
        });
        Ok(Self { address })
    }
}

fn serve(mut stream: &TcpStream, documents: &Path) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
        line.clear();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        let body = match path.as_str() {
            "jwks" | ".well-known/openid-configuration" => fs::read_to_string(documents.join(&path))?,
            _ => format!("{{\"answer\":\"{}\"}}", "x".repeat(137)),
        };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes())?;
    }
}
