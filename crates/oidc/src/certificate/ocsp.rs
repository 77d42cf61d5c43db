//! The online status of a certificate (RFC 6960): the request, and what an answer says.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use keybound_pop::time::UnixTime;
use rustls::pki_types::{self, CertificateDer};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::der::{
    BIT_STRING, CONTEXT_0, ENUMERATED, GENERALIZED_TIME, INTEGER, OBJECT_ID, OCTET_STRING, Reader, SEQUENCE,
    element, seconds,
};
use super::signature;

/// The identifier of SHA-1, which every responder knows: here it only names an issuer, and secures nothing.
const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];
const NULL: &[u8] = &[0x05, 0x00];
/// `id-pkix-ocsp-basic`
const BASIC: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01];
/// `id-kp-OCSPSigning`
const OCSP_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];
/// Seconds by which the responder's clock may differ.
const LEEWAY: i64 = 300;
/// Seconds for which an answer holds that does not say when the next one comes.
const WITHOUT_NEXT: i64 = 3600;

/// What an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Good,
    Revoked,
    /// The responder does not know the certificate.
    Unknown,
}

/// Why an answer says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Useless {
    #[error("is malformed")]
    Malformed,
    #[error("is a refusal")]
    Refused,
    #[error("is about another certificate")]
    Other,
    #[error("is not signed by the issuer, or by whom the issuer lets sign")]
    Signature,
    #[error("is out of date")]
    Stale,
}

/// Names a certificate as requests and answers do.
pub(super) struct CertId {
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    serial: Vec<u8>,
}

impl CertId {
    /// `None` for what is no certificate.
    pub(super) fn of(certificate: &[u8], issuer: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let (_, issuer) = X509Certificate::from_der(issuer).ok()?;
        let hash = |bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec();
        Some(Self {
            name_hash: hash(issuer.subject().as_raw()),
            key_hash: hash(&issuer.public_key().subject_public_key.data),
            serial: certificate.raw_serial().to_vec(),
        })
    }

    /// The request for its status.
    pub(super) fn request(&self) -> Vec<u8> {
        let algorithm = element(SEQUENCE, &[&element(OBJECT_ID, &[SHA1]), NULL]);
        let id = element(
            SEQUENCE,
            &[
                &algorithm,
                &element(OCTET_STRING, &[&self.name_hash]),
                &element(OCTET_STRING, &[&self.key_hash]),
                &element(INTEGER, &[&self.serial]),
            ],
        );
        let request = element(SEQUENCE, &[&id]);
        let list = element(SEQUENCE, &[&request]);
        element(SEQUENCE, &[&element(SEQUENCE, &[&list])])
    }

    fn is(&self, mut id: Reader<'_>) -> bool {
        let algorithm = id.open(SEQUENCE).and_then(|mut algorithm| algorithm.next(OBJECT_ID));
        let mut has = |tag, expected: &[u8]| id.next(tag).is_some_and(|found| found.content == expected);
        algorithm.is_some_and(|algorithm| algorithm.content == SHA1)
            && has(OCTET_STRING, &self.name_hash)
            && has(OCTET_STRING, &self.key_hash)
            && has(INTEGER, &self.serial)
    }
}

/// What an answer says of the certificate, once its signature and its times were checked.
///
/// # Errors
/// See [`Useless`].
pub(super) fn read(
    answer: &[u8],
    id: &CertId,
    issuer: &CertificateDer<'_>,
    now: UnixTime,
) -> Result<Status, Useless> {
    let basic = basic(answer)?;
    let parts = Parts::of(basic).ok_or(Useless::Malformed)?;
    if !parts.is_signed_for(issuer, now) {
        return Err(Useless::Signature);
    }
    let mut responses = parts.responses;
    while !responses.is_empty() {
        let mut single = responses.open(SEQUENCE).ok_or(Useless::Malformed)?;
        let named = single.open(SEQUENCE).ok_or(Useless::Malformed)?;
        if id.is(named) {
            return status(single, now);
        }
    }
    Err(Useless::Other)
}

