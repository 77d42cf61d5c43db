use reqwest::Url;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;

/// How many places of each kind are asked.
const MAX_PLACES: usize = 2;
/// `id-ad-ocsp` (RFC 5280 §4.2.2.1).
const OCSP: &str = "1.3.6.1.5.5.7.48.1";

/// Where a certificate says that its revocation can be asked about.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) ocsp: Vec<Url>,
    pub(super) lists: Vec<Url>,
}

impl Sources {
    /// Only to be read from a certificate whose issuer is trusted: whoever can name places here decides whom this node
    /// calls. Only http and https, no credentials in them, and only the first few.
    pub(super) fn of(der: &[u8]) -> Self {
        let mut sources = Self::default();
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return sources };
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::AuthorityInfoAccess(access) => {
                    let ocsp = access.accessdescs.iter().filter(|a| a.access_method.to_id_string() == OCSP);
                    sources.ocsp.extend(ocsp.filter_map(|access| place(&access.access_location)));
                }
                ParsedExtension::CRLDistributionPoints(points) => {
                    let names = points.points.iter().filter_map(|point| match &point.distribution_point {
                        Some(DistributionPointName::FullName(names)) => Some(names.iter()),
                        _ => None,
                    });
                    sources.lists.extend(names.flatten().filter_map(place));
                }
                _ => {}
            }
        }
        sources.ocsp.truncate(MAX_PLACES);
        sources.lists.truncate(MAX_PLACES);
        sources
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ocsp.is_empty() && self.lists.is_empty()
    }
}

fn place(name: &GeneralName<'_>) -> Option<Url> {
    let GeneralName::URI(text) = name else { return None };
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}
