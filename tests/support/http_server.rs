//! A small HTTP/1.1 server on a thread: reads whole requests, hands them to a function, keeps connections.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// A request as its lines were received.
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What a server of the suites answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    fields: Vec<(String, String)>,
    body: String,
    ending: Ending,
}

#[derive(Debug, Clone)]
enum Ending {
    /// The connection stays for the next request.
    Stay,
    /// The connection is closed instead of an answer.
    Close,
    /// Nothing is said until the other side gives up.
    Silence,
    /// The last byte comes when the gate is open.
    Held(Arc<Gate>),
}

/// What holds an answer back.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Lets every answer go that waits, now and later.
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    fn wait(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(open, |open| !*open));
    }
}

impl Reply {
    /// 200 with this body.
    #[must_use]
    pub fn ok(body: impl Into<String>) -> Self {
        Self { status: 200, fields: Vec::new(), body: body.into(), ending: Ending::Stay }
    }

    /// A status, and a body that says nothing.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::ok("{}") }
    }

    /// The connection's end instead of an answer.
    #[must_use]
    pub fn closing() -> Self {
        Self { ending: Ending::Close, ..Self::ok("") }
    }

    /// No answer at all, for as long as the other side waits.
    #[must_use]
    pub fn silence() -> Self {
        Self { ending: Ending::Silence, ..Self::ok("") }
    }

    /// Without its last byte until the gate is open.
    pub(crate) fn held(mut self, gate: &Arc<Gate>) -> Self {
        self.ending = Ending::Held(Arc::clone(gate));
        self
    }

    /// With another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With one more field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Suite\r\n", self.status);
        if !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            head += "Content-Type: application/json\r\n";
        }
        for (name, value) in &self.fields {
            head += &format!("{name}: {value}\r\n");
        }
        if self.status >= 200 {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        (head + "\r\n" + &self.body).into_bytes()
    }
}

impl From<String> for Reply {
    fn from(body: String) -> Self {
        Self::ok(body)
    }
}

/// Serves until the process ends; answers the address.
pub(crate) fn serve<R: Into<Reply>>(answer: impl Fn(Received) -> R + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || converse(stream, &|received| answer(received).into()));
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

/// Takes every request with an empty 200 until the process ends; its address, and the bodies that came.
///
/// # Panics
/// When there is no free port.
#[must_use]
pub fn serve_recording() -> (SocketAddr, std::sync::mpsc::Receiver<String>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let address = serve(move |received| {
        let _ = sender.send(String::from_utf8_lossy(&received.body).into_owned());
        Reply::ok("")
    });
    (address, receiver)
}

fn converse(stream: TcpStream, answer: &dyn Fn(Received) -> Reply) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let received = read(&mut reader)?;
        let head = received.line.starts_with("HEAD ");
        let mut reply = answer(received);
        match &reply.ending {
            Ending::Stay => {}
            Ending::Held(gate) => {
                let whole = reply.bytes();
                let (first, last) = whole.split_at(whole.len() - 1);
                reader.get_mut().write_all(first).ok()?;
                gate.wait();
                reader.get_mut().write_all(last).ok()?;
                continue;
            }
            Ending::Close => return None,
            Ending::Silence => {
                let _ = reader.read_to_end(&mut Vec::new());
                return None;
            }
        }
        if head {
            reply.body.clear();
        }
        reader.get_mut().write_all(&reply.bytes()).ok()?;
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
