use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::http_server::{self, Reply};

/// A collector of traces: takes OTLP over HTTP in protobuf, reads it strictly, and keeps what it said.
#[derive(Debug)]
pub struct Collector {
    /// Where it listens.
    pub address: SocketAddr,
    calls: Mutex<mpsc::Receiver<Call>>,
}

/// One call: its head, and what it told.
#[derive(Debug, Clone)]
pub struct Call {
    /// The request line.
    pub line: String,
    /// The fields, names in lower case.
    pub fields: BTreeMap<String, String>,
    /// Attributes of the resource.
    pub resource: BTreeMap<String, String>,
    /// The scope's name.
    pub scope: String,
    /// The spans.
    pub spans: Vec<Span>,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// A span as it was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Span {
    /// The trace, in hex.
    pub trace: String,
    /// The span, in hex.
    pub id: String,
    /// Its parent, in hex; empty for none.
    pub parent: String,
    /// What vendors pass along.
    pub state: String,
    /// The name.
    pub name: String,
    /// 1 internal, 2 server, 3 client.
    pub kind: u64,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// Attributes, numbers as text.
    pub attributes: BTreeMap<String, String>,
    /// 2 for an error.
    pub status: u64,
    /// What is said of the status.
    pub message: String,
}

impl Collector {
    /// Starts it on a free port.
    #[must_use]
    pub fn start() -> Self {
        let (sender, receiver) = mpsc::channel();
        let address = http_server::serve(move |received| {
            let fields = received.fields.into_iter().collect();
            let call = Call::read(received.line, fields, received.body).expect("OTLP");
            let _ = sender.send(call);
            Reply::ok("")
        });
        Self { address, calls: Mutex::new(receiver) }
    }

    /// The next call, when one comes in time.
    #[must_use]
    pub fn next(&self) -> Option<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(Duration::from_secs(30)).ok()
    }

    /// Calls that came already.
    #[must_use]
    pub fn arrived(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).try_iter().collect()
    }
}

impl Call {
    fn read(line: String, fields: BTreeMap<String, String>, body: Vec<u8>) -> Option<Self> {
        let request = Fields::read(&body)?;
        let spans = request.one_message(1)?;
        let resource = spans.one_message(1)?.attributes(1)?;
        let scope = spans.one_message(2)?;
        let name = scope.one_message(1)?.text(1)?;
        let spans = scope.messages(2)?.iter().map(Span::read).collect::<Option<Vec<_>>>()?;
        Some(Self { line, fields, resource, scope: name, spans, body })
    }

    /// The span of this name.
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[must_use]
    pub fn span(&self, name: &str) -> &Span {
        let found: Vec<&Span> = self.spans.iter().filter(|span| span.name == name).collect();
        let [one] = found.as_slice() else { panic!("{} spans {name} in {:#?}", found.len(), self.spans) };
        one
    }
}

impl Span {
    fn read(fields: &Fields) -> Option<Self> {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let status = fields.messages(15)?.into_iter().next();
        let span = Self {
            trace: hex(fields.bytes(1)?),
            id: hex(fields.bytes(2)?),
            state: fields.text(3).unwrap_or_default(),
            parent: fields.bytes(4).map(hex).unwrap_or_default(),
            name: fields.text(5)?,
            kind: fields.number(6)?,
            start: fields.number(7)?,
            end: fields.number(8)?,
            attributes: fields.attributes(9)?,
            status: status.as_ref().and_then(|status| status.number(3)).unwrap_or(0),
            message: status.and_then(|status| status.text(2)).unwrap_or_default(),
        };
        let known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16];
        let whole =
            span.trace.len() == 32 && span.id.len() == 16 && fields.numbers().all(|n| known.contains(&n));
        whole.then_some(span)
    }
}

/// A message's fields: numbers and values.
#[derive(Debug)]
struct Fields(Vec<(u64, Value)>);

#[derive(Debug)]
enum Value {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Fields {
    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes)?;
            let value = match key & 7 {
                0 => Value::Number(varint(&mut bytes)?),
                1 => Value::Number(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
                2 => {
                    let length = usize::try_from(varint(&mut bytes)?).ok()?;
                    Value::Bytes(take(&mut bytes, length)?.to_vec())
                }
                5 => Value::Number(u32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?).into()),
                _ => return None,
            };
            fields.push((key >> 3, value));
        }
        Some(Self(fields))
    }

    fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().map(|(number, _)| *number)
    }

    fn all(&self, field: u64) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |(number, _)| *number == field).map(|(_, value)| value)
    }

    fn bytes(&self, field: u64) -> Option<&[u8]> {
        match self.all(field).next()? {
            Value::Bytes(bytes) => Some(bytes),
            Value::Number(_) => None,
        }
    }

    fn text(&self, field: u64) -> Option<String> {
        String::from_utf8(self.bytes(field)?.to_vec()).ok()
    }

    fn number(&self, field: u64) -> Option<u64> {
        match self.all(field).next()? {
            Value::Number(number) => Some(*number),
            Value::Bytes(_) => None,
        }
    }

    fn messages(&self, field: u64) -> Option<Vec<Self>> {
        self.all(field)
            .map(|value| match value {
                Value::Bytes(bytes) => Self::read(bytes),
                Value::Number(_) => None,
            })
            .collect()
    }

    fn one_message(&self, field: u64) -> Option<Self> {
        let mut messages = self.messages(field)?;
        if messages.len() == 1 { messages.pop() } else { None }
    }

    fn attributes(&self, field: u64) -> Option<BTreeMap<String, String>> {
        let pair = |pair: &Self| {
            let value = pair.one_message(2)?;
            let text = value.text(1).or_else(|| value.number(3).map(|number| number.to_string()))?;
            Some((pair.text(1)?, text))
        };
        self.messages(field)?.iter().map(pair).collect()
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let [byte] = take(bytes, 1)? else { return None };
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}
