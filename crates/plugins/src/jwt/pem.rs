//! Public keys in PEM (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The DER of the public key: a `SubjectPublicKeyInfo`, or an RSA key of PKCS #1. A text with a private key or a
/// certificate has none.
pub(super) fn public_key(text: &str) -> Option<Vec<u8>> {
    ["PUBLIC KEY", "RSA PUBLIC KEY"].into_iter().find_map(|label| block(text, label))
}

fn block(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: String = body.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_keys_are_read() {
        for label in ["PUBLIC KEY", "RSA PUBLIC KEY"] {
            let text = format!("x\n-----BEGIN {label}-----\r\nAAEC\nAwQF\n-----END {label}-----\n");
            assert_eq!(public_key(&text), Some(vec![0, 1, 2, 3, 4, 5]));
        }
        for label in ["PRIVATE KEY", "CERTIFICATE"] {
            assert_eq!(public_key(&format!("-----BEGIN {label}-----\nAAEC\n-----END {label}-----")), None);
        }
        for text in [
            "",
            "AAEC",
            "-----BEGIN PUBLIC KEY-----\nAAEC",
            "-----BEGIN PUBLIC KEY-----\n*\n-----END PUBLIC KEY-----",
        ] {
            assert_eq!(public_key(text), None, "{text}");
        }
    }
}
