use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use keybound_plugins::fault::UpstreamFault;

use super::attempt::Failure;
use super::connect::is_ours;
use super::{Destination, Endpoint, Origin, Upstream};
use crate::balance::{Balancer, Load, Looker, Peer, Sight};

/// The places that one request tries, one after the other: always the same, or each time another target.
pub(super) struct Course<'a> {
    upstream: &'a Upstream,
    hash: Option<u64>,
    tried: Vec<Arc<Peer>>,
    last: Last,
}

/// What was tried last.
enum Last {
    Nothing,
    Address(SocketAddr),
    Peer(Arc<Peer>),
}

/// A place to try now.
pub(super) struct Stop<'a> {
    pub(super) address: SocketAddr,
    at: At<'a>,
}

enum At<'a> {
    One(&'a Endpoint),
    Target {
        balancer: &'a Balancer,
        load: Load,
        /// When it was turned to, where that counts.
        since: Option<Instant>,
    },
}

impl<'a> Course<'a> {
    pub(super) fn new(upstream: &'a Upstream, hash: Option<u64>) -> Self {
        Self { upstream, hash, tried: Vec::new(), last: Last::Nothing }
    }

    /// The next place, with its address: another than before, as long as there is one.
    ///
    /// # Errors
    /// The name has no address, or no target can be used.
    pub(super) async fn next(&mut self) -> Result<Stop<'a>, Failure> {
        let balancer = match &self.upstream.to {
            Destination::One(origin) => return self.next_of(origin).await,
            Destination::Many(balancer) => &**balancer,
        };
        if let Last::Peer(peer) = std::mem::replace(&mut self.last, Last::Nothing) {
            self.tried.push(peer);
        }
        let mut known = None;
        loop {
            let mut picked = balancer.pick(self.hash, &self.tried);
            if picked.is_none() && !self.tried.is_empty() {
                // When all were tried, the round begins again.
                self.tried.clear();
                picked = balancer.pick(self.hash, &[]);
            }
            if let Some(peer) = picked {
                self.last = Last::Peer(Arc::clone(&peer));
                let since = balancer.is_timed().then(Instant::now);
                let address = peer.address;
                return Ok(Stop { address, at: At::Target { balancer, load: Load::new(peer), since } });
            }
            // Others learn for it, too: what was missed may be there by now.
            let now = balancer.state();
            if known.replace(now) == Some(now) && !balancer.learn().await && balancer.state() == now {
                return Err(Failure { fault: UpstreamFault::NoPeer.into(), detail: balancer.lack() });
            }
        }
    }

    async fn next_of(&mut self, origin: &'a Origin) -> Result<Stop<'a>, Failure> {
        let last = if let Last::Address(last) = self.last { Some(last) } else { None };
        let address = origin.next_address(last).await.map_err(|reason| Failure {
            fault: UpstreamFault::NameResolution.into(),
            detail: format!("{}: {reason}", origin.endpoint.name),
        })?;
        self.last = Last::Address(address);
        Ok(Stop { address, at: At::One(&origin.endpoint) })
    }
}

impl Stop<'_> {
    pub(super) fn endpoint(&self) -> &Endpoint {
        match &self.at {
            At::One(endpoint) => endpoint,
            At::Target { load, .. } => &load.peer().endpoint,
        }
    }

    /// Notes what it answered.
    pub(super) fn answered(&self, status: StatusCode) {
        if let At::Target { balancer, load, since } = &self.at {
            if let Some(since) = since {
                balancer.observe(load.peer(), since.elapsed());
            }
            balancer.answered(load.peer(), status.as_u16());
        }
    }

    /// Notes that it could not be connected to.
    pub(super) fn unreached(&self, error: &io::Error) {
        if !is_ours(error) {
            self.failed(error.kind() == io::ErrorKind::TimedOut);
        }
    }

    /// Notes that it broke off, or was too `late`.
    pub(super) fn failed(&self, late: bool) {
        if let At::Target { balancer, load, .. } = &self.at {
            let sight = if late { Sight::Timeout } else { Sight::TcpFailure };
            balancer.note(load.peer(), Looker::Request, sight);
        }
    }

    pub(super) fn is_target(&self) -> bool {
        matches!(self.at, At::Target { .. })
    }

    /// Its share of the target's load.
    pub(super) fn into_load(self) -> Option<Load> {
        match self.at {
            At::One(_) => None,
            At::Target { load, .. } => Some(load),
        }
    }
}
