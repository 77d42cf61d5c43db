use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::client::conn::http1::SendRequest;

use super::timed_io::WriteTimeout;
use crate::proxy::request_body::RequestBody;

/// What connections may stand in for each other: the address, and for TLS the name in the handshake and whether
/// the certificate was verified.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PoolKey {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<(Arc<str>, bool)>,
}

/// Idle connections to upstreams, one pool per worker, last in first out.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: RefCell<HashMap<PoolKey, Vec<Idle>>>,
    size: usize,
    max_requests: u32,
    idle_timeout: Duration,
}

/// A connection that serves requests one after the other.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) sender: SendRequest<RequestBody>,
    pub(crate) write_timeout: WriteTimeout,
    pub(crate) served: u32,
}

#[derive(Debug)]
struct Idle {
    link: Link,
    since: Instant,
}

/// A connection in use, that goes back to its pool when the response is complete.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) link: Link,
    pub(crate) key: PoolKey,
    pub(crate) pool: Rc<Pool>,
}

impl Pool {
    pub(crate) fn new(size: usize, max_requests: u32, idle_timeout: Duration) -> Self {
        Self { idle: RefCell::new(HashMap::new()), size, max_requests, idle_timeout }
    }

    /// An idle connection that is open as far as is known.
    pub(crate) fn take(&self, key: &PoolKey) -> Option<Link> {
        let mut pools = self.idle.borrow_mut();
        let idle = pools.get_mut(key)?;
        while let Some(Idle { link, .. }) = idle.pop() {
            if link.sender.is_ready() {
                return Some(link);
            }
        }
        None
    }

    /// Closes what was idle for too long. Called now and then, off the way of requests.
    pub(crate) fn sweep(&self) {
        let timeout = self.idle_timeout;
        self.idle.borrow_mut().retain(|_, idle| {
            idle.retain(|idle| idle.since.elapsed() < timeout && !idle.link.sender.is_closed());
            !idle.is_empty()
        });
    }

    fn put(&self, key: PoolKey, link: Link) {
        if link.sender.is_closed() || (self.max_requests > 0 && link.served >= self.max_requests) {
            return;
        }
        let mut pools = self.idle.borrow_mut();
        let idle = pools.entry(key).or_default();
        if idle.len() < self.size {
            idle.push(Idle { link, since: Instant::now() });
        }
    }
}

impl Lease {
    /// Puts the connection back: its response was read to the end.
    pub(crate) fn give_back(self) {
        self.pool.put(self.key, self.link);
    }
}
