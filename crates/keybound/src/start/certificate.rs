use keybound_gateway::ServerIdentity;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::StartFault;
use super::prefix::Prefix;
use crate::settings::{PemSource, Settings};

/// The names that a certificate made at first start is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The certificate of the TLS listeners: the one that is set, or one that is made at first start and kept. `None`
/// when no listener speaks TLS.
pub(super) fn identity(settings: &Settings, prefix: &Prefix) -> Result<Option<ServerIdentity>, StartFault> {
    if !needed(settings) {
        return Ok(None);
    }
    if let Some(identity) = configured(settings)? {
        return Ok(Some(identity));
    }
    let (certificate, key) = made_at_first_start(prefix)?;
    from_pem(&certificate, &key).map(Some).map_err(|(_, cause)| {
        let (path, _) = prefix.certificate();
        prefix.fault(&path, std::io::Error::new(std::io::ErrorKind::InvalidData, cause))
    })
}

/// The certificate that is set; `None` when none is. Makes nothing and writes nothing.
pub(super) fn configured(settings: &Settings) -> Result<Option<ServerIdentity>, StartFault> {
    let fault = |key, cause: String| StartFault::setting(settings, key, cause);
    let (certificate, key) = match (settings.ssl_cert.0.as_slice(), settings.ssl_cert_key.0.as_slice()) {
        ([], []) => return Ok(None),
        ([certificate], [key]) => (certificate, key),
        ([_], []) => return Err(fault("ssl_cert", "needs ssl_cert_key beside it".to_owned())),
        ([], [_]) => return Err(fault("ssl_cert_key", "needs ssl_cert beside it".to_owned())),
        _ => {
            return Err(fault(
                "ssl_cert",
                "one certificate and one key are supported, not several".to_owned(),
            ));
        }
    };
    let read = |key, source: &PemSource| source.read().map_err(|cause| fault(key, cause));
    let certificate = read("ssl_cert", certificate)?;
    let key = read("ssl_cert_key", key)?;
    from_pem(&certificate, &key).map(Some).map_err(|(key, cause)| fault(key, cause))
}

fn needed(settings: &Settings) -> bool {
    settings.proxy_listen.0.iter().any(|listen| listen.ssl)
}

fn from_pem(certificate: &str, key: &str) -> Result<ServerIdentity, (&'static str, String)> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| ("ssl_cert", format!("is not PEM: {error}")))?;
    if chain.is_empty() {
        return Err(("ssl_cert", "holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| ("ssl_cert_key", "holds no unencrypted private key in PEM".to_owned()))?;
    let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)
        .map_err(|error| ("ssl_cert_key", format!("holds a key that cannot be used: {error}")))?;
    match rustls::sign::CertifiedKey::new(chain.clone(), signing).keys_match() {
        // A key whose public part cannot be told is let through: the handshake shows it.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(ServerIdentity { chain, key })
        }
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(("ssl_cert_key", "does not belong to the certificate of ssl_cert".to_owned()))
        }
        Err(error) => Err(("ssl_cert", format!("holds a certificate that cannot be used: {error}"))),
    }
}

/// The texts of certificate and key; makes both when either is missing.
fn made_at_first_start(prefix: &Prefix) -> Result<(String, String), StartFault> {
    let (certificate_path, key_path) = prefix.certificate();
    if certificate_path.exists() && key_path.exists() {
        let read =
            |path: &std::path::Path| std::fs::read_to_string(path).map_err(|cause| prefix.fault(path, cause));
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
        "no ssl_cert is set: made a self-signed certificate"
    );
    Ok((certificate, key))
}
