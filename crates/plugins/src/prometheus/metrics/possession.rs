use std::time::Duration;

use keybound_oidc::Tally;
use keybound_pop::proof::ProofFault;
use keybound_store::replay::{Recorded, ReplayFault};

use super::histogram::Histogram;
use super::text::Text;

/// The bounds of the time that a shared store of used proofs takes, in microseconds.
const SHARED: &[u64] = &[250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_000_000];

/// What happened to nonces, in the order in which they are counted.
const NONCES: [&str; 4] = ["issued", "accepted", "missing", "stale"];
/// What became of records of used proofs.
const RECORDS: [&str; 6] = ["recorded", "replayed", "cold", "full", "key_quota", "error"];

/// Nonces and records of used proofs since the process started.
pub(crate) struct Possession {
    nonces: Tally<{ NONCES.len() }>,
    records: Tally<{ RECORDS.len() }>,
    shared: Histogram,
}

impl Default for Possession {
    fn default() -> Self {
        Self { nonces: Tally::default(), records: Tally::default(), shared: Histogram::new(SHARED) }
    }
}

impl Possession {
    /// A nonce was sent to a client.
    pub(crate) fn nonce_issued(&self) {
        self.nonces.count(0);
    }

    /// A proof with a nonce of ours passed.
    pub(crate) fn nonce_accepted(&self) {
        self.nonces.count(1);
    }

    /// A proof was refused; counted here where its nonce is why, or where its record could be missing.
    pub(crate) fn proof_refused(&self, fault: ProofFault) {
        match fault {
            ProofFault::NonceMissing => self.nonces.count(2),
            ProofFault::NonceInvalid => self.nonces.count(3),
            _ => {}
        }
    }

    /// No record was asked for, because it could be missing.
    pub(crate) fn cold(&self) {
        self.records.count(2);
    }

    /// A record was asked for. `took`: how long a store that nodes share needed.
    pub(crate) fn recorded(&self, became: &Result<Recorded, ReplayFault>, took: Option<Duration>) {
        self.records.count(match became {
            Ok(Recorded::Fresh) => 0,
            Ok(Recorded::Seen) => 1,
            Ok(Recorded::Cold) => 2,
            Ok(Recorded::Full) => 3,
            Ok(Recorded::KeyQuota { .. }) => 4,
            Err(_) => 5,
        });
        if let Some(took) = took {
            self.shared.observe(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
    }

    pub(super) fn write(&self, text: &mut Text) {
        let name = "keybound_nonces_total";
        text.own_family(name, "DPoP nonces, by what happened to them", "counter");
        for (event, count) in NONCES.into_iter().zip(self.nonces.sums()) {
            text.own_sample(name, &[("event", event)], count);
        }
        let name = "keybound_replay_checks_total";
        text.own_family(name, "Checks whether a proof was used before, by what came of them", "counter");
        for (result, count) in RECORDS.into_iter().zip(self.records.sums()) {
            text.own_sample(name, &[("result", result)], count);
        }
        let name = "keybound_replay_store_seconds";
        text.own_family(name, "Time that a store of used proofs that nodes share needed", "histogram");
        text.histogram(name, &[], &self.shared.reading(), 1e-6);
    }
}
