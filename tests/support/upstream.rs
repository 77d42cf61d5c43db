use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::http_server;

/// An upstream that answers with what it received, and counts.
#[derive(Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Upstream {
    /// Starts it on a free port.
    #[must_use]
    pub fn start() -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let address = http_server::serve(move |received| {
            counter.fetch_add(1, Ordering::SeqCst);
            json!({
                "line": received.line,
                "fields": received.fields,
                "body": String::from_utf8_lossy(&received.body),
            })
            .to_string()
        });
        Self { address, requests }
    }

    /// How many requests have reached it.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
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
