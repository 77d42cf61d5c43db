use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use http::HeaderValue;
use keybound_plugins::contract::Connection;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::activity::{Activity, Ticks};
use super::closing::Closed;
use super::connection::{self, Spoken};
use super::counts::Share;
use super::load::{Governor, Load};
use super::reclaim;
use super::stream::Streams;
use crate::head::authority::LastHost;
use crate::head::request_id::RequestIds;
use crate::proxy::upgrade::Tunnel;
use crate::settings::Settings;
use crate::snapshot::SharedSnapshot;
use crate::upstream::attempt::Reach;

/// How long a connection that was accepted just before a stop has for the request that it was made for.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// One thread of the data plane: its sockets, its connections, its pool of connections to upstreams.
pub(crate) struct Worker {
    pub(crate) settings: Arc<Settings>,
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) reach: Reach,
    pub(crate) ids: RequestIds,
    pub(crate) ticks: Ticks,
    pub(crate) load: Load,
    pub(crate) streams: Streams,
    pub(crate) counts: Share,
    connections: RefCell<HashMap<u64, Open>>,
    next: Cell<u64>,
    stopping: Cell<bool>,
    closed: Notify,
}

/// A client's connection, as its requests see it.
pub(crate) struct Client {
    pub(crate) connection: Arc<Connection>,
    pub(crate) peer_ip: std::net::IpAddr,
    /// The peer's address and the port that clients see, as fields carry them.
    pub(crate) peer_value: HeaderValue,
    pub(crate) port_value: HeaderValue,
    pub(crate) port: u16,
    /// Whether the handshake asked for a certificate.
    pub(crate) asked: bool,
    pub(crate) last_host: LastHost,
    pub(crate) activity: Activity,
    /// What is left to be done when HTTP has ended on it.
    pub(crate) tunnel: Cell<Option<Tunnel>>,
}

/// An address to accept on.
pub(crate) struct Door {
    pub(crate) socket: StdListener,
    pub(crate) addr: SocketAddr,
    pub(crate) spoken: Spoken,
}

struct Open {
    activity: Activity,
    abort: Option<AbortHandle>,
    waker: Option<Waker>,
}

/// A connection's place in its worker; leaves it when dropped.
pub(crate) struct Seat {
    worker: Rc<Worker>,
    number: u64,
}

impl Worker {
    pub(crate) fn new(
        settings: Arc<Settings>,
        snapshot: SharedSnapshot,
        reach: Reach,
        counts: Share,
    ) -> Self {
        let load = Load::new(&settings.limits);
        Self {
            settings,
            snapshot,
            reach,
            ids: RequestIds::new(),
            ticks: Ticks::counting(counts.clone()),
            load,
            streams: Streams::default(),
            counts,
            connections: RefCell::new(HashMap::new()),
            next: Cell::new(0),
            stopping: Cell::new(false),
            closed: Notify::new(),
        }
    }

