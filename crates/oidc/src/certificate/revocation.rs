use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keybound_pop::time::UnixTime;
use moka::future::Cache;
use reqwest::Url;
use rustls::pki_types::CertificateDer;
use tokio::sync::Semaphore;
use webpki::CertRevocationList;

use super::ocsp::{self, CertId, Status};
use super::path::{Authorities, Path};
use super::sources::Sources;
use super::verifier::RevocationMode;
use super::{CertificateFault, crl};
use crate::http::HttpClient;

/// Most bytes of an OCSP answer.
const MAX_ANSWER: usize = 64 * 1024;
/// Most bytes of a list.
const MAX_LIST: usize = 8 * 1024 * 1024;
/// Bytes of lists that are kept.
const LISTS: u64 = 32 * 1024 * 1024;
/// Calls at once.
const CALLS: usize = 16;

/// Asks whether certificates were revoked. Everything it keeps and waits for is bounded.
pub(super) struct Revocation {
    client: HttpClient,
    mode: RevocationMode,
    timeout: Duration,
    lists: Cache<Url, Arc<List>>,
    calls: Semaphore,
}

struct List {
    parsed: webpki::OwnedCertRevocationList,
    size: usize,
}

/// Nobody said anything that can be used.
struct Silence;

impl Revocation {
    pub(super) fn new(client: HttpClient, mode: RevocationMode, timeout: Duration, keep: Duration) -> Self {
        let lists = Cache::builder()
            .max_capacity(LISTS)
            .weigher(|_: &Url, list: &Arc<List>| {
                u32::try_from(list.size.saturating_mul(2)).unwrap_or(u32::MAX)
            })
            .time_to_live(keep)
            .build();
        Self { client, mode, timeout, lists, calls: Semaphore::new(CALLS) }
    }

    /// Whether a certificate on the way was revoked: by OCSP where it names a responder that answers, else by a list. All
    /// of it takes no longer than the time set.
    pub(super) async fn check(
        self: Arc<Self>,
        path: Path,
        authorities: Arc<Authorities>,
        now: UnixTime,
    ) -> Result<(), CertificateFault> {
        let runtime = self.client.runtime().clone();
        let strict = self.mode == RevocationMode::Strict;
        // On the runtime for calls: a long list is not read on a thread that serves requests.
        let task = runtime.spawn(async move {
            let timeout = self.timeout;
            tokio::time::timeout(timeout, self.ask(&path, &authorities, now)).await
        });
        match task.await {
            Ok(Ok(Err(CertificateFault::RevocationUnknown))) if !strict => Ok(()),
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) if strict => Err(CertificateFault::RevocationUnknown),
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }

    async fn ask(
        &self,
        path: &Path,
        authorities: &Authorities,
        now: UnixTime,
    ) -> Result<(), CertificateFault> {
        let Ok(_call) = self.calls.acquire().await else { return Err(CertificateFault::RevocationUnknown) };
        let (mut lists, mut silence, mut demand) = (Vec::new(), false, false);
        let issued = path.certificates.iter().zip(path.certificates.iter().skip(1));
        for (at, (certificate, issuer)) in issued.enumerate() {
            let sources = Sources::of(certificate);
            if sources.is_empty() {
                if at == 0 && self.mode == RevocationMode::Strict {
                    return Err(CertificateFault::RevocationUnnamed);
                }
                continue;
            }
            match self.ocsp(&sources.ocsp, certificate, issuer, now).await {
                Ok(Status::Good) => continue,
                Ok(Status::Revoked) => return Err(CertificateFault::Revoked),
                Ok(Status::Unknown) | Err(Silence) => {}
            }
            match self.list(&sources.lists).await {
                Ok(list) => {
                    demand |= at == 0;
                    lists.push(CertRevocationList::from(list.parsed.clone()));
                }
                Err(Silence) => silence = true,
            }
        }
        if !lists.is_empty() {
            crl::check(path, authorities, &lists, demand, now)?;
        }
        if silence { Err(CertificateFault::RevocationUnknown) } else { Ok(()) }
    }

    async fn ocsp(
        &self,
        places: &[Url],
        certificate: &CertificateDer<'_>,
        issuer: &CertificateDer<'_>,
        now: UnixTime,
    ) -> Result<Status, Silence> {
        let id = CertId::of(certificate, issuer).ok_or(Silence)?;
        for place in places {
            match self.client.ask(place, "application/ocsp-request", id.request().into(), MAX_ANSWER).await {
                Ok(answer) => match ocsp::read(&answer, &id, issuer, now) {
                    Ok(status) => return Ok(status),
                    Err(fault) => {
                        tracing::warn!(%place, %fault, "the answer of an OCSP responder cannot be used")
                    }
                },
                Err(cause) => tracing::warn!(%place, ?cause, "an OCSP responder does not answer"),
            }
        }
        Err(Silence)
    }

    async fn list(&self, places: &[Url]) -> Result<Arc<List>, Silence> {
        for place in places {
            let fetched = self.lists.try_get_with(place.clone(), self.fetch(place)).await;
            match fetched {
                Ok(list) => return Ok(list),
                Err(cause) => tracing::warn!(%place, %cause, "a list of revoked certificates cannot be had"),
            }
        }
        Err(Silence)
    }

    async fn fetch(&self, place: &Url) -> Result<Arc<List>, String> {
        let bytes: Bytes = self.client.fetch(place, MAX_LIST).await.map_err(|cause| format!("{cause:?}"))?;
        let parsed = crl::read(&bytes)
            .ok_or_else(|| "it is no list, or one that leaves out more than it says".to_owned())?;
        Ok(Arc::new(List { parsed, size: bytes.len() }))
    }
}
