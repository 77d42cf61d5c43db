//! The memory of used proofs: the only write of a check, and its last step.

use std::sync::Arc;
use std::time::Instant;

use keybound_pop::proof::{ProofFault, Verified};
use keybound_pop::time::UnixTime;
use keybound_store::replay::{Recorded, ReplayRecord, ReplayStore};

use super::config::ReplayMode;
use crate::contract::Notes;
use crate::fault::{AccessFault, ReplayStoreFault};
use crate::metrics::Metrics;

/// The replay protection of one instance.
pub(super) struct Replay {
    pub(super) mode: ReplayMode,
    pub(super) store: Arc<dyn ReplayStore>,
    pub(super) horizon: Horizon,
    /// Whether a proof passes while the store cannot be reached.
    pub(super) fail_open: bool,
    /// Whether nodes share the store, so that it takes time.
    pub(super) is_shared: bool,
    pub(super) metrics: Arc<Metrics>,
}

/// The seconds from which on every used proof is remembered. One that was made earlier could have been used without a
/// record: it needs a new nonce. `None`: nothing is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Horizon {
    /// For proofs that show their age by `iat`, or by a nonce that other processes can seal too.
    pub(super) general: Option<UnixTime>,
    /// For proofs with a nonce that only this process can have sealed.
    pub(super) own_nonce: Option<UnixTime>,
}

impl Horizon {
    /// After a start, or with an empty memory: whatever was used before `from` is unknown.
    pub(super) fn after_start(from: UnixTime) -> Self {
        Self { general: Some(from), own_nonce: None }
    }

    /// Proofs may be used for longer than before: records of proofs made before `from` ended already.
    pub(super) fn longer_since(self, from: UnixTime) -> Self {
        Self { general: self.general.max(Some(from)), own_nonce: self.own_nonce.max(Some(from)) }
    }
}

impl Replay {
    /// Records a proof that passed every other check.
    ///
    /// # Errors
    /// [`ProofFault::Replayed`] when it was used before, [`ReplayStoreFault`] when that can not be told. With
    /// `dpop_replay_protection: report` both are only noted.
    pub(super) async fn record(
        &self,
        verified: &Verified,
        now: UnixTime,
        notes: &mut Notes,
    ) -> Result<(), AccessFault> {
        if self.mode == ReplayMode::Off {
            return Ok(());
        }
        let mut key = [0; 16];
        key.iter_mut().zip(verified.thumbprint.as_bytes()).for_each(|(to, from)| *to = *from);
        let (made, by_nonce) = match verified.nonce_age {
            Some(age) => (now.secs().saturating_sub(age), true),
            None => (verified.issued_at.secs(), false),
        };
        let record = ReplayRecord {
            id: *verified.replay.as_bytes(),
            key,
            until: verified.keep_until.secs(),
            // Where a replay is only reported, nothing is refused for a record that may be missing.
            made: if self.mode == ReplayMode::Enforce { made } else { i64::MAX },
            by_nonce,
        };
        let asked = self.is_shared.then(Instant::now);
        let became = self.store.put_if_absent(record, now.secs()).await;
        self.metrics.possession.recorded(&became, asked.map(|asked| asked.elapsed()));
        let fault: AccessFault = match became {
            Ok(Recorded::Fresh) => return Ok(()),
            Ok(Recorded::Seen) => ProofFault::Replayed.into(),
            Ok(Recorded::Cold) => ProofFault::Cold.into(),
            Ok(Recorded::Full) => ReplayStoreFault::Full.into(),
            Ok(Recorded::KeyQuota { retry_after }) => ReplayStoreFault::KeyQuota { retry_after }.into(),
            Err(fault) => {
                tracing::error!(%fault, passed = self.fail_open, "the store of used proofs failed");
                if self.fail_open {
                    notes.noticed.push("replay_not_recorded");
                    return Ok(());
                }
                ReplayStoreFault::Unreachable.into()
            }
        };
        if self.mode == ReplayMode::Report {
            notes.noticed.push(fault.row().code);
            return Ok(());
        }
        Err(fault)
    }

    /// Whether a record of this proof could be missing. `own_nonce`: whether only this process can have sealed its nonce.
    pub(super) fn is_cold(&self, verified: &Verified, own_nonce: bool, now: UnixTime) -> bool {
        let (made, from) = match verified.nonce_age {
            Some(age) if own_nonce => (now.secs() - age, self.horizon.own_nonce),
            Some(age) => (now.secs() - age, self.horizon.general),
            None => (verified.issued_at.secs(), self.horizon.general),
        };
        self.mode == ReplayMode::Enforce && from.is_some_and(|from| made < from.secs())
    }
}
