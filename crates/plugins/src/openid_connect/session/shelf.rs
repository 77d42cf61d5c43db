//! `session_storage: redis`: sessions in a store that all nodes share; the cookie holds the id alone, sealed.
//!
//! What is stored is sealed too, under its id: whoever reads the store learns no token, and whoever writes to it makes no
//! session and exchanges none.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use keybound_pop::base64url;
use keybound_store::shared::{SharedFault, SharedStore};

use super::record::{Login, MAX_STORED, SessionId, SessionRecord};
use super::seal::{Purpose, Sealer};

/// The key under which a session lies when `redis.prefix` says nothing.
const PREFIX: &str = "keybound:session";
/// Names in keys that are longer than this are digested.
const LONGEST: usize = 100;

/// Where sessions lie.
pub(super) struct Shelf {
    pub(super) store: Arc<dyn SharedStore>,
    pub(super) names: Names,
}

/// What sessions are called in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// `redis.prefix`.
    pub(super) prefix: Option<String>,
    /// `session_hash_storage_key`.
    pub(super) hash_key: bool,
    /// `session_store_metadata`, and whether subjects are hashed in it (`session_hash_subject`).
    pub(super) metadata: Option<bool>,
}

/// Why nothing came of a look into the store.
#[derive(Debug)]
pub(super) enum Missed {
    /// The session is not there, or not as we stored it.
    Unknown,
    /// The store did not say.
    Fault(SharedFault),
}

impl Shelf {
    /// The session of this id.
    pub(super) async fn take(&self, id: &SessionId, sealer: &Sealer) -> Result<SessionRecord, Missed> {
        let sealed = self.store.get(&self.names.key(id)).await.map_err(Missed::Fault)?;
        let opened = sealed.and_then(|sealed| sealer.open(Purpose::Stored, id.as_str().as_bytes(), &sealed));
        let record = opened.and_then(|opened| SessionRecord::decode(&opened));
        // One of another id would be an exchanged one; the seal already rules that out.
        record.filter(|record| record.id == *id).ok_or(Missed::Unknown)
    }

    /// Stores a session for so long. `false`: it is too large.
    pub(super) async fn put(
        &self,
        record: &SessionRecord,
        login: &Login,
        lives: Duration,
        sealer: &Sealer,
    ) -> Result<bool, SharedFault> {
        let encoded = record.encode().filter(|encoded| encoded.len() <= MAX_STORED);
        let id = record.id.as_str().as_bytes();
        let Some(sealed) = encoded.and_then(|encoded| sealer.seal(Purpose::Stored, id, &encoded)) else {
            return Ok(false);
        };
        self.store.put(&self.names.key(&record.id), &sealed, lives).await?;
        if let Some(key) = self.names.metadata_key(&record.id, login) {
            self.store.put(&key, login.begun.to_string().as_bytes(), lives).await?;
        }
        Ok(true)
    }

    /// Ends a session.
    pub(super) async fn discard(&self, id: &SessionId, login: &Login) -> Result<(), SharedFault> {
        self.store.delete(&self.names.key(id)).await?;
        match self.names.metadata_key(id, login) {
            Some(key) => self.store.delete(&key).await,
            None => Ok(()),
        }
    }
}

impl Names {
    fn key(&self, id: &SessionId) -> String {
        format!("{}:{}", self.prefix(), self.id(id))
    }

    /// The key that says that a subject has this session; none for a session without a subject.
    fn metadata_key(&self, id: &SessionId, login: &Login) -> Option<String> {
        let hash_subject = self.metadata?;
        let subject = login.subject.as_deref()?;
        let subject =
            if hash_subject || subject.len() > LONGEST { hashed(subject) } else { subject.to_owned() };
        let audience = &login.audience;
        let audience = if audience.len() > LONGEST { hashed(audience) } else { audience.clone() };
        Some(format!("{}:subject:{audience}:{subject}:{}", self.prefix(), self.id(id)))
    }

    fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or(PREFIX)
    }

    fn id(&self, id: &SessionId) -> String {
        if self.hash_key { hashed(id.as_str()) } else { id.as_str().to_owned() }
    }
}

fn hashed(text: &str) -> String {
    base64url::encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}
