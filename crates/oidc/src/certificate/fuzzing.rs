use keybound_pop::time::UnixTime;
use reqwest::Url;
use rustls::pki_types::CertificateDer;

use super::ocsp::{CertId, Status};
use super::path::Authorities;
use super::sources::Sources;
use super::{CertificateFault, crl, ocsp};

/// The places where a certificate says that its revocation can be asked about.
#[must_use]
pub fn revocation_places(der: &[u8]) -> Vec<Url> {
    let sources = Sources::of(der);
    sources.ocsp.into_iter().chain(sources.lists).collect()
}

/// The certificates on the way from the first of the chain to an authority.
pub fn certificate_path(
    authorities: &Authorities,
    chain: &[Vec<u8>],
    now: UnixTime,
) -> Result<Vec<Vec<u8>>, CertificateFault> {
    let path = authorities.path(chain, now)?;
    Ok(path.certificates.iter().map(|certificate| certificate.to_vec()).collect())
}

/// Whether an answer of OCSP about this certificate says that it is good; `None` when it says nothing of use.
#[must_use]
pub fn ocsp_is_good(answer: &[u8], certificate: &[u8], issuer: &[u8], now: UnixTime) -> Option<bool> {
    let id = CertId::of(certificate, issuer)?;
    let status = ocsp::read(answer, &id, &CertificateDer::from(issuer), now).ok()?;
    Some(status == Status::Good)
}

/// Whether the bytes are a list of what was revoked.
#[must_use]
pub fn is_revocation_list(bytes: &[u8]) -> bool {
    crl::read(bytes).is_some()
}
