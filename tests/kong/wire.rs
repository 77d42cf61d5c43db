//! Requests as bytes, and answers as they come.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::conversation::Request;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: String,
    fields: Vec<(String, String)>,
    body: String,
}

impl Reply {
    /// The answer to one request on a connection of its own.
    pub(crate) async fn to(address: SocketAddr, request: &Request) -> Self {
        let Request { method, path, fields, body, .. } = request;
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head += "Host: localhost\r\n";
        }
        for (name, value) in fields {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = body {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all((head + "\r\n" + body.as_deref().unwrap_or_default()).as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {request:?}"));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
        let fields = lines.filter_map(|line| line.split_once(": "));
        let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Self { status, fields, body: body.to_owned() }
    }

    /// The lines that a file has of it: the status, the fields asked for, the body with sorted members.
    pub(crate) fn lines(&self, shown: &[String]) -> Vec<String> {
        let mut lines = vec![self.status.clone()];
        for name in shown {
            let own = self.fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            lines.push(format!("{name}: {}", own.map_or("-", |(_, value)| value)));
        }
        let json: Option<Value> = serde_json::from_str(&self.body).ok();
        match json {
            Some(json) => {
                lines.extend(serde_json::to_string_pretty(&json).unwrap().lines().map(str::to_owned));
            }
            None => lines.extend(self.body.lines().map(str::to_owned)),
        }
        lines
    }
}
