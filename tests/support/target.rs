use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::http_server::{self, Received, Reply};

/// An upstream that answers with its name, and fails on command. Probes are told apart by [`Target::PROBE`].
#[derive(Debug)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    to_requests: Mutex<Mode>,
    to_probes: Mutex<Mode>,
    requests: AtomicUsize,
    probes: AtomicUsize,
    last_probe: Mutex<Vec<(String, String)>>,
}

/// What a target answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// 200 with its name.
    #[default]
    Well,
    /// This status.
    Status(u16),
    /// Nothing: it closes the connection.
    Closing,
    /// Nothing: it lets the other side wait.
    Silent,
}

impl Target {
    /// The path of probes.
    pub const PROBE: &str = "/probe";

    /// Starts it on a free port.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let state = Arc::new(State::default());
        let (shared, name) = (Arc::clone(&state), name.to_owned());
        let address = http_server::serve(move |received| shared.reply(&received, &name));
        Self { address, state }
    }

    /// What it answers from now on, to requests and to probes.
    pub fn answer(&self, mode: Mode) {
        self.answer_requests(mode);
        *self.state.to_probes.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// What it answers to requests from now on.
    pub fn answer_requests(&self, mode: Mode) {
        *self.state.to_requests.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// How many requests have reached it.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// How many probes have reached it.
    #[must_use]
    pub fn probes(&self) -> usize {
        self.state.probes.load(Ordering::SeqCst)
    }

    /// The request line and the fields of the last probe.
    #[must_use]
    pub fn last_probe(&self) -> Vec<(String, String)> {
        self.state.last_probe.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl State {
    fn reply(&self, received: &Received, name: &str) -> Reply {
        let is_probe = received.line.split(' ').nth(1).is_some_and(|path| path.starts_with(Target::PROBE));
        let mode = if is_probe { &self.to_probes } else { &self.to_requests };
        let count = if is_probe { &self.probes } else { &self.requests };
        if is_probe {
            let line = std::iter::once(("line".to_owned(), received.line.clone()));
            *self.last_probe.lock().unwrap_or_else(PoisonError::into_inner) =
                line.chain(received.fields.iter().cloned()).collect();
        }
        // Counted last, so that whoever sees the count sees the rest.
        count.fetch_add(1, Ordering::SeqCst);
        match *mode.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Well => Reply::ok(name),
            Mode::Status(status) => Reply::status(status),
            Mode::Closing => Reply::closing(),
            Mode::Silent => Reply::silence(),
        }
    }
}