    /// Serves until told to stop; then lets what is in flight finish, within the deadline.
    pub(crate) async fn run(
        self: Rc<Self>,
        doors: Vec<Door>,
        mut stop: watch::Receiver<bool>,
        closed: &Closed,
    ) -> std::io::Result<()> {
        let mut accepting = Vec::new();
        for door in doors {
            let Door { socket, addr, spoken } = door;
            let listener = TcpListener::from_std(socket)?;
            let worker = Rc::clone(&self);
            accepting.push(tokio::task::spawn_local(worker.accept(listener, addr, spoken)));
        }
        let keeper = tokio::task::spawn_local(Rc::clone(&self).keep_house());
        // The sender lives as long as the gateway runs; its end means the same as being told.
        let _ = stop.wait_for(|stop| *stop).await;
        for task in accepting {
            task.abort();
            let _ = task.await;
        }
        self.tell();
        closed.one_more();
        self.finish().await;
        keeper.abort();
        Ok(())
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    async fn accept(self: Rc<Self>, listener: TcpListener, addr: SocketAddr, spoken: Spoken) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    self.make_room().await;
                    self.admit(stream, peer, addr, spoken.clone());
                }
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, %addr, "cannot accept connections; trying again");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn admit(self: &Rc<Self>, stream: TcpStream, peer: SocketAddr, addr: SocketAddr, spoken: Spoken) {
        let number = self.next.get();
        self.next.set(number.wrapping_add(1));
        self.counts.accepted();
        let activity = Activity::new(&self.ticks, &self.load);
        let open = Open { activity: activity.clone(), abort: None, waker: None };
        self.connections.borrow_mut().insert(number, open);
        let seat = Seat { worker: Rc::clone(self), number };
        let task = connection::serve(seat, stream, peer, addr, activity, spoken);
        let abort = tokio::task::spawn_local(task).abort_handle();
        if let Some(open) = self.connections.borrow_mut().get_mut(&number) {
            open.abort = Some(abort);
        }
    }

    /// Waits until there is room for one more connection. Idle ones are closed for it, but only now that somebody is there who
    /// wants it: one that has just come and not asked yet is idle, too.
    async fn make_room(&self) {
        while self.connections.borrow().len() >= self.settings.limits.max_connections {
            let closed = self.closed.notified();
            self.close_idle();
            // One that becomes idle meanwhile says nothing.
            let _ = tokio::time::timeout(Duration::from_millis(100), closed).await;
        }
    }

    fn close_idle(&self) {
        let connections = self.connections.borrow();
        let idle =
            connections.values().filter_map(|open| Some((open.activity.idle_since()?, open.abort.as_ref()?)));
        for abort in reclaim::oldest(idle, self.settings.limits.max_connections) {
            abort.abort();
        }
    }

    /// Moves the worker's clock on, ends overdue connections and closes idle ones to upstreams.
    async fn keep_house(self: Rc<Self>) {
        let limits = &self.settings.limits;
        let shortest = limits.head_timeout.min(limits.idle_timeout).min(limits.send_timeout);
        let period = (shortest / 8).clamp(Duration::from_millis(5), Duration::from_millis(500));
        let started = Instant::now();
        let mut interval = tokio::time::interval(period);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut governor = Governor::new(&self.load, limits);
        loop {
            let due = interval.tick().await;
            if let Some(bound) = governor.observe(due.elapsed()) {
                tracing::warn!(bound, "too much to do: requests beyond this many in flight are answered 503");
            }
            self.ticks.set(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
            let stopping = self.stopping.get();
            let overdue = |open: &&Open| {
                open.activity.is_overdue(limits) || (stopping && open.activity.is_unused_for(FIRST_REQUEST))
            };
            for open in self.connections.borrow().values().filter(overdue) {
                if let Some(abort) = &open.abort {
                    abort.abort();
                }
            }
            self.streams.end_stuck(self.ticks.now(), limits.send_timeout.as_millis());
            self.reach.pool.sweep();
        }
    }

    /// Tells every connection to end after its request.
    fn tell(&self) {
        self.stopping.set(true);
        for open in self.connections.borrow().values() {
            if let Some(waker) = &open.waker {
                waker.wake_by_ref();
            }
        }
    }

    /// Waits until all connections have ended.
    async fn finish(&self) {
        let all_gone = async {
            while !self.connections.borrow().is_empty() {
                self.closed.notified().await;
            }
        };
        if tokio::time::timeout(self.settings.stop_deadline, all_gone).await.is_err() {
            let left = self.connections.borrow().len();
            tracing::warn!(connections = left, "the deadline for a stop passed: requests in flight are cut");
        }
    }
}

impl Client {
    pub(crate) fn new(connection: Connection, asked: bool, settings: &Settings, activity: Activity) -> Self {
        let peer_ip = connection.peer.ip().to_canonical();
        let local = connection.local.port();
        let port =
            settings.port_maps.iter().find(|(listening, _)| *listening == local).map_or(local, |map| map.1);
        let peer_value = HeaderValue::from_str(&peer_ip.to_string());
        Self {
            connection: Arc::new(connection),
            peer_ip,
            peer_value: peer_value.unwrap_or_else(|_| HeaderValue::from_static("unknown")),
            port_value: port.into(),
            port,
            asked,
            last_host: LastHost::default(),
            activity,
            tunnel: Cell::new(None),
        }
    }
}

impl Seat {
    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Remembers whom to wake when the worker stops.
    pub(crate) fn remember(&self, waker: &Waker) {
        if let Some(open) = self.worker.connections.borrow_mut().get_mut(&self.number) {
            match &mut open.waker {
                Some(known) => known.clone_from(waker),
                None => open.waker = Some(waker.clone()),
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.worker.connections.borrow_mut().remove(&self.number);
        self.worker.counts.closed();
        self.worker.closed.notify_waiters();
    }
}

/// Errors of `accept` that concern a connection that is already gone.
fn is_about_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}
