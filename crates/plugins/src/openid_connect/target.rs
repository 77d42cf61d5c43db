//! The URL that a proof must name: the request's own, or what clients see where an edge rewrites it.

use keybound_pop::htu::Target;

use super::config::origin::{PublicOrigin, explicit_port};
use crate::contract::Head;

/// `dpop_public_origins`.
#[derive(Debug, Clone)]
pub(super) struct Targets {
    origins: Vec<PublicOrigin>,
}

impl Targets {
    pub(super) fn new(origins: Vec<PublicOrigin>) -> Self {
        Self { origins }
    }

    /// The URLs of which a proof must name one. Without origins: the request's own. With one: that. With several: those
    /// whose authority is the request's, else all. Empty when the path has no normal form, so that no proof fits.
    pub(super) fn of(&self, head: &Head) -> Vec<Target> {
        let path = head.path.escaped.as_str();
        if self.origins.is_empty() {
            let public = &head.public;
            return Target::new(public.scheme, public.host.clone(), public.port, path).into_iter().collect();
        }
        let mut chosen: Vec<&PublicOrigin> =
            self.origins.iter().filter(|origin| is_authority(origin, head)).collect();
        if chosen.is_empty() {
            chosen = self.origins.iter().collect();
        }
        chosen
            .into_iter()
            .filter_map(|origin| {
                let path = format!("{}{path}", origin.prefix);
                Target::new(origin.scheme, origin.host.clone(), origin.port, &path).ok()
            })
            .collect()
    }
}

fn is_authority(origin: &PublicOrigin, head: &Head) -> bool {
    let public = &head.public;
    origin.host == public.host && origin.port == explicit_port(public.scheme, public.port)
}
