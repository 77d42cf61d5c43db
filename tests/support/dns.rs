//! A small name server on loopback: it knows what it is told, and can be made to fail.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A name server.
#[derive(Debug)]
pub struct NameServer {
    /// Where it listens, over UDP.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    records: HashMap<(String, u16), Vec<Record>>,
    asked: HashMap<(String, u16), usize>,
    mood: Mood,
}

#[derive(Debug, Clone)]
struct Record {
    ttl: u32,
    data: Vec<u8>,
}

/// How it answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mood {
    /// What it knows.
    #[default]
    Willing,
    /// `SERVFAIL` to everything.
    Failing,
    /// Nothing.
    Silent,
}

/// The type of addresses of version 4.
pub const A: u16 = 1;
/// The type of addresses of version 6.
pub const AAAA: u16 = 28;
/// The type of service records.
pub const SRV: u16 = 33;

impl NameServer {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = socket.local_addr().expect("its address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(answer) = state.answer(&buffer[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, state }
    }

    /// The addresses of a name, in place of what it had.
    pub fn addresses(&self, name: &str, ttl: u32, addresses: &[&str]) {
        for kind in [A, AAAA] {
            let octets =
                addresses.iter().filter_map(|text| match (text.parse().expect("an address"), kind) {
                    (IpAddr::V4(address), A) => Some(address.octets().to_vec()),
                    (IpAddr::V6(address), AAAA) => Some(address.octets().to_vec()),
                    _ => None,
                });
            let records = octets.map(|data| Record { ttl, data }).collect();
            self.lock().records.insert((name.to_owned(), kind), records);
        }
    }

    /// The service records of a name, in place of what it had: priority, weight, port, target.
    pub fn services(&self, name: &str, ttl: u32, services: &[(u16, u16, u16, &str)]) {
        let data = |(priority, weight, port, target): &(u16, u16, u16, &str)| {
            let numbers = [priority, weight, port].into_iter().flat_map(|number| number.to_be_bytes());
            numbers.chain(labels(target)).collect()
        };
        let records = services.iter().map(|service| Record { ttl, data: data(service) }).collect();
        self.lock().records.insert((name.to_owned(), SRV), records);
    }

    /// Takes a name away.
    pub fn remove(&self, name: &str) {
        self.lock().records.retain(|(known, _), _| known != name);
    }

    /// How it answers from now on.
    pub fn be(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// How often it was asked for this.
    #[must_use]
    pub fn asked(&self, name: &str, kind: u16) -> usize {
        self.lock().asked.get(&(name.to_owned(), kind)).copied().unwrap_or(0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        let (name, end) = name(query, 12)?;
        let kind = u16::from_be_bytes([*query.get(end)?, *query.get(end + 1)?]);
        *self.asked.entry((name.clone(), kind)).or_default() += 1;
        let exists = self.records.iter().any(|((known, _), records)| *known == name && !records.is_empty());
        let (records, code) = match self.mood {
            Mood::Silent => return None,
            Mood::Failing => (Vec::new(), 2),
            Mood::Willing if !exists => (Vec::new(), 3),
            Mood::Willing => (self.records.get(&(name, kind)).cloned().unwrap_or_default(), 0),
        };
        let count = u16::try_from(records.len()).ok()?;
        let mut answer = query.get(..2)?.to_vec();
        // An answer, recursion wanted and had; one question.
        answer.extend([0x81, 0x80 | code, 0, 1]);
        answer.extend(count.to_be_bytes());
        answer.extend([0, 0, 0, 0]);
        answer.extend(query.get(12..end + 4)?);
        for Record { ttl, data } in records {
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1]);
            answer.extend(ttl.to_be_bytes());
            answer.extend(u16::try_from(data.len()).ok()?.to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }
}

fn labels(name: &str) -> Vec<u8> {
    let label =
        |label: &str| [vec![u8::try_from(label.len()).unwrap_or(0)], label.as_bytes().to_vec()].concat();
    let mut wire: Vec<u8> = name.split('.').flat_map(label).collect();
    wire.push(0);
    wire
}

/// The name at this place, in lower case, and where it ends.
fn name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
}
