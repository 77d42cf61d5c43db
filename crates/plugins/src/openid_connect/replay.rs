//! The memory of used proofs: the only write of a check, and its last step.

use std::sync::Arc;

use keybound_pop::proof::{ProofFault, Verified};
use keybound_pop::time::UnixTime;
use keybound_store::replay::{Recorded, ReplayRecord, ReplayStore};

use super::config::ReplayMode;
use crate::contract::Notes;
use crate::fault::{AccessFault, ReplayStoreFault};

/// The replay protection of one instance.
pub(super) struct Replay {
    pub(super) mode: ReplayMode,
    pub(super) store: Arc<dyn ReplayStore>,
    /// The second from which on every used proof is remembered; `None` when none can be missing.
    pub(super) complete_from: Option<UnixTime>,
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
        let record = ReplayRecord { id: *verified.replay.as_bytes(), key, until: verified.keep_until.secs() };
        let fault: AccessFault = match self.store.put_if_absent(record, now.secs()).await {
            Ok(Recorded::Fresh) => return Ok(()),
            Ok(Recorded::Seen) => ProofFault::Replayed.into(),
            Ok(Recorded::Full) => ReplayStoreFault::Full.into(),
            Ok(Recorded::KeyQuota { retry_after }) => ReplayStoreFault::KeyQuota { retry_after }.into(),
            Err(fault) => {
                tracing::error!(%fault, "the store of used proofs failed");
                ReplayStoreFault::Unreachable.into()
            }
        };
        if self.mode == ReplayMode::Report {
            notes.noticed.push(fault.row().code);
            return Ok(());
        }
        Err(fault)
    }

    /// The second before which records may be missing, while a proof from before it could still be valid for `reach` seconds
    /// after it was made.
    pub(super) fn records_from(&self, now: UnixTime, reach: i64) -> Option<UnixTime> {
        let complete_from = self.complete_from.filter(|_| self.mode == ReplayMode::Enforce)?;
        (now <= complete_from.plus_secs(reach)).then_some(complete_from)
    }
}
