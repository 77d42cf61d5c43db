//! HMAC signatures with a client's secret: assertions of `client_secret_jwt`, and tokens where `enable_hs_signatures` is on.

use aws_lc_rs::hmac;

/// A JWS algorithm with a shared secret (RFC 7518 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// HMAC with SHA-384.
    Hs384,
    /// HMAC with SHA-512.
    Hs512,
}

impl HmacAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::Hs384, Self::Hs512];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The algorithm of that registered name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The bytes that a secret must have: those of the hash (RFC 7518 §3.2). A shorter one can be guessed from one signature.
    #[must_use]
    pub const fn least_secret(self) -> usize {
        match self {
            Self::Hs256 => 32,
            Self::Hs384 => 48,
            Self::Hs512 => 64,
        }
    }

    pub(crate) fn sign(self, secret: &str, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key(secret), message).as_ref().to_vec()
    }

    /// Compares in constant time.
    fn verify(self, secret: &str, message: &[u8], signature: &[u8]) -> bool {
        hmac::verify(&self.key(secret), message, signature).is_ok()
    }

    fn key(self, secret: &str) -> hmac::Key {
        let algorithm = match self {
            Self::Hs256 => hmac::HMAC_SHA256,
            Self::Hs384 => hmac::HMAC_SHA384,
            Self::Hs512 => hmac::HMAC_SHA512,
        };
        hmac::Key::new(algorithm, secret.as_bytes())
    }
}

/// Secrets that are shared with the configured provider, and may verify what it signs.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecrets(Vec<String>);

impl SharedSecrets {
    /// Those of the configured clients. Each serves the algorithms for which it is long enough, and no others.
    #[must_use]
    pub fn new(secrets: Vec<String>) -> Self {
        Self(secrets)
    }

    /// Whether one of the secrets made this signature.
    pub(crate) fn verify(&self, algorithm: HmacAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        self.0
            .iter()
            .filter(|secret| secret.len() >= algorithm.least_secret())
            .any(|secret| algorithm.verify(secret, message, signature))
    }
}

impl std::fmt::Debug for SharedSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SharedSecrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_serves_only_algorithms_for_which_it_is_long_enough() {
        let secret = "0123456789abcdef0123456789abcdef";
        let secrets = SharedSecrets::new(vec!["other".to_owned(), secret.to_owned()]);
        for (algorithm, serves) in
            [(HmacAlgorithm::Hs256, true), (HmacAlgorithm::Hs384, false), (HmacAlgorithm::Hs512, false)]
        {
            let signature = algorithm.sign(secret, b"message");
            assert_eq!(secrets.verify(algorithm, b"message", &signature), serves, "{algorithm:?}");
            assert!(!secrets.verify(algorithm, b"massage", &signature));
        }
        let short = HmacAlgorithm::Hs256.sign("other", b"message");
        assert!(!secrets.verify(HmacAlgorithm::Hs256, b"message", &short));
    }
}
