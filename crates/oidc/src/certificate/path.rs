use keybound_pop::time::UnixTime;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{self, CertificateDer, TrustAnchor};
use webpki::{EndEntityCert, Error, KeyUsage, RevocationOptions, anchor_from_trusted_cert};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::signature::algorithms;
use super::{AuthorityFault, CertificateFault};

/// The authorities that certificates may come from.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    known: Vec<Authority>,
    /// Whether an authority that another one issued may end the way (`allow_partial_chain`).
    partial: bool,
}

#[derive(Debug, Clone)]
struct Authority {
    certificate: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
    /// Whether it issued itself.
    is_root: bool,
    not_before: i64,
    not_after: i64,
}

/// The way from a certificate to an authority.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// The client's certificate first, each one's issuer behind it, the authority last.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// The places of the authorities of the configuration that are on the way.
    pub(super) authorities: Vec<usize>,
    /// The first second in which one of them has expired.
    pub(super) until: i64,
}

impl Authorities {
    /// These authorities, each one certificate in PEM. Without `partial`, a way ends only at one that issued itself; the
    /// others help to get there.
    ///
    /// # Errors
    /// The place of the first that cannot be used, and why.
    pub fn new<'a>(
        pems: impl IntoIterator<Item = &'a str>,
        partial: bool,
    ) -> Result<Self, (usize, AuthorityFault)> {
        let known = pems.into_iter().enumerate().map(|(place, pem)| {
            let certificate =
                CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| (place, AuthorityFault::Pem))?;
            Authority::new(certificate).ok_or((place, AuthorityFault::Der))
        });
        Ok(Self { known: known.collect::<Result<_, _>>()?, partial })
    }

    /// The way from the first of these certificates to an authority, over whichever of the others. Checks signatures,
    /// names, times (those of the authority too) and that the certificate is for clients where it says what it is for.
    pub(super) fn path(&self, chain: &[Vec<u8>], now: UnixTime) -> Result<Path, CertificateFault> {
        let (leaf, rest) = chain.split_first().ok_or(CertificateFault::Malformed)?;
        let leaf = CertificateDer::from(leaf.as_slice());
        self.walk(&leaf, rest, now, None)
    }

    /// The same way once more, with lists of what was revoked.
    pub(super) fn walk(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[Vec<u8>],
        now: UnixTime,
        revocation: Option<RevocationOptions<'_>>,
    ) -> Result<Path, CertificateFault> {
        let end = EndEntityCert::try_from(leaf).map_err(|_| CertificateFault::Malformed)?;
        let in_time =
            |authority: &&Authority| (authority.not_before..=authority.not_after).contains(&now.secs());
        let ends = |authority: &&Authority| authority.is_root || self.partial;
        let anchors: Vec<TrustAnchor<'_>> = self
            .known
            .iter()
            .filter(ends)
            .filter(in_time)
            .map(|authority| authority.anchor.clone())
            .collect();
        let between: Vec<CertificateDer<'_>> = rest
            .iter()
            .map(|der| CertificateDer::from(der.as_slice()))
            .chain(self.known.iter().filter(|a| !ends(a)).map(|authority| authority.certificate.clone()))
            .collect();
        let seconds = u64::try_from(now.secs()).map_err(|_| CertificateFault::NotYetValid)?;
        let time = pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let path = end
            .verify_for_usage(
                algorithms(),
                &anchors,
                &between,
                time,
                KeyUsage::client_auth(),
                revocation,
                None,
            )
            .map_err(|error| fault(&error))?;
        let mut certificates = vec![leaf.clone().into_owned()];
        certificates.extend(path.intermediate_certificates().map(|between| between.der().into_owned()));
        let end = self.known.iter().filter(ends).filter(in_time).find(|a| a.anchor == *path.anchor());
        certificates.extend(end.map(|authority| authority.certificate.clone()));
        let is_on_the_way = |authority: &Authority| certificates.contains(&authority.certificate);
        let authorities = self.known.iter().enumerate().filter(|(_, a)| is_on_the_way(a)).map(|(at, _)| at);
        let ends =
            certificates.iter().map(|certificate| times(certificate).map_or(i64::MIN, |times| times.1));
        Ok(Path {
            authorities: authorities.collect(),
            until: ends.min().unwrap_or(i64::MIN).saturating_add(1),
            certificates,
        })
    }
}

impl Authority {
    fn new(certificate: CertificateDer<'static>) -> Option<Self> {
        let anchor = anchor_from_trusted_cert(&certificate).ok()?.to_owned();
        let (not_before, not_after) = times(&certificate)?;
        let (_, parsed) = X509Certificate::from_der(&certificate).ok()?;
        let is_root = parsed.subject().as_raw() == parsed.issuer().as_raw();
        Some(Self { certificate, anchor, is_root, not_before, not_after })
    }
}

fn times(certificate: &CertificateDer<'_>) -> Option<(i64, i64)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let validity = parsed.validity();
    Some((validity.not_before.timestamp(), validity.not_after.timestamp()))
}

fn fault(error: &Error) -> CertificateFault {
    match error {
        Error::CertExpired { .. } => CertificateFault::Expired,
        Error::CertNotValidYet { .. } => CertificateFault::NotYetValid,
        Error::RequiredEkuNotFoundContext(_) | Error::CaUsedAsEndEntity | Error::EmptyEkuExtension => {
            CertificateFault::Usage
        }
        Error::CertRevoked => CertificateFault::Revoked,
        Error::UnknownRevocationStatus
        | Error::CrlExpired { .. }
        | Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner => CertificateFault::RevocationUnknown,
        Error::BadDer | Error::UnsupportedCertVersion | Error::InvalidSerialNumber => {
            CertificateFault::Malformed
        }
        _ => CertificateFault::Untrusted,
    }
}

#[cfg(test)]
mod tests;
