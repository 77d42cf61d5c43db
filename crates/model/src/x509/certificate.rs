use aws_lc_rs::digest::{SHA256, digest as hash};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::der::{BOOLEAN, GENERALIZED_TIME, INTEGER, OBJECT_ID, OCTET_STRING, Reader, SEQUENCE, UTC_TIME};
use super::{CertificateFault, PublicKey};

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate itself.
    pub der: Vec<u8>,
    /// The last second of its time, since 1970.
    pub not_after: i64,
    /// Whether the extension "basic constraints" says that it is an authority.
    pub is_authority: bool,
    /// Its key.
    pub key: PublicKey,
}

/// The certificates of a text in PEM, at least one, in its order. Blocks of another kind are passed over.
///
/// # Errors
/// [`CertificateFault`]
pub fn certificates(pem: &str) -> Result<Vec<Certificate>, CertificateFault> {
    let mut found = Vec::new();
    for block in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let block = block.map_err(|_| CertificateFault::Pem)?;
        found.push(parse(block.as_ref()).ok_or(CertificateFault::Der)?);
    }
    if found.is_empty() { Err(CertificateFault::Pem) } else { Ok(found) }
}

/// The SHA-256 of a certificate: 64 lower-case hexadecimal digits.
#[must_use]
pub fn digest(certificate: &Certificate) -> String {
    crate::hex::lower(hash(&SHA256, &certificate.der).as_ref())
}

/// The object identifier of the extension "basic constraints".
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// The tag of the version.
const VERSION: u8 = 0xa0;
/// The tags of the unique identifiers of version 2.
const UNIQUE_IDS: [u8; 2] = [0x81, 0x82];
/// The tag of the extensions.
const EXTENSIONS: u8 = 0xa3;

fn parse(der: &[u8]) -> Option<Certificate> {
    let mut outer = Reader::new(der);
    let mut certificate = outer.open(SEQUENCE)?;
    let mut body = certificate.open(SEQUENCE)?;
    let _version = body.optional(VERSION);
    body.expect(INTEGER)?;
    let _signature = body.expect(SEQUENCE)?;
    let _issuer = body.expect(SEQUENCE)?;
    let mut validity = body.open(SEQUENCE)?;
    validity.any()?;
    let not_after = time(validity.any()?)?;
    let _subject = body.expect(SEQUENCE)?;
    let key = PublicKey::from_spki(body.whole()?)?;
    for tag in UNIQUE_IDS {
        let _unique = body.optional(tag);
    }
    let is_authority = match body.optional(EXTENSIONS) {
        Some(extensions) => authority(extensions)?,
        None => false,
    };
    (outer.is_empty() && body.is_empty()).then(|| Certificate {
        der: der.to_vec(),
        not_after,
        is_authority,
        key,
    })
}

fn authority(extensions: &[u8]) -> Option<bool> {
    let mut list = Reader::new(extensions).open(SEQUENCE)?;
    while !list.is_empty() {
        let mut extension = list.open(SEQUENCE)?;
        let name = extension.expect(OBJECT_ID)?;
        let _critical = extension.optional(BOOLEAN);
        let value = extension.expect(OCTET_STRING)?;
        if name == BASIC_CONSTRAINTS {
            let mut constraints = Reader::new(value).open(SEQUENCE)?;
            return Some(constraints.optional(BOOLEAN).is_some_and(|flag| flag != [0]));
        }
    }
    Some(false)
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` in seconds since 1970.
fn time((tag, text): (u8, &[u8])) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    if rest.len() != 10 {
        return None;
    }
    let part = |at: usize| rest.get(at..at + 2).and_then(number);
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    let sane =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    sane.then(|| days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Days since 1970 of a date of the Gregorian calendar. Years begin in March, so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970() {
        let cases = [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "000229120000Z", Some(951_825_600)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "20501301000000Z", None),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "700101000000", None),
            (INTEGER, "700101000000Z", None),
        ];
        for (tag, text, expected) in cases {
            assert_eq!(time((tag, text.as_bytes())), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert_eq!(certificates("x"), Err(CertificateFault::Pem));
        let block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(block), Err(CertificateFault::Der));
    }
}
