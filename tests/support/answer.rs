use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::secrets;

/// An answer of the gateway, read from a socket that the request's bytes were written to as they are.
#[derive(Debug)]
pub struct Answer {
    /// The status code; 0 when the connection ended without an answer.
    pub status: u16,
    /// Field names in lower case, and values, line by line.
    pub fields: Vec<(String, String)>,
    /// The body, up to its length or the connection's end.
    pub body: String,
}

/// One challenge of a `WWW-Authenticate` field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The scheme as written.
    pub scheme: String,
    /// The value of the `error` parameter, if any.
    pub error: Option<String>,
    /// The parameters as they stand.
    pub text: String,
}

impl Answer {
    /// Sends `bytes` on a new connection and reads until one answer is whole or the gateway closes.
    ///
    /// # Panics
    /// When the gateway cannot be reached, or neither answers nor closes.
    #[must_use]
    pub fn to(address: SocketAddr, bytes: &[u8]) -> Self {
        let none = Self { status: 0, fields: Vec::new(), body: String::new() };
        Self::all_to(address, bytes, 1).into_iter().next().unwrap_or(none)
    }

    /// Sends `bytes`, which hold several requests, and reads so many answers, or what comes before the gateway closes.
    ///
    /// # Panics
    /// When the gateway cannot be reached, or neither answers nor closes.
    #[must_use]
    pub fn all_to(address: SocketAddr, bytes: &[u8], count: usize) -> Vec<Self> {
        secrets::register_sent(bytes);
        let mut stream = TcpStream::connect(address).expect("the gateway listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        // The gateway may refuse and close before it has read everything.
        let _ = stream.write_all(bytes);
        let (mut received, mut answers) = (Vec::new(), Vec::new());
        let mut buffer = [0; 16 * 1024];
        while answers.len() < count {
            let read = match stream.read(&mut buffer) {
                Ok(read) => read,
                // A close while bytes of ours are unread arrives as a reset; what was sent before it counts.
                Err(fault) if fault.kind() == ErrorKind::ConnectionReset => 0,
                Err(fault) => panic!("no answer: {fault}; received {}", String::from_utf8_lossy(&received)),
            };
            received.extend(buffer.get(..read).unwrap_or_default());
            while let Some((answer, length)) = Self::read(&received, read == 0) {
                received.drain(..length);
                secrets::register_cookies(
                    answer.all("set-cookie").iter().filter_map(|line| line.split(';').next()),
                );
                answers.push(answer);
            }
            if read == 0 {
                break;
            }
        }
        answers
    }

    /// The first answer in these bytes, which are all that came.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        Self::read(bytes, true).map(|(answer, _)| answer)
    }

    /// Every value of that field.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(of, _)| of == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The challenges, one for each scheme name that opens one.
    #[must_use]
    pub fn challenges(&self) -> Vec<Challenge> {
        self.all("www-authenticate")
            .into_iter()
            .map(|line| {
                let (scheme, text) = line.split_once(' ').unwrap_or((line, ""));
                let error = text.split("error=\"").nth(1).and_then(|rest| rest.split('"').next());
                Challenge {
                    scheme: scheme.to_owned(),
                    error: error.map(ToOwned::to_owned),
                    text: text.to_owned(),
                }
            })
            .collect()
    }

    /// The first answer in `bytes` and its length, once it is whole; at the `end` of the stream, as far as it goes.
    fn read(bytes: &[u8], end: bool) -> Option<(Self, usize)> {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
        let mut lines = text.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let fields: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let rest = &bytes[head + 4..];
        let length = fields
            .iter()
            .find(|(name, _)| name == "content-length")
            .and_then(|(_, value)| value.parse().ok());
        let length = match length {
            _ if (100..200).contains(&status) => 0,
            Some(length) if rest.len() >= length => length,
            // An answer without a length, or to HEAD, ends with the connection.
            _ if end => rest.len(),
            _ => return None,
        };
        let body = String::from_utf8_lossy(&rest[..length]).into_owned();
        Some((Self { status, fields, body }, head + 4 + length))
    }
}
