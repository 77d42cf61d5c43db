//! Sockets, connections, workers and their end.

mod activity;
mod bind;
mod client_io;
mod closing;
mod connection;
mod counts;
pub(crate) mod http1;
mod linger;
mod load;
pub(crate) mod proxy_protocol;
mod reclaim;
mod stream;
mod worker;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;

use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{oneshot, watch};

pub(crate) use self::activity::{Activity, Busy};
use self::bind::Sockets;
use self::closing::Closed;
pub use self::closing::Closing;
pub(crate) use self::connection::{Local, Spoken};
pub(crate) use self::counts::Share;
pub use self::counts::{Traffic, TrafficCounts};
pub(crate) use self::stream::offers;
use self::worker::Door;
pub(crate) use self::worker::{Client, Worker};
use crate::settings::{Listener, Settings};
use crate::snapshot::SharedSnapshot;
use crate::tls::server::ServerTls;
use crate::tls::shown::{Certificates, Shown};
use crate::upstream::attempt::Reach;
use crate::upstream::pool::Pool;
use crate::watch::Watch;

/// The data plane, bound to its addresses and not yet serving.
#[derive(Debug)]
pub struct Gateway {
    settings: Arc<Settings>,
    snapshot: SharedSnapshot,
    sockets: Vec<(Sockets, Option<Arc<ServerTls>>)>,
    addrs: Vec<SocketAddr>,
    counts: TrafficCounts,
    certificates: Option<Certificates>,
    closed: Closed,
}

/// Why the data plane cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BindFault {
    /// An address cannot be listened on: in use, not ours, not allowed.
    #[error("cannot listen on {addr}: {cause}")]
    Address {
        /// The address.
        addr: SocketAddr,
        /// The system's reason.
        cause: io::Error,
    },
    /// A listener speaks TLS and there is no certificate.
    #[error("cannot listen on {addr}: TLS needs a certificate, and none is given")]
    NoIdentity {
        /// The listener's address.
        addr: SocketAddr,
    },
    /// The listeners' certificate and key cannot be used.
    #[error("the certificate of the TLS listeners cannot be used: {0}")]
    Identity(rustls::Error),
    /// An authority for upstreams is no certificate.
    #[error("a certificate authority for upstreams cannot be used: {0}")]
    UpstreamRoots(rustls::Error),
    /// Versions and suites of TLS that leave nothing to speak.
    #[error("TLS cannot be spoken as the settings say: {0}")]
    Tls(rustls::Error),
}

/// Why the data plane ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// A thread or its runtime could not be made.
    #[error("a worker cannot start: {0}")]
    Start(io::Error),
    /// A worker ended by itself, which is a defect.
    #[error("a worker ended unexpectedly")]
    Ended,
}

impl Gateway {
    /// Binds every address for every worker, and prepares TLS. Nothing is served yet, so that a fault here leaves
    /// nothing behind. The snapshot may be exchanged at any time; the next request uses the new one.
    ///
    /// # Errors
    /// [`BindFault`] for the first address that cannot be bound, and for certificates that cannot be used.
    pub fn bind(settings: Settings, snapshot: SharedSnapshot) -> Result<Self, BindFault> {
        Self::bind_with(settings, snapshot, Vec::new())
    }

    /// As [`Gateway::bind`], with sockets that listen already, in the order of the settings' listeners: those of a listener are
    /// taken over as they are, and nothing is bound for it. Where there are none, or the list ends, it is bound.
    ///
    /// # Errors
    /// As [`Gateway::bind`].
    pub fn bind_with(
        settings: Settings,
        snapshot: SharedSnapshot,
        inherited: Vec<Vec<TcpListener>>,
    ) -> Result<Self, BindFault> {
        let configured = Shown::of_identities(&settings.tls.identities).map_err(BindFault::Identity)?;
        let certificates = configured.map(Certificates::new);
        let mut inherited = inherited.into_iter();
        let mut sockets = Vec::new();
        for listener in &settings.listeners {
            let tls = match (listener.tls, &certificates) {
                (false, _) => None,
                (true, None) => return Err(BindFault::NoIdentity { addr: listener.addr }),
                (true, Some(configured)) => {
                    let tls = ServerTls::new(&settings.tls, configured, &snapshot, listener.http2);
                    Some(Arc::new(tls.map_err(BindFault::Tls)?))
                }
            };
            let taken = inherited.next().unwrap_or_default();
            sockets.push((bind::bind(*listener, settings.workers.get(), taken)?, tls));
        }
        let addrs = sockets.iter().map(|(sockets, _)| sockets.addr).collect();
        let counts = TrafficCounts::new(settings.workers.get());
        let closed = Closed::default();
        Ok(Self { settings: Arc::new(settings), snapshot, sockets, addrs, counts, certificates, closed })
    }

