//! The certificate that a bound token is compared with: the connection's, or the one that a TLS proxy sends in a header
//! field (`proof_of_possession_mtls_from_header`). It is one or the other, as the configuration says: a field that a client
//! sends itself never stands beside the certificate of its connection.
//!
//! The connection's certificate only has to be the token's: the client proved in the handshake that it holds the key (RFC
//! 8705 §2.2 and §3). One from a field is the word of the proxy, so it must also come from an authority.

use http::{HeaderMap, HeaderName};
use keybound_model::Record;
use keybound_pop::certificate::{self, Format, HeaderFault};
use keybound_pop::thumbprint::{self, Thumbprint};
use keybound_pop::time::UnixTime;
use serde_json::Value;

use crate::client_certificate::Trust;
use crate::contract::{Head, Material};
use crate::environment::Environment;
use crate::fault::AccessFault;
use crate::identity::{flag, text};

/// The field of the configuration.
const FIELD: &str = "proof_of_possession_mtls_from_header";

/// Where certificates come from.
#[derive(Debug)]
pub(super) enum CertificateSource {
    Connection,
    Header(Box<FromHeader>),
}

/// A header field with a certificate.
#[derive(Debug)]
pub(super) struct FromHeader {
    names: HeaderNames,
    format: Format,
    secure: bool,
    trust: Trust,
}

/// The field's name, and that of the field with the rest of the chain.
#[derive(Debug, Clone)]
pub(super) struct HeaderNames {
    certificate: HeaderName,
    chain: Option<HeaderName>,
}

/// A certificate that a request has.
#[derive(Debug)]
pub(super) struct ShownCertificate {
    pub(super) thumbprint: Thumbprint,
    /// The certificates to verify, where they are only a proxy's word.
    chain: Vec<Vec<u8>>,
}

impl HeaderNames {
    /// The names in the configuration; `None` when certificates come from the connection.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn parse(config: &Record) -> Result<Option<Self>, String> {
        let Some(settings) = config.get(FIELD).and_then(Value::as_object) else { return Ok(None) };
        let fault = || format!("{FIELD}.certificate_header_name: bad header name");
        let name = text(settings, "certificate_header_name").unwrap_or_default();
        let header = |name: &str| HeaderName::from_bytes(name.as_bytes()).map_err(|_| fault());
        let has_chain = text(settings, "certificate_header_format") == Some("rfc9440");
        let chain = has_chain.then(|| header(&format!("{name}-chain"))).transpose()?;
        Ok(Some(Self { certificate: header(name)?, chain }))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &HeaderName> {
        std::iter::once(&self.certificate).chain(&self.chain)
    }
}

impl CertificateSource {
    /// # Errors
    /// The field, and what is wrong with it.
    pub(super) fn parse(
        config: &Record,
        material: &Material,
        environment: &Environment,
    ) -> Result<Self, String> {
        let settings = config.get(FIELD).and_then(Value::as_object);
        let (Some(settings), Some(names)) = (settings, HeaderNames::parse(config)?) else {
            return Ok(Self::Connection);
        };
        let format = text(settings, "certificate_header_format").and_then(Format::from_name);
        let trust =
            Trust::parse(settings, material, environment).map_err(|fault| format!("{FIELD}.{fault}"))?;
        let secure = flag(settings, "secure_source");
        if !secure {
            tracing::warn!(
                header = %names.certificate,
                "secure_source is off: whoever can reach this gateway can claim any certificate"
            );
        }
        Ok(Self::Header(Box::new(FromHeader {
            names,
            format: format.unwrap_or(Format::UrlEncoded),
            secure,
            trust,
        })))
    }

    /// The certificate of a request, not verified yet.
    ///
    /// # Errors
    /// A field that is there twice, or cannot be read.
    pub(super) fn shown(&self, head: &Head) -> Result<Option<ShownCertificate>, HeaderFault> {
        match self {
            Self::Connection => Ok(head.connection.tls.as_ref().and_then(|tls| {
                let thumbprint = thumbprint::certificate(tls.client_chain.first()?);
                Some(ShownCertificate { thumbprint, chain: Vec::new() })
            })),
            Self::Header(header) => header.shown(head),
        }
    }

    /// Verifies what is only a proxy's word.
    ///
    /// # Errors
    /// Why the certificate is not trusted.
    pub(super) async fn verify(&self, shown: &ShownCertificate, now: UnixTime) -> Result<(), AccessFault> {
        match self {
            Self::Connection => Ok(()),
            Self::Header(header) => {
                header.trust.verifier.verify(&shown.chain, now).await.map(drop).map_err(AccessFault::from)
            }
        }
    }
}

impl FromHeader {
    fn shown(&self, head: &Head) -> Result<Option<ShownCertificate>, HeaderFault> {
        if self.secure && !head.connection.trusted {
            return Ok(None);
        }
        let lines = lines(&head.headers, &self.names.certificate);
        let rest = self.names.chain.as_ref().map(|name| lines_of_chain(&head.headers, name));
        let chain = certificate::read(self.format, &lines, &rest.unwrap_or_default())?;
        Ok(chain.and_then(|chain| {
            let thumbprint = thumbprint::certificate(chain.first()?);
            Some(ShownCertificate { thumbprint, chain })
        }))
    }
}

/// Two are enough to know that there are too many.
fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a [u8]> {
    headers.get_all(name).iter().take(2).map(http::HeaderValue::as_bytes).collect()
}

fn lines_of_chain<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a [u8]> {
    headers.get_all(name).iter().map(http::HeaderValue::as_bytes).collect()
}
