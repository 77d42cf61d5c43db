//! Requests over TLS, whatever certificate the gateway shows.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind, SignatureScheme, StreamOwned,
};

use crate::Answer;

/// Sends bytes that hold one request whose connection ends with it, and reads the answer.
///
/// # Panics
/// When the gateway cannot be reached or does not answer.
#[must_use]
pub fn send(address: SocketAddr, bytes: &[u8]) -> Answer {
    Tls::new(None).send(address, "localhost", bytes).answer
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

/// A client of the gateway's TLS listener, which remembers sessions from one connection to the next.
#[derive(Debug, Clone)]
pub struct Tls(Arc<ClientConfig>);

/// An answer over TLS, and what the handshake was.
#[derive(Debug)]
pub struct OverTls {
    /// The answer.
    pub answer: Answer,
    /// Whether an earlier session was taken up again.
    pub resumed: bool,
    /// Whether the gateway would take data before the handshake ends.
    pub early: bool,
}

impl Identity {
    /// A certificate that nobody but itself has signed.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn self_signed(name: &str) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self { certificate: certificate.der().clone(), key: key.serialize_der() }
    }

    /// The value of `x5t#S256`.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        keybound_pop::thumbprint::certificate(&self.certificate).to_string()
    }
}

impl Tls {
    /// A client with this certificate, or without any.
    ///
    /// # Panics
    /// When the certificate and its key do not fit.
    #[must_use]
    pub fn new(identity: Option<&Identity>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)));
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::Pkcs8(identity.key.clone().into());
                builder.with_client_auth_cert(vec![identity.certificate.clone()], key).expect("its own key")
            }
        };
        config.enable_early_data = true;
        Self(Arc::new(config))
    }

    /// A connection for the server of this name; the handshake comes with the first bytes.
    ///
    /// # Panics
    /// When the gateway cannot be reached.
    #[must_use]
    pub fn connect(&self, address: SocketAddr, name: &str) -> StreamOwned<ClientConnection, TcpStream> {
        let stream = TcpStream::connect(address).expect("the gateway listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        self.over(stream, name)
    }

    /// The same over a connection that something was sent on before.
    ///
    /// # Panics
    /// When the name is none.
    #[must_use]
    pub fn over(&self, stream: TcpStream, name: &str) -> StreamOwned<ClientConnection, TcpStream> {
        let server = ServerName::try_from(name.to_owned()).expect("a name");
        let connection = ClientConnection::new(Arc::clone(&self.0), server).expect("a client");
        StreamOwned::new(connection, stream)
    }

    /// Sends bytes that hold one request whose connection ends with it, on a connection for the server of this name.
    ///
    /// # Panics
    /// When the gateway cannot be reached or does not answer.
    #[must_use]
    pub fn send(&self, address: SocketAddr, name: &str, bytes: &[u8]) -> OverTls {
        let mut stream = self.connect(address, name);
        let early = stream.conn.early_data().is_some();
        stream.write_all(bytes).expect("written");
        let mut received = Vec::new();
        // A close without a last word is as good as one with it.
        let _ = stream.read_to_end(&mut received);
        let answer = Answer::of(&received).expect("an answer");
        let resumed = stream.conn.handshake_kind() == Some(HandshakeKind::Resumed);
        OverTls { answer, resumed, early }
    }
}

/// An authority that signs certificates of clients.
#[derive(Debug)]
pub struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "suite");
        let pem = parameters.self_signed(&key).expect("a certificate").pem();
        Self { issuer: rcgen::Issuer::new(parameters, key), pem }
    }

    /// Its certificate.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate that it signs, valid in these years.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn certificate(&self, from: i32, until: i32) -> Identity {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut parameters = rcgen::CertificateParams::new(["client.test".to_owned()]).expect("a name");
        parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        Identity { certificate: certificate.der().clone(), key: key.serialize_der() }
    }
}

impl Identity {
    /// The certificate as RFC 9440 writes it in a field.
    #[must_use]
    pub fn field(&self) -> String {
        use base64::Engine as _;
        format!(":{}:", base64::engine::general_purpose::STANDARD.encode(&self.certificate))
    }
}

/// Believes every server.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