    /// The listening sockets of each listener once more, for another process that takes them over. As long as somebody holds
    /// one, connections can wait in it.
    ///
    /// # Errors
    /// When the system has no descriptor to give.
    pub fn sockets(&self) -> io::Result<Vec<Vec<TcpListener>>> {
        let again = |sockets: &Sockets| sockets.sockets.iter().map(TcpListener::try_clone).collect();
        self.sockets.iter().map(|(sockets, _)| again(sockets)).collect()
    }

    /// The settings' certificates, to be exchanged while the gateway runs; `None` when no listener has any.
    #[must_use]
    pub fn certificates(&self) -> Option<Certificates> {
        self.certificates.clone()
    }

    /// Tells when a stop has come so far that no connection is accepted any more.
    #[must_use]
    pub fn closing(&self) -> Closing {
        self.closed.by(self.settings.workers.get())
    }

    /// The addresses, in the order of the listeners, with the ports that the system chose for port 0.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// What is counted of connections and requests, also after the gateway runs.
    #[must_use]
    pub fn counts(&self) -> TrafficCounts {
        self.counts.clone()
    }

    /// Serves until `shutdown` is ready: each worker on a thread and a runtime of its own. Then no connection is
    /// accepted, requests in flight finish (HTTP/1 and HTTP/2), at the latest until the settings' stop deadline, and
    /// this future ends.
    ///
    /// It may run on any tokio runtime, or on none.
    ///
    /// # Errors
    /// [`RunFault`] when a worker cannot start or ends by itself; the others are then stopped.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunFault> {
        // It ends with this future: names are resolved until the last request is.
        let _watch = Watch::start(&self.snapshot).map_err(RunFault::Start)?;
        let (stop, stopped) = watch::channel(false);
        let mut ends = Vec::new();
        for number in 0..self.settings.workers.get() {
            let doors = self.doors(number).map_err(RunFault::Start)?;
            let (settings, snapshot) = (Arc::clone(&self.settings), Arc::clone(&self.snapshot));
            let (stopped, share, closed) = (stopped.clone(), self.counts.of(number), self.closed.clone());
            let (end, ended) = oneshot::channel();
            std::thread::Builder::new()
                .name(format!("keybound-{number}"))
                .spawn(move || {
                    // Nobody waits for the end of a worker when the gateway's future was dropped.
                    let _ = end.send(work(settings, snapshot, doors, share, (stopped, closed)));
                })
                .map_err(RunFault::Start)?;
            ends.push(ended);
        }
        drop(self.sockets);
        let mut ends = std::pin::pin!(futures_util::future::try_join_all(ends));
        tokio::select! {
            early = &mut ends => {
                let failed = early.ok().and_then(|results| results.into_iter().find_map(Result::err));
                return Err(failed.map_or(RunFault::Ended, RunFault::Start));
            }
            () = shutdown => {}
        }
        // Workers that are gone already need not be told.
        let _ = stop.send(true);
        let results = ends.await.map_err(|_| RunFault::Ended)?;
        results.into_iter().collect::<io::Result<()>>().map_err(RunFault::Start)
    }

    /// The doors of one worker.
    fn doors(&self, number: usize) -> io::Result<Vec<Door>> {
        let mut doors = Vec::new();
        for (sockets, tls) in &self.sockets {
            for socket in sockets.of_worker(number, self.settings.workers.get()) {
                let Listener { http2, proxy_protocol, .. } = sockets.listener;
                let spoken = Spoken { tls: tls.clone(), http2, proxy_protocol };
                doors.push(Door { socket: socket.try_clone()?, addr: sockets.addr, spoken });
            }
        }
        Ok(doors)
    }
}

/// One worker, from its runtime's start to its end.
fn work(
    settings: Arc<Settings>,
    snapshot: SharedSnapshot,
    doors: Vec<Door>,
    share: Share,
    (stopped, closed): (watch::Receiver<bool>, Closed),
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    share.runs_on(runtime.handle().clone());
    let upstream = &settings.upstream;
    let pool = Rc::new(Pool::new(upstream.pool_size, upstream.max_requests, upstream.idle_timeout));
    let reach = Reach { pool };
    let worker = Rc::new(Worker::new(settings, snapshot, reach, share));
    runtime.block_on(worker.run(doors, stopped, &closed))
}
