use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;

use super::http1;
use super::timed_io::{TimedIo, WriteTimeout};
use crate::balance::Load;
use crate::listen::Local;
use crate::proxy::request_body::RequestBody;
use crate::tls::client::TlsIdentity;

/// What connections may stand in for each other: the address, for TLS the name in the handshake and how the certificate
/// was verified and ours shown, and what is spoken.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PoolKey {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<(Arc<str>, Arc<TlsIdentity>)>,
    pub(crate) http2: bool,
}

/// Idle connections to upstreams, one pool per worker, last in first out.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: RefCell<HashMap<PoolKey, Vec<Idle>>>,
    size: usize,
    max_requests: u32,
    idle_timeout: Duration,
}

/// A connection: all of one that serves requests one after the other, or a share of one that serves many at once.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) sender: Sender,
    pub(crate) write_timeout: WriteTimeout,
    pub(crate) served: u32,
    /// For a share: what all shares of the connection have in common.
    pub(crate) shared: Option<Rc<Shared>>,
}

/// What the shares of one connection have in common; there are as many of them as it has owners, but for the pool's.
pub(crate) struct Shared(Weak<RefCell<Connection>>);

type Connection = Pin<Box<http2::Connection<TokioIo<TimedIo>, RequestBody, Local>>>;

/// What requests are sent with.
#[derive(Debug)]
pub(crate) enum Sender {
    /// HTTP/1.1.
    One(Box<http1::Connection>),
    /// HTTP/2.
    Many(http2::SendRequest<RequestBody>),
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
    /// The request's share of its target's load.
    pub(crate) load: Option<Load>,
}

/// Pools of one worker that hold idle connections; a connection of another is closed after its request.
const MOST_KEYS: usize = 4096;

impl Pool {
    pub(crate) fn new(size: usize, max_requests: u32, idle_timeout: Duration) -> Self {
        Self { idle: RefCell::new(HashMap::new()), size, max_requests, idle_timeout }
    }

    /// An idle connection that is open as far as is known, or a share of one that takes more requests.
    pub(crate) fn take(&self, key: &PoolKey) -> Option<Link> {
        let mut pools = self.idle.borrow_mut();
        let idle = pools.get_mut(key)?;
        if key.http2 {
            idle.retain_mut(|idle| idle.link.sender.is_ready() && !self.is_worn(&idle.link));
            let free = idle.iter_mut().rev().find(|idle| idle.link.has_room())?;
            free.since = Instant::now();
            free.link.served = free.link.served.saturating_add(1);
            return free.link.share();
        }
        while let Some(Idle { mut link, .. }) = idle.pop() {
            if link.sender.is_ready() {
                return Some(link);
            }
        }
        None
    }

    /// Gives no more shares of a connection.
    pub(crate) fn forget(&self, key: &PoolKey, link: &Link) {
        let Some(shared) = &link.shared else { return };
        if let Some(idle) = self.idle.borrow_mut().get_mut(key) {
            idle.retain(|idle| !idle.link.shared.as_ref().is_some_and(|other| Rc::ptr_eq(other, shared)));
        }
    }

    /// Lets others have a share of a new connection, where that is possible.
    pub(crate) fn share(&self, key: &PoolKey, link: &Link) {
        if let Some(link) = link.share() {
            let idle = Idle { link, since: Instant::now() };
            let mut pools = self.idle.borrow_mut();
            if pools.len() < MOST_KEYS || pools.contains_key(key) {
                pools.entry(key.clone()).or_default().push(idle);
            }
        }
    }

    fn is_worn(&self, link: &Link) -> bool {
        self.max_requests > 0 && link.served >= self.max_requests
    }

    /// Closes what was idle for too long. Called now and then, off the way of requests.
    pub(crate) fn sweep(&self) {
        let timeout = self.idle_timeout;
        self.idle.borrow_mut().retain(|_, idle| {
            idle.retain_mut(|idle| idle.since.elapsed() < timeout && idle.link.sender.is_open());
            !idle.is_empty()
        });
    }

    fn put(&self, key: PoolKey, link: Link) {
        // A share needs no bringing back.
        let Sender::One(connection) = &link.sender else { return };
        if !connection.is_reusable() || self.is_worn(&link) {
            return;
        }
        let mut pools = self.idle.borrow_mut();
        // A client may choose the name in the handshake (`preserve_host`), and so as many keys as it likes.
        if pools.len() >= MOST_KEYS && !pools.contains_key(&key) {
            return;
        }
        let idle = pools.entry(key).or_default();
        if idle.len() < self.size {
            idle.push(Idle { link, since: Instant::now() });
        }
    }
}

impl Link {
    fn share(&self) -> Option<Self> {
        let Self { sender, write_timeout, served, shared } = self;
        match sender {
            Sender::One(_) => None,
            Sender::Many(sender) => Some(Self {
                sender: Sender::Many(sender.clone()),
                write_timeout: write_timeout.clone(),
                served: *served,
                shared: shared.clone(),
            }),
        }
    }

    /// Whether one more request finds a free stream. Others go to a further connection, rather than wait for the end of streams
    /// that may last for hours.
    fn has_room(&self) -> bool {
        // One owner is the pool.
        self.shared.as_ref().is_none_or(|shared| Rc::strong_count(shared) <= shared.streams())
    }
}

impl Shared {
    pub(crate) fn of(connection: &Rc<RefCell<Connection>>) -> Self {
        Self(Rc::downgrade(connection))
    }

    /// How many streams the other side lets be open; a hundred until it has said so.
    fn streams(&self) -> usize {
        self.0.upgrade().map_or(0, |connection| connection.borrow().current_max_send_streams())
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Shared")
    }
}

impl Sender {
    /// Whether a request may be sent at once.
    fn is_ready(&mut self) -> bool {
        match self {
            Self::One(connection) => connection.is_open(),
            Self::Many(sender) => sender.is_ready(),
        }
    }

    fn is_open(&mut self) -> bool {
        match self {
            Self::One(connection) => connection.is_open(),
            Self::Many(sender) => !sender.is_closed(),
        }
    }
}

impl Lease {
    /// The connection, where it serves nobody else meanwhile.
    pub(crate) fn connection(&mut self) -> Option<&mut http1::Connection> {
        match &mut self.link.sender {
            Sender::One(connection) => Some(connection),
            Sender::Many(_) => None,
        }
    }

    /// The same, to look at.
    pub(crate) fn reading(&self) -> Option<&http1::Connection> {
        match &self.link.sender {
            Sender::One(connection) => Some(connection),
            Sender::Many(_) => None,
        }
    }

    /// Takes the connection out of HTTP: what is left of it, and the request's share of its target's load.
    pub(crate) fn into_upgraded(self) -> Option<(TimedIo, Bytes, Option<Load>)> {
        let Sender::One(connection) = self.link.sender else { return None };
        let (io, first) = connection.into_parts();
        Some((io, first, self.load))
    }

    /// Puts the connection back: its response was read to the end.
    pub(crate) fn give_back(self) {
        self.pool.put(self.key, self.link);
    }
}
