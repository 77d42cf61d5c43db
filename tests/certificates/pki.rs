use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    RevokedCertParams, SerialNumber, date_time_ymd,
};

/// A certificate with its key, in files too.
pub(crate) struct Made {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) files: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate is to have.
#[derive(Default)]
pub(crate) struct Wish<'a> {
    pub(crate) names: &'a [&'a str],
    pub(crate) serial: u64,
    pub(crate) list: Option<&'a str>,
    pub(crate) ocsp: Option<&'a str>,
    pub(crate) expired: bool,
    pub(crate) authority: bool,
    pub(crate) usage: Option<ExtendedKeyUsagePurpose>,
}

pub(crate) fn authority(name: &str) -> Made {
    make(name, Wish { authority: true, ..Wish::default() }, None)
}

pub(crate) fn self_signed(name: &str) -> Made {
    make(name, Wish::default(), None)
}

impl Made {
    pub(crate) fn issue(&self, name: &str) -> Self {
        make(name, Wish::default(), Some(self))
    }

    pub(crate) fn issue_with(&self, name: &str, wish: Wish<'_>) -> Self {
        make(name, wish, Some(self))
    }

    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.files.path().join("cert.pem")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.files.path().join("key.pem")
    }

    /// A list with these serial numbers, in PEM.
    pub(crate) fn list(&self, revoked: &[u64]) -> String {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2025, 1, 1),
            next_update: date_time_ymd(2040, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

fn make(name: &str, wish: Wish<'_>, by: Option<&Made>) -> Made {
    let names: Vec<String> = wish.names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    if wish.authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    if wish.expired {
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    if wish.serial > 0 {
        params.serial_number = Some(SerialNumber::from(wish.serial));
    }
    params.extended_key_usages.extend(wish.usage);
    if let Some(url) = wish.list {
        params.crl_distribution_points.push(CrlDistributionPoint { uris: vec![url.to_owned()] });
    }
    if let Some(url) = wish.ocsp {
        params.custom_extensions.push(ocsp_place(url));
    }
    let key = KeyPair::generate().unwrap();
    let certificate = match by {
        Some(by) => params.signed_by(&key, &by.issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let files = tempfile::tempdir().unwrap();
    let (der, pem) = (certificate.der().to_vec(), certificate.pem());
    std::fs::write(files.path().join("cert.pem"), &pem).unwrap();
    std::fs::write(files.path().join("key.pem"), key.serialize_pem()).unwrap();
    Made { der, pem, files, issuer: Issuer::new(params, key) }
}

/// The extension `authorityInfoAccess` with one responder.
fn ocsp_place(url: &str) -> CustomExtension {
    let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let method = wrap(0x06, &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01]);
    let access = wrap(0x30, &[method, wrap(0x86, url.as_bytes())].concat());
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], wrap(0x30, &access))
}
