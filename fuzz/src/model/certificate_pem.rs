//! Any text as certificates and keys in PEM, and any bytes as the DER within.

use keybound_model::x509;

/// Certificates are whole and in order; a key that is taken can be compared.
pub fn run(data: &[u8]) {
    if let Some(key) = x509::PublicKey::from_spki(data) {
        assert!(!key.bits.is_empty() && key.bits.len() <= data.len());
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let found = x509::certificates(text);
    if let Ok(certificates) = &found {
        assert!(!certificates.is_empty());
        for certificate in certificates {
            assert_eq!(certificate.der.first(), Some(&0x30));
            assert!(certificate.der.len() < text.len());
            assert_eq!(x509::digest(certificate), x509::digest(certificate));
        }
    }
    if let Some(key) = x509::PublicKey::from_pem(text) {
        assert!(!key.bits.is_empty());
    }
    if let Ok(key) = x509::public_half(text) {
        assert!(!key.bits.is_empty());
    }
}
