use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use keybound_gateway::{CipherSuites, ServerIdentity, TlsProtocols};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use super::StartFault;
use crate::settings::{CipherSuite, Settings, TlsVersion};

/// What every listener with `ssl` speaks: `ssl_protocols`, `ssl_cipher_suite`, `ssl_ciphers`, `ssl_session_tickets`.
#[derive(Debug, Clone)]
pub(super) struct TlsPolicy {
    /// The same for the data plane as for the Admin API and the Status API.
    pub(super) suites: CipherSuites,
    pub(super) tickets: bool,
}

impl TlsPolicy {
    pub(super) fn of(settings: &Settings) -> Result<Self, StartFault> {
        let fault = |key, cause: &str| StartFault::setting(settings, key, cause);
        let custom = settings.ssl_cipher_suite == CipherSuite::Custom;
        match (custom, settings.ssl_ciphers.0.is_empty()) {
            (true, true) => return Err(fault("ssl_cipher_suite", "custom needs ssl_ciphers beside it")),
            (false, false) => {
                return Err(fault("ssl_ciphers", "only counts with ssl_cipher_suite = custom"));
            }
            _ => {}
        }
        let wanted = |version| settings.ssl_protocols.0.contains(&version);
        // As with OpenSSL, suites of TLS 1.3 stand apart: all of them count until one is named.
        let has12 = match settings.ssl_cipher_suite {
            CipherSuite::Modern => false,
            CipherSuite::Intermediate => true,
            CipherSuite::Custom => settings.ssl_ciphers.0.iter().any(|name| !name.starts_with("TLS_")),
        };
        let protocols = match (wanted(TlsVersion::V12) && has12, wanted(TlsVersion::V13)) {
            (true, true) => TlsProtocols::Both,
            (true, false) => TlsProtocols::Tls12,
            (false, true) => TlsProtocols::Tls13,
            (false, false) => {
                return Err(fault("ssl_protocols", "leaves no version of TLS that ssl_cipher_suite has"));
            }
        };
        let names =
            if custom { settings.ssl_ciphers.0.clone() } else { CipherSuites::names().collect::<Vec<_>>() };
        let suites = CipherSuites::custom(&names.join(":"), protocols)
            .map_err(|cause| fault("ssl_cipher_suite", &cause.to_string()))?;
        Ok(Self { suites, tickets: settings.ssl_session_tickets.0 })
    }

    /// What a listener with these certificates speaks. With authorities, clients must show a certificate of theirs.
    ///
    /// # Errors
    /// What the library says.
    pub(super) fn server(
        &self,
        certificates: Arc<ByScheme>,
        authorities: Option<&RootCertStore>,
        http2: bool,
    ) -> Result<ServerConfig, String> {
        let provider = Arc::new(self.suites.provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.suites.versions())
            .map_err(|error| error.to_string())?;
        let builder = match authorities {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let roots = Arc::new(roots.clone());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                builder.with_client_cert_verifier(verifier.map_err(|error| error.to_string())?)
            }
        };
        let mut config = builder.with_cert_resolver(certificates);
        config.alpn_protocols =
            if http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
        if self.tickets {
            config.ticketer = aws_lc_rs::Ticketer::new().map_err(|error| error.to_string())?;
        } else {
            config.send_tls13_tickets = 0;
            config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        }
        Ok(config)
    }
}

/// The authorities of a PEM text.
///
/// # Errors
/// What is wrong with it.
pub(super) fn authorities(pem: &[String]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for text in pem {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let certificate = certificate.map_err(|error| format!("is not PEM: {error}"))?;
            roots
                .add(certificate)
                .map_err(|error| format!("holds a certificate that cannot be used: {error}"))?;
        }
        if roots.len() == before {
            return Err("holds no certificate in PEM".to_owned());
        }
    }
    Ok(roots)
}

