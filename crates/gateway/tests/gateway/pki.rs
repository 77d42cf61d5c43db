//! Certificates made for a test.

use std::sync::Arc;

use keybound_gateway::ServerIdentity;
use keybound_model::entity::{CaCertificate, Certificate};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use rustls::client::WantsClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ConfigBuilder, DigitallySignedStruct, SignatureScheme};
use uuid::Uuid;

/// A chain with its key, leaf first.
pub(crate) struct Made {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) pem: String,
    pub(crate) key: KeyPair,
}

/// An authority, and the certificates between its own and a trusted one.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
    below: Vec<(CertificateDer<'static>, String)>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A certificate signed with its own key, of the type that is usual.
pub(crate) fn self_signed(name: &str) -> Made {
    signed_with(name, KeyPair::generate().unwrap())
}

/// The same with an RSA key.
pub(crate) fn self_signed_rsa(name: &str) -> Made {
    signed_with(name, KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap())
}

/// The same as tools make it: marked as an authority's. In force, or no longer.
pub(crate) fn self_signed_authority(name: &str, in_force: bool) -> Made {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    if !in_force {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Made { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
}

fn signed_with(name: &str, key: KeyPair) -> Made {
    let certificate = params(name).self_signed(&key).unwrap();
    Made { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let (der, pem) = (certificate.der().clone(), certificate.pem());
        Self { issuer: Issuer::new(params, key), der, pem, below: Vec::new() }
    }

    /// An authority that this one vouches for.
    pub(crate) fn authority(&self, name: &str) -> Self {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (der, pem) = (certificate.der().clone(), certificate.pem());
        let mut below = vec![(der.clone(), pem.clone())];
        below.extend(self.below.iter().cloned());
        Self { issuer: Issuer::new(params, key), der, pem, below }
    }

    pub(crate) fn certificate(&self, name: &str) -> Made {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name).signed_by(&key, &self.issuer).unwrap();
        let mut chain = vec![certificate.der().clone()];
        let mut pem = certificate.pem();
        for (der, text) in &self.below {
            chain.push(der.clone());
            pem.push_str(text);
        }
        Made { chain, pem, key }
    }

    pub(crate) fn entity(&self, number: u128) -> CaCertificate {
        CaCertificate { id: Uuid::from_u128(number), cert: self.pem.clone() }
    }
}

impl Made {
    pub(crate) fn leaf(&self) -> &CertificateDer<'static> {
        &self.chain[0]
    }

    pub(crate) fn der_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }

    pub(crate) fn identity(&self) -> ServerIdentity {
        ServerIdentity { chain: self.chain.clone(), key: self.der_key() }
    }

    pub(crate) fn entity(&self, number: u128) -> Certificate {
        Certificate {
            id: Uuid::from_u128(number),
            cert: self.pem.clone(),
            key: self.key.serialize_pem(),
            cert_alt: None,
            key_alt: None,
        }
    }
}

/// A client that takes any certificate; the test looks at which it was.
pub(crate) fn any_certificate(
    versions: &[&'static rustls::SupportedProtocolVersion],
    schemes: Option<Vec<SignatureScheme>>,
) -> Arc<ClientConfig> {
    Arc::new(taking_any(versions, schemes).with_no_client_auth())
}

/// The same client with a certificate of its own.
pub(crate) fn showing(
    versions: &[&'static rustls::SupportedProtocolVersion],
    certificate: &Made,
) -> ClientConfig {
    let (chain, key) = (certificate.chain.clone(), certificate.der_key());
    taking_any(versions, None).with_client_auth_cert(chain, key).unwrap()
}

fn taking_any(
    versions: &[&'static rustls::SupportedProtocolVersion],
    schemes: Option<Vec<SignatureScheme>>,
) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let schemes = schemes.unwrap_or_else(|| provider.signature_verification_algorithms.supported_schemes());
    let anything = Arc::new(Anything { provider: Arc::clone(&provider), schemes });
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    builder.dangerous().with_custom_certificate_verifier(anything)
}

#[derive(Debug)]
struct Anything {
    provider: Arc<CryptoProvider>,
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
