use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use keybound_plugins::fault::UpstreamFault;

use super::attempt::Failure;
use super::resolve::Resolver;
use super::{Destination, Endpoint, Upstream};
use crate::balance::{Balancer, Load};

/// The places that one request tries, one after the other: always the same, or each time another target.
pub(super) struct Course<'a> {
    upstream: &'a Upstream,
    hash: Option<u64>,
    tried: Vec<usize>,
}

/// A place to try now.
pub(super) struct Stop<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) address: SocketAddr,
    target: Option<(&'a Arc<Balancer>, usize, Instant)>,
    /// Its share of the target's load.
    pub(super) load: Option<Load>,
}

impl<'a> Course<'a> {
    pub(super) fn new(upstream: &'a Upstream, hash: Option<u64>) -> Self {
        Self { upstream, hash, tried: Vec::new() }
    }

    /// The next place, with its address. A target whose name has no address is passed over.
    ///
    /// # Errors
    /// The name has no address, or no target is left.
    pub(super) async fn next(&mut self, resolver: &Rc<Resolver>) -> Result<Stop<'a>, Failure> {
        let balancer = match &self.upstream.to {
            Destination::One(endpoint) => {
                let address = resolver.next_address(&endpoint.host, endpoint.port).await;
                let address = address.map_err(|reason| Failure {
                    fault: UpstreamFault::NameResolution.into(),
                    detail: format!("{}: {reason}", endpoint.name),
                })?;
                return Ok(Stop { endpoint, address, target: None, load: None });
            }
            Destination::Many(balancer) => balancer,
        };
        let mut unresolved = String::new();
        // When all were tried, the round begins again; once in a call, so that it ends.
        let mut again = !self.tried.is_empty();
        loop {
            if !balancer.has_more(&self.tried) && std::mem::take(&mut again) {
                self.tried.clear();
            }
            let picked = balancer.pick(self.hash, &self.tried);
            let Some((number, peer)) = picked.and_then(|number| Some((number, balancer.peer(number)?)))
            else {
                return Err(Failure {
                    fault: UpstreamFault::NoPeer.into(),
                    detail: format!("no target can be used{unresolved}"),
                });
            };
            self.tried.push(number);
            let endpoint = &peer.endpoint;
            match resolver.next_address(&endpoint.host, endpoint.port).await {
                Ok(address) => {
                    let target = Some((balancer, number, Instant::now()));
                    return Ok(Stop { endpoint, address, target, load: Some(Load::new(balancer, number)) });
                }
                Err(reason) => unresolved = format!("; {}: {reason}", endpoint.name),
            }
        }
    }
}

impl Stop<'_> {
    /// Notes that it answered.
    pub(super) fn answered(&self) {
        if let Some((balancer, number, since)) = self.target {
            balancer.observe(number, since.elapsed());
        }
    }

    pub(super) fn is_target(&self) -> bool {
        self.target.is_some()
    }
}
