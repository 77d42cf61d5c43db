//! What both the budget and the micro benchmarks measure: a request with a proof, and a memory of its key.

use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::sync::{Arc, Mutex};

use keybound_pop::algorithm::AlgorithmSet;
use keybound_pop::htu::Target;
use keybound_pop::proof::{self, KeyCache, NoncePolicy, Policy, ProofHeader, Request};
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use keybound_pop::time::UnixTime;

/// What the request is for.
pub const URL: &str = "https://api.example/orders/42";
/// When it comes in.
pub const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
/// What is asked of its proof.
pub const POLICY: Policy =
    Policy { algorithms: AlgorithmSet::ALL, lifetime: 300, leeway: 10, max_length: 8192 };
/// Its token.
pub const TOKEN: &[u8] = b"an access token";

/// A request whose token is bound to a key.
#[derive(Debug)]
pub struct Bound {
    jkt: Thumbprint,
    targets: [Target; 1],
    hash: [u8; 32],
}

impl Bound {
    /// To the key with this thumbprint.
    ///
    /// # Errors
    /// [`URL`] is none.
    pub fn to(jkt: Thumbprint) -> Result<Self, Box<dyn Error>> {
        Ok(Self { jkt, targets: [Target::parse(URL)?], hash: token_hash(TOKEN) })
    }

    /// Checks a proof of it.
    ///
    /// # Errors
    /// What is wrong with the proof.
    pub fn check(&self, proof: &str, cache: &dyn KeyCache) -> Result<(), Box<dyn Error>> {
        let request = Request {
            method: "GET",
            targets: &self.targets,
            ambiguous_path: false,
            websocket: false,
            token_hash: &self.hash,
        };
        let fields = [black_box(proof.as_bytes())];
        black_box(proof::check(&fields, &request, &self.jkt, &POLICY, NoncePolicy::Ignore, NOW, cache)?);
        Ok(())
    }
}

/// Headers of keys that have been seen, without a bound.
#[derive(Debug, Default)]
pub struct Kept(Mutex<HashMap<Box<str>, Arc<ProofHeader>>>);

impl KeyCache for Kept {
    fn find(&self, segment: &str) -> Option<Arc<ProofHeader>> {
        self.0.lock().ok()?.get(segment).cloned()
    }

    fn keep(&self, segment: &str, header: &Arc<ProofHeader>) {
        if let Ok(mut kept) = self.0.lock() {
            kept.insert(segment.into(), Arc::clone(header));
        }
    }
}
