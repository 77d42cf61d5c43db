use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::http_server::{self, Gate, Received, Reply};

/// The field by which the suites find a request again at the upstream.
pub(crate) const MARK: &str = "x-suite-mark";

/// An upstream that answers with what it received, and counts.
///
/// A query `reply=NAME` asks for another answer: `close` for none, `nonce` for a `DPoP-Nonce` of its own, `public` for one that
/// may be stored, `held` for one whose last byte waits for [`Upstream::release`]. A request for an upgrade gets it.
#[derive(Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
    marks: Arc<Mutex<HashSet<String>>>,
    gate: Arc<Gate>,
}

impl Upstream {
    /// Starts it on a free port.
    #[must_use]
    pub fn start() -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let marks = Arc::new(Mutex::new(HashSet::new()));
        let gate = Arc::new(Gate::default());
        let (counter, seen, held) = (Arc::clone(&requests), Arc::clone(&marks), Arc::clone(&gate));
        let address = http_server::serve(move |received| {
            counter.fetch_add(1, Ordering::SeqCst);
            let mark = received.fields.iter().find(|(name, _)| name == MARK);
            if let Some((_, mark)) = mark {
                seen.lock().unwrap_or_else(PoisonError::into_inner).insert(mark.clone());
            }
            reply(&received, &held)
        });
        Self { address, requests, marks, gate }
    }

    /// How many requests have reached it.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Lets the answers go that are held back.
    pub fn release(&self) {
        self.gate.open();
    }

    /// Whether the request with this mark has reached it.
    #[must_use]
    pub fn has_seen(&self, mark: &str) -> bool {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).contains(mark)
    }
}

fn reply(received: &Received, gate: &Arc<Gate>) -> Reply {
    if received.fields.iter().any(|(name, _)| name == "upgrade") {
        return Reply::status(101).field("Upgrade", "websocket").field("Connection", "Upgrade");
    }
    let shown = json!({
        "line": received.line,
        "fields": received.fields,
        "body": String::from_utf8_lossy(&received.body),
    });
    let reply = Reply::ok(shown.to_string());
    let asked = received.line.split("reply=").nth(1).and_then(|rest| rest.split([' ', '&']).next());
    match asked {
        Some("close") => Reply::closing(),
        Some("nonce") => reply.field("DPoP-Nonce", "of-the-upstream"),
        Some("held") => reply.held(gate),
        Some("public") => reply.field("Cache-Control", "public, max-age=60"),
        _ => reply,
    }
}

/// What the upstream received, read back from its answer.
#[derive(Debug)]
pub struct Seen(Value);

impl Seen {
    /// Reads the body of a forwarded answer.
    ///
    /// # Panics
    /// When the answer is not the upstream's.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "not forwarded: {answer:?}");
        Self(serde_json::from_str(&answer.body).expect("the upstream's JSON"))
    }

    /// The request line.
    #[must_use]
    pub fn line(&self) -> &str {
        self.0["line"].as_str().unwrap_or_default()
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> &str {
        self.0["body"].as_str().unwrap_or_default()
    }

    /// The names of all fields, in lower case.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.fields().map(|(name, _)| name).collect()
    }

    /// The values of every field of that name.
    #[must_use]
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.fields().filter(|(of, _)| *of == name).map(|(_, value)| value).collect()
    }

    fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)))
    }
}
