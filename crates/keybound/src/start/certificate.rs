use std::path::{Path, PathBuf};

use keybound_gateway::ServerIdentity;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::StartFault;
use super::prefix::Prefix;
use crate::settings::{PemSource, PemSources, Settings};

/// The names that a certificate made at first start is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The settings that name certificates and their keys, and the file that is made when they name none.
pub(super) struct Pair {
    pub(super) certificate: &'static str,
    pub(super) key: &'static str,
    file: &'static str,
    sources: fn(&Settings) -> (&PemSources, &PemSources),
}

/// The proxy's.
pub(super) const PROXY: Pair = Pair {
    certificate: "ssl_cert",
    key: "ssl_cert_key",
    file: "kong-default",
    sources: |settings| (&settings.ssl_cert, &settings.ssl_cert_key),
};

/// The Admin API's.
pub(super) const ADMIN: Pair = Pair {
    certificate: "admin_ssl_cert",
    key: "admin_ssl_cert_key",
    file: "admin-kong-default",
    sources: |settings| (&settings.admin_ssl_cert, &settings.admin_ssl_cert_key),
};

/// The Status API's.
pub(super) const STATUS: Pair = Pair {
    certificate: "status_ssl_cert",
    key: "status_ssl_cert_key",
    file: "status-kong-default",
    sources: |settings| (&settings.status_ssl_cert, &settings.status_ssl_cert_key),
};

/// What upstreams are shown. None is made.
pub(super) const CLIENT: Pair = Pair {
    certificate: "client_ssl_cert",
    key: "client_ssl_cert_key",
    file: "client",
    sources: |settings| (&settings.client_ssl_cert, &settings.client_ssl_cert_key),
};

impl Pair {
    /// The certificates: those that are set, or one that is made at first start and kept.
    pub(super) fn identities(
        &self,
        settings: &Settings,
        prefix: &Prefix,
    ) -> Result<Vec<ServerIdentity>, StartFault> {
        let configured = self.configured(settings)?;
        if !configured.is_empty() {
            return Ok(configured);
        }
        let (path, _) = prefix.certificate(self.file);
        let (certificate, key) = self.made_at_first_start(prefix)?;
        self.read_pem(&certificate, &key).map(|identity| vec![identity]).map_err(|(_, cause)| {
            prefix.fault(&path, std::io::Error::new(std::io::ErrorKind::InvalidData, cause))
        })
    }

    /// The certificates that are set, each with its key; empty when none is. Makes nothing and writes nothing.
    pub(super) fn configured(&self, settings: &Settings) -> Result<Vec<ServerIdentity>, StartFault> {
        let fault = |key, cause: String| StartFault::setting(settings, key, cause);
        let (certificates, keys) = (self.sources)(settings);
        let (certificates, keys) = (&certificates.0, &keys.0);
        match (certificates.len(), keys.len()) {
            (certificates, keys) if certificates == keys => {}
            (_, 0) => return Err(fault(self.certificate, format!("needs {} beside it", self.key))),
            (0, _) => return Err(fault(self.key, format!("needs {} beside it", self.certificate))),
            (certificates, keys) => {
                let cause =
                    format!("names {keys} keys, and {} {certificates} certificates", self.certificate);
                return Err(fault(self.key, cause));
            }
        }
        let read = |key, source: &PemSource| source.read().map_err(|cause| fault(key, cause));
        let pair = |(certificate, key): (&PemSource, &PemSource)| {
            let certificate = read(self.certificate, certificate)?;
            let key = read(self.key, key)?;
            self.read_pem(&certificate, &key).map_err(|(key, cause)| fault(key, cause))
        };
        certificates.iter().zip(keys).map(pair).collect()
    }

    fn read_pem(&self, certificate: &str, key: &str) -> Result<ServerIdentity, (&'static str, String)> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| (self.certificate, format!("is not PEM: {error}")))?;
        if chain.is_empty() {
            return Err((self.certificate, "holds no certificate".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| (self.key, "holds no unencrypted private key in PEM".to_owned()))?;
        let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)
            .map_err(|error| (self.key, format!("holds a key that cannot be used: {error}")))?;
        match rustls::sign::CertifiedKey::new(chain.clone(), signing).keys_match() {
            // A key whose public part cannot be told is let through: the handshake shows it.
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(ServerIdentity { chain, key })
            }
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err((self.key, format!("does not belong to the certificate of {}", self.certificate)))
            }
            Err(error) => {
                Err((self.certificate, format!("holds a certificate that cannot be used: {error}")))
            }
        }
    }

    /// The texts of certificate and key; makes both when either is missing.
    fn made_at_first_start(&self, prefix: &Prefix) -> Result<(String, String), StartFault> {
        let (certificate_path, key_path): (PathBuf, PathBuf) = prefix.certificate(self.file);
        if certificate_path.exists() && key_path.exists() {
            let read = |path: &Path| std::fs::read_to_string(path).map_err(|cause| prefix.fault(path, cause));
            return Ok((read(&certificate_path)?, read(&key_path)?));
        }
        let made = rcgen::generate_simple_self_signed(NAMES.map(str::to_owned).to_vec());
        let made = made.map_err(|error| StartFault::System {
            what: "a self-signed certificate cannot be made",
            cause: error.to_string(),
        })?;
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        prefix.write(&key_path, key.as_bytes(), 0o600)?;
        prefix.write(&certificate_path, certificate.as_bytes(), 0o644)?;
        tracing::info!(
            certificate = %certificate_path.display(),
            "no {} is set: made a self-signed certificate",
            self.certificate
        );
        Ok((certificate, key))
    }
}
