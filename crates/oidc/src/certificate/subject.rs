use std::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;

use super::CertificateFault;

/// Whom a certificate is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// Its alternative names in their order: host names, mail addresses, URIs, IP addresses.
    pub alternative_names: Vec<String>,
    /// Its common name; of several, the first.
    pub common_name: Option<String>,
    /// Its distinguished name: `C=US/O=Example/CN=client`.
    pub distinguished_name: String,
}

impl Subject {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`CertificateFault::Malformed`]
    pub fn of(der: &[u8]) -> Result<Self, CertificateFault> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateFault::Malformed)?;
        let names = certificate.subject_alternative_name().map_err(|_| CertificateFault::Malformed)?;
        let names = names.map_or(&[][..], |extension| extension.value.general_names.as_slice());
        let subject = certificate.subject();
        let parts = subject.iter_attributes().map(|attribute| {
            let oid = attribute.attr_type();
            let name = oid2abbrev(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned);
            format!("{name}={}", attribute.as_str().unwrap_or_default())
        });
        Ok(Self {
            alternative_names: names.iter().filter_map(text).collect(),
            common_name: subject.iter_common_name().find_map(|name| name.as_str().ok()).map(str::to_owned),
            distinguished_name: parts.collect::<Vec<_>>().join("/"),
        })
    }
}

fn text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(|bytes| Ipv4Addr::from(bytes).to_string());
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(|bytes| Ipv6Addr::from(bytes).to_string())).ok()
        }
        _ => None,
    }
}
