//! SHA-256 thumbprints: of keys (RFC 7638) and of certificates (RFC 8705 §3.1).

/// A SHA-256 thumbprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);