fn certified(identity: &ServerIdentity) -> Result<Arc<CertifiedKey>, String> {
    let key = aws_lc_rs::sign::any_supported_type(&identity.key).map_err(|error| error.to_string())?;
    Ok(Arc::new(CertifiedKey::new(identity.chain.clone(), key)))
}

/// Shows the first certificate whose key the client can check: RSA and ECDSA side by side.
pub(super) struct ByScheme(ArcSwap<Vec<Arc<CertifiedKey>>>);

impl ByScheme {
    /// # Errors
    /// What is wrong with a key.
    pub(super) fn of(identities: &[ServerIdentity]) -> Result<Self, String> {
        let certificates = identities.iter().map(certified).collect::<Result<_, _>>()?;
        Ok(Self(ArcSwap::from_pointee(certificates)))
    }

    /// Shows what the other would, from the next handshake on.
    pub(super) fn replace(&self, other: &Self) {
        self.0.store(other.0.load_full());
    }
}

impl ResolvesServerCert for ByScheme {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let fits =
            |certified: &&Arc<CertifiedKey>| certified.key.choose_scheme(hello.signature_schemes()).is_some();
        let certificates = self.0.load();
        certificates.iter().find(fits).or_else(|| certificates.first()).cloned()
    }
}

impl fmt::Debug for ByScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByScheme").field("certificates", &self.0.load().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use rustls::SupportedProtocolVersion;
    use rustls::version::{TLS12, TLS13};

    use super::*;
    use crate::settings::{ConfigFile, Inputs};

    fn policy(pairs: &[(&'static str, &str)]) -> Result<TlsPolicy, String> {
        let flags = pairs.iter().map(|(name, value)| (*name, "--test", (*value).to_owned())).collect();
        let inputs = Inputs { file: ConfigFile::None, environment: Vec::new(), flags };
        TlsPolicy::of(&Settings::load(&inputs).unwrap()).map_err(|fault| fault.to_string())
    }

    fn spoken(pairs: &[(&'static str, &str)]) -> (Vec<&'static SupportedProtocolVersion>, usize) {
        let policy = policy(pairs).unwrap();
        (policy.suites.versions(), policy.suites.provider().cipher_suites.len())
    }

    #[test]
    fn protocols_and_suite_together_say_what_is_spoken() {
        assert_eq!(spoken(&[]), (vec![&TLS13, &TLS12], 9));
        assert_eq!(spoken(&[("ssl_cipher_suite", "modern")]).0, [&TLS13]);
        assert_eq!(spoken(&[("ssl_protocols", "TLSv1.3")]).0, [&TLS13]);
        assert_eq!(spoken(&[("ssl_protocols", "TLSv1.2")]).0, [&TLS12]);
        let custom = ("ssl_cipher_suite", "custom");
        let one = ("ssl_ciphers", "ECDHE-RSA-AES128-GCM-SHA256");
        assert_eq!(spoken(&[custom, one]), (vec![&TLS13, &TLS12], 4));
        let of_13 = ("ssl_ciphers", "TLS_AES_128_GCM_SHA256");
        assert_eq!(spoken(&[custom, of_13]), (vec![&TLS13], 1));
    }

    #[test]
    fn what_cannot_be_spoken_is_named() {
        assert_eq!(
            policy(&[("ssl_cipher_suite", "custom")]).unwrap_err(),
            "option --test: ssl_cipher_suite: custom needs ssl_ciphers beside it"
        );
        assert_eq!(
            policy(&[("ssl_ciphers", "TLS_AES_128_GCM_SHA256")]).unwrap_err(),
            "option --test: ssl_ciphers: only counts with ssl_cipher_suite = custom"
        );
        assert_eq!(
            policy(&[("ssl_cipher_suite", "modern"), ("ssl_protocols", "TLSv1.2")]).unwrap_err(),
            "option --test: ssl_protocols: leaves no version of TLS that ssl_cipher_suite has"
        );
    }
}
