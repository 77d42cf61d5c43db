use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use keybound_pop::time::UnixTime;
use moka::future::Cache;

use super::CertificateFault;
use super::path::{Authorities, Path};
use super::revocation::Revocation;
use crate::http::HttpClient;

/// Certificates that are remembered.
const REMEMBERED: u64 = 10_000;
/// Seconds for which it is remembered that nobody said whether a certificate was revoked.
const SILENCE: i64 = 5;

/// What it means that a certificate was, or may have been, revoked (`revocation_check_mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationMode {
    /// Nobody is asked.
    Skip,
    /// A certificate that was revoked is refused; one of which nobody says anything is not.
    IgnoreCaError,
    /// Only a certificate of which it is known that it was not revoked is taken.
    Strict,
}

/// How revocation is asked about, where it is.
#[derive(Debug, Clone)]
pub struct RevocationSettings {
    /// What an answer means, and what none means.
    pub mode: RevocationMode,
    /// The time for all calls about one certificate.
    pub timeout: Duration,
    /// How long an answer holds.
    pub keep: Duration,
}

/// Checks the certificates of clients.
///
/// A certificate that was found good is remembered for the time set, and no longer than it and its issuers hold; so are
/// one that was revoked, and for some seconds one of which nobody knows. Requests that wait for the same answer share the
/// call. What was not issued by a trusted authority is refused before anything is kept or anybody called.
pub struct CertificateVerifier {
    authorities: Arc<Authorities>,
    revocation: Option<Arc<Revocation>>,
    keep: Duration,
    known: Cache<[u8; 32], Known>,
}

/// A certificate that is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    /// The places, among the authorities given, of those that it comes from.
    pub authorities: Arc<[usize]>,
}

#[derive(Clone)]
struct Known {
    result: Result<Trusted, CertificateFault>,
    /// The second from which on it has to be found out anew.
    until: i64,
}

impl CertificateVerifier {
    /// A verifier for these authorities. Without a client nobody is asked about revocation.
    #[must_use]
    pub fn new(authorities: Authorities, settings: &RevocationSettings, client: Option<HttpClient>) -> Self {
        let asks = settings.mode != RevocationMode::Skip;
        let revocation = client
            .filter(|_| asks)
            .map(|client| Arc::new(Revocation::new(client, settings.mode, settings.timeout, settings.keep)));
        Self {
            authorities: Arc::new(authorities),
            revocation,
            keep: settings.keep,
            known: Cache::builder().max_capacity(REMEMBERED).build(),
        }
    }

    /// Checks a certificate, which comes first, with the others that the client or its proxy sent along, in DER.
    ///
    /// # Errors
    /// See [`CertificateFault`].
    pub async fn verify(&self, chain: &[Vec<u8>], now: UnixTime) -> Result<Trusted, CertificateFault> {
        let key = key(chain);
        if let Some(known) = self.known.get(&key).await
            && now.secs() < known.until
        {
            return known.result;
        }
        let path = self.authorities.path(chain, now)?;
        let find_out = self.find_out(path, now);
        let entry = self.known.entry(key).or_insert_with_if(find_out, |known| known.until <= now.secs());
        entry.await.into_value().result
    }

    async fn find_out(&self, path: Path, now: UnixTime) -> Known {
        let trusted = Trusted { authorities: path.authorities.as_slice().into() };
        let end = path.until;
        let result = match &self.revocation {
            None => Ok(()),
            Some(revocation) => Arc::clone(revocation).check(path, Arc::clone(&self.authorities), now).await,
        };
        let keep = i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX);
        let keep = if result == Err(CertificateFault::RevocationUnknown) { keep.min(SILENCE) } else { keep };
        Known { result: result.map(|()| trusted), until: now.secs().saturating_add(keep).min(end) }
    }
}

impl std::fmt::Debug for CertificateVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateVerifier").field("authorities", &self.authorities).finish_non_exhaustive()
    }
}

fn key(chain: &[Vec<u8>]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for certificate in chain {
        hash.update(&certificate.len().to_be_bytes());
        hash.update(certificate);
    }
    let mut key = [0; 32];
    let digest = hash.finish();
    key.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    key
}
