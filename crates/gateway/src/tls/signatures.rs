/// What of a handshake is checked whatever else is: that the peer holds the key of the certificate that it shows. The three
/// methods are those of rustls's verifiers of servers and of clients alike.
macro_rules! handshake_signatures {
    ($this:ident => $provider:expr) => {
        fn verify_tls12_signature(
            &$this,
            message: &[u8],
            certificate: &rustls::pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = &$provider.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
        }

        fn verify_tls13_signature(
            &$this,
            message: &[u8],
            certificate: &rustls::pki_types::CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = &$provider.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
        }

        fn supported_verify_schemes(&$this) -> Vec<rustls::SignatureScheme> {
            $provider.signature_verification_algorithms.supported_schemes()
        }
    };
}

pub(super) use handshake_signatures;