/// The signed part of an answer.
fn basic(answer: &[u8]) -> Result<&[u8], Useless> {
    let mut outer = Reader::new(answer).open(SEQUENCE).ok_or(Useless::Malformed)?;
    if outer.next(ENUMERATED).ok_or(Useless::Malformed)?.content != [0] {
        return Err(Useless::Refused);
    }
    let bytes = outer.open(CONTEXT_0).and_then(|mut bytes| bytes.open(SEQUENCE));
    let mut bytes = bytes.ok_or(Useless::Malformed)?;
    match (bytes.next(OBJECT_ID), bytes.next(OCTET_STRING)) {
        (Some(kind), Some(basic)) if kind.content == BASIC => Ok(basic.content),
        _ => Err(Useless::Malformed),
    }
}

/// The parts of the signed part.
struct Parts<'a> {
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    certificates: Reader<'a>,
    responses: Reader<'a>,
}

impl<'a> Parts<'a> {
    fn of(basic: &'a [u8]) -> Option<Self> {
        let mut basic = Reader::new(basic).open(SEQUENCE)?;
        let data = basic.next(SEQUENCE)?;
        let algorithm = basic.next(SEQUENCE)?.content;
        // The first byte of a bit string says how many of its last bits do not count.
        let signature = basic.next(BIT_STRING)?.content.strip_prefix(&[0])?;
        let certificates = basic.open(CONTEXT_0).and_then(|mut list| list.open(SEQUENCE));
        let mut inner = Reader::new(data.content);
        let _version = inner.next(CONTEXT_0);
        let _responder = inner.any()?;
        let _produced_at = inner.next(GENERALIZED_TIME)?;
        let responses = inner.open(SEQUENCE)?;
        let certificates = certificates.unwrap_or(Reader::new(&[]));
        Some(Self { signed: data.whole, algorithm, signature, certificates, responses })
    }

    /// Signed by the issuer itself, or by a certificate of its for signing answers (RFC 6960 §4.2.2.2).
    fn is_signed_for(&self, issuer: &CertificateDer<'_>, now: UnixTime) -> bool {
        let signed_by = |signer: &CertificateDer<'_>| {
            signature::is_by(signer, self.algorithm, self.signed, self.signature)
        };
        if signed_by(issuer) {
            return true;
        }
        let mut certificates = self.certificates;
        // One is what every responder sends.
        (0..3).map_while(|_| certificates.next(SEQUENCE)).any(|delegate| {
            let delegate = CertificateDer::from(delegate.whole);
            may_sign(&delegate, issuer, now) && signed_by(&delegate)
        })
    }
}

/// Whether the issuer gave this certificate out for signing answers.
fn may_sign(delegate: &CertificateDer<'_>, issuer: &CertificateDer<'_>, now: UnixTime) -> bool {
    let (Ok(delegate), Ok(anchor)) = (EndEntityCert::try_from(delegate), anchor_from_trusted_cert(issuer))
    else {
        return false;
    };
    let Ok(seconds) = u64::try_from(now.secs()) else { return false };
    let time = pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let usage = KeyUsage::required(OCSP_SIGNING);
    delegate.verify_for_usage(signature::algorithms(), &[anchor], &[], time, usage, None, None).is_ok()
}

fn status(mut single: Reader<'_>, now: UnixTime) -> Result<Status, Useless> {
    let status = match single.any().ok_or(Useless::Malformed)?.tag {
        0x80 => Status::Good,
        0xa1 => Status::Revoked,
        0x82 => Status::Unknown,
        _ => return Err(Useless::Malformed),
    };
    let time = |reader: &mut Reader<'_>| reader.next(GENERALIZED_TIME).and_then(|time| seconds(time.content));
    let this = time(&mut single).ok_or(Useless::Malformed)?;
    let next = match single.open(CONTEXT_0) {
        Some(mut next) => time(&mut next).ok_or(Useless::Malformed)?,
        None => this.saturating_add(WITHOUT_NEXT),
    };
    let now = now.secs();
    if this <= now.saturating_add(LEEWAY) && now <= next.saturating_add(LEEWAY) {
        Ok(status)
    } else {
        Err(Useless::Stale)
    }
}

#[cfg(test)]
mod tests;
