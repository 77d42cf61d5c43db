//! Sessions that were just stored, by their token: a client that keeps no cookies is given the same one again for a while, so
//! that its requests do not fill the store.

use keybound_pop::time::UnixTime;
use moka::sync::Cache;

use super::record::{Login, SessionId, SessionRecord, Shown};
use super::terms::Terms;

/// Most of them that are remembered.
const MOST: u64 = 10_000;

type Key = ([u8; 32], Terms);

/// The newest session of each token.
pub(super) struct Recent(Cache<Key, Begun>);

/// What is remembered of a session with one login: all but what its token says anyway.
#[derive(Clone)]
struct Begun {
    id: SessionId,
    at: i64,
    shown: Shown,
    settings: String,
}

impl Recent {
    pub(super) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// The session that was begun for this token, under these terms and with the same keys shown, less than `lifetime` seconds
    /// ago.
    pub(super) fn find(
        &self,
        hash: &[u8; 32],
        login: &Login,
        now: UnixTime,
        lifetime: i64,
    ) -> Option<SessionRecord> {
        let Begun { id, at, shown, settings } = self.0.get(&(*hash, login.terms.clone()))?;
        let fits = shown == login.shown && settings == login.settings;
        let is_recent = (0..lifetime).contains(&(now.secs() - at));
        let logins = vec![Login { begun: at, ..login.clone() }];
        (fits && is_recent).then_some(SessionRecord { id, rolled: at, used: at, logins })
    }

    /// Remembers a session that begins, unless others share it.
    pub(super) fn keep(&self, hash: &[u8; 32], login: &Login, record: &SessionRecord) {
        if record.logins.len() == 1 {
            let (id, settings) = (record.id.clone(), login.settings.clone());
            let begun = Begun { id, at: login.begun, shown: login.shown, settings };
            self.0.insert((*hash, login.terms.clone()), begun);
        }
    }

    /// Forgets the session of a token.
    pub(super) fn forget(&self, hash: &[u8; 32], login: &Login) {
        self.0.invalidate(&(*hash, login.terms.clone()));
    }
}
