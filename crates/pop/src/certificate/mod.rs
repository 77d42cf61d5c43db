//! A client's certificate as a TLS proxy passes it on: in a header field.
//!
//! What is read here is not verified: who may send the field, who issued the certificate and whether it is in time is for
//! the caller to check. The thumbprint that a token is compared with is [`crate::thumbprint::certificate`] of the first
//! certificate.

mod pem;
mod rfc9440;
mod xfcc;

/// How the field carries the certificate (`certificate_header_format`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// PEM with everything but unreserved characters percent-encoded: nginx's `$ssl_client_escaped_cert`.
    UrlEncoded,
    /// DER in base64, without the lines of PEM.
    Base64Encoded,
    /// `Client-Cert`, with the rest of the chain in `Client-Cert-Chain` (RFC 9440).
    Rfc9440,
    /// Envoy's `X-Forwarded-Client-Cert`: `Cert` and `Chain` of the last element, which the nearest proxy added.
    Xfcc,
}

/// Why a field holds no certificate that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HeaderFault {
    /// More than one field line.
    #[error("the client certificate's header field is there more than once")]
    Repeated,
    /// More bytes than [`MAX_FIELD`], or more certificates than [`MAX_CHAIN`].
    #[error("the client certificate's header field is too long")]
    TooLong,
    /// Not in the format.
    #[error("the client certificate's header field is malformed")]
    Malformed,
    /// More than one certificate where the format has one.
    #[error("the client certificate's header field holds more than one certificate")]
    Many,
}

/// Most bytes of a field that are looked at.
pub const MAX_FIELD: usize = 64 * 1024;
/// Most certificates of a chain.
pub const MAX_CHAIN: usize = 8;

impl HeaderFault {
    /// Every fault, for the documentation.
    pub const ALL: [Self; 4] = [Self::Repeated, Self::TooLong, Self::Malformed, Self::Many];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Repeated => "certificate_header_repeated",
            Self::TooLong => "certificate_header_too_long",
            Self::Malformed => "certificate_header_malformed",
            Self::Many => "certificate_header_many",
        }
    }
}

impl Format {
    /// The format of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "url_encoded" => Self::UrlEncoded,
            "base64_encoded" => Self::Base64Encoded,
            "rfc9440" => Self::Rfc9440,
            "xfcc" => Self::Xfcc,
            _ => return None,
        })
    }
}

/// The certificates in DER, the client's own first, from the lines of the field and (for [`Format::Rfc9440`]) those of
/// the field with the rest of the chain. `None` where there is no field, or an empty one: the client showed none.
///
/// # Errors
/// See [`HeaderFault`].
pub fn read(format: Format, lines: &[&[u8]], rest: &[&[u8]]) -> Result<Option<Vec<Vec<u8>>>, HeaderFault> {
    let line = match lines {
        [] => return Ok(None),
        [line] => line.trim_ascii(),
        _ => return Err(HeaderFault::Repeated),
    };
    if line.is_empty() {
        return Ok(None);
    }
    if line.len() + rest.iter().map(|line| line.len()).sum::<usize>() > MAX_FIELD {
        return Err(HeaderFault::TooLong);
    }
    let text = std::str::from_utf8(line).map_err(|_| HeaderFault::Malformed)?;
    let chain = match format {
        Format::UrlEncoded => vec![one(pem::certificates(&pem::unescaped(text)?)?)?],
        Format::Base64Encoded => vec![pem::der(text)?],
        Format::Rfc9440 => rfc9440::chain(text, rest)?,
        Format::Xfcc => match xfcc::chain(text)? {
            Some(chain) => chain,
            None => return Ok(None),
        },
    };
    if chain.len() > MAX_CHAIN {
        return Err(HeaderFault::TooLong);
    }
    Ok(Some(chain))
}

fn one(certificates: Vec<Vec<u8>>) -> Result<Vec<u8>, HeaderFault> {
    let mut certificates = certificates.into_iter();
    match (certificates.next(), certificates.next()) {
        (Some(certificate), None) => Ok(certificate),
        (None, _) => Err(HeaderFault::Malformed),
        (Some(_), Some(_)) => Err(HeaderFault::Many),
    }
}

#[cfg(test)]
mod tests;
