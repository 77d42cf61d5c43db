use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use keybound_gateway::{CipherSuites, ServerIdentity, SuiteFault, TlsProtocols};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

use super::StartFault;
use crate::settings::{CipherSuite, Ciphers, Settings, TlsVersion};

/// What every listener with `ssl` speaks: `ssl_protocols`, `ssl_cipher_suite`, `ssl_ciphers`, `ssl_session_tickets`.
#[derive(Debug, Clone)]
pub(super) struct TlsPolicy {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
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
        let modern = settings.ssl_cipher_suite == CipherSuite::Modern;
        let mut provider = aws_lc_rs::default_provider();
        if custom {
            provider.cipher_suites.retain(|suite| is_named(suite, &settings.ssl_ciphers));
        }
        let has = |version: &'static SupportedProtocolVersion| {
            provider.cipher_suites.iter().any(|suite| suite.version() == version)
        };
        let mut versions = Vec::new();
        if wanted(TlsVersion::V13) && has(&TLS13) {
            versions.push(&TLS13);
        }
        if wanted(TlsVersion::V12) && has(&TLS12) && !modern {
            versions.push(&TLS12);
        }
        if versions.is_empty() {
            return Err(fault("ssl_protocols", "leaves no version of TLS that ssl_cipher_suite has"));
        }
        Ok(Self { provider: Arc::new(provider), versions, tickets: settings.ssl_session_tickets.0 })
    }

    /// The same for the data plane.
    pub(super) fn suites(&self) -> Result<CipherSuites, SuiteFault> {
        let has = |version: &'static SupportedProtocolVersion| self.versions.contains(&version);
        let protocols = match (has(&TLS12), has(&TLS13)) {
            (true, false) => TlsProtocols::Tls12,
            (false, true) => TlsProtocols::Tls13,
            _ => TlsProtocols::Both,
        };
        // The library's names of the suites of TLS 1.3 are the registered ones but for their first word.
        let name =
            |suite: &SupportedCipherSuite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1);
        let names: Vec<String> = self.provider.cipher_suites.iter().map(name).collect();
        CipherSuites::custom(&names.join(":"), protocols)
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
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.versions)
            .map_err(|error| error.to_string())?;
        let builder = match authorities {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let roots = Arc::new(roots.clone());
                let provider = Arc::clone(&self.provider);
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

/// Whether a suite is among the named ones. As with OpenSSL, those of TLS 1.3 stand apart: all of them count until one
/// is named.
fn is_named(suite: &SupportedCipherSuite, named: &Ciphers) -> bool {
    let registered = format!("{:?}", suite.suite());
    let is =
        |name: &&str| Ciphers::ALL.iter().any(|(openssl, known)| openssl == name && *known == registered);
    let some_of_13 = named.0.iter().any(|name| name.starts_with("TLS_"));
    named.0.iter().any(is) || (suite.version() == &TLS13 && !some_of_13)
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
    use super::*;
    use crate::settings::{ConfigFile, Inputs};

    fn policy(pairs: &[(&'static str, &str)]) -> Result<TlsPolicy, String> {
        let flags = pairs.iter().map(|(name, value)| (*name, "--test", (*value).to_owned())).collect();
        let inputs = Inputs { file: ConfigFile::None, environment: Vec::new(), flags };
        TlsPolicy::of(&Settings::load(&inputs).unwrap()).map_err(|fault| fault.to_string())
    }

    fn spoken(pairs: &[(&'static str, &str)]) -> (Vec<&'static SupportedProtocolVersion>, usize) {
        let policy = policy(pairs).unwrap();
        (policy.versions, policy.provider.cipher_suites.len())
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
        for pairs in [&[][..], &[("ssl_protocols", "TLSv1.2")], &[custom, one], &[custom, of_13]] {
            assert!(policy(pairs).unwrap().suites().is_ok(), "{pairs:?}");
        }
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
