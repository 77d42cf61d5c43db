//! Faults of those who say who they are: keys, passwords, tokens and signatures of consumers.

use http::StatusCode;

use super::{Blame, Row};

/// Why a caller is not taken for a consumer, or not let through as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// `anonymous` names nobody.
    #[error("the anonymous consumer is not there")]
    AnonymousUnknown,
    /// `key-auth`: no key, or an empty one.
    #[error("no key was presented")]
    KeyMissing,
    /// `key-auth`: the same name twice.
    #[error("a key was presented more than once")]
    KeyRepeated,
    /// `key-auth`: a key that nobody has, or that has ended.
    #[error("the key is nobody's, or has ended")]
    KeyUnknown,
    /// `basic-auth`: no `Authorization`.
    #[error("no name and password were presented")]
    BasicMissing,
    /// `basic-auth`: not the scheme, not base64, no colon, or more than one field.
    #[error("name and password cannot be read")]
    BasicMalformed,
    /// `basic-auth`: the name or the password is wrong.
    #[error("the name or the password is wrong")]
    BasicRejected,
    /// `jwt`: no token.
    #[error("no token was presented")]
    JwtMissing,
    /// `jwt`: two tokens that are not the same.
    #[error("more than one token was presented")]
    JwtAmbiguous,
    /// `jwt`: not one unambiguous signed token.
    #[error("the token is not a signed token of a known form")]
    JwtMalformed,
    /// `jwt`: the claim that names the credential is not there.
    #[error("the token does not name its credential")]
    JwtKeyMissing,
    /// `jwt`: the claim that names the credential is empty or no text.
    #[error("the token's name of its credential is empty or no text")]
    JwtKeyInvalid,
    /// `jwt`: a credential that nobody has.
    #[error("the token's credential is nobody's")]
    JwtUnknown,
    /// `jwt`: not the credential's algorithm.
    #[error("the token's algorithm is not its credential's")]
    JwtAlgorithm,
    /// `jwt`: the credential's key or secret cannot be used.
    #[error("the credential's key or secret cannot be used")]
    JwtKey,
    /// `jwt`: the signature does not verify.
    #[error("the token's signature does not verify")]
    JwtSignature,
    /// `jwt`: the times of the token.
    #[error("the token's times do not allow its use")]
    JwtTimes,
    /// `hmac-auth`: no signature.
    #[error("no signature was presented")]
    HmacMissing,
    /// `hmac-auth`: no date, one that cannot be read, or one too far from ours.
    #[error("the date is missing or too far from ours")]
    HmacDate,
    /// `hmac-auth`: a field that cannot be read, an algorithm that is not allowed, or a header that is not signed.
    #[error("the signature cannot be read or does not cover what it must")]
    HmacMalformed,
    /// `hmac-auth`: a name that nobody has.
    #[error("the signature's name is nobody's")]
    HmacUnknown,
    /// `hmac-auth`: the signature is another.
    #[error("the signature does not fit the request")]
    HmacSignature,
    /// `hmac-auth`: the digest is another, or the body cannot be read.
    #[error("the digest does not fit the body")]
    HmacDigest,
    /// `acl`: nobody is known to call.
    #[error("groups are demanded, and nobody is known to call")]
    AclUnknown,
    /// `acl`: the caller's groups do not allow it.
    #[error("the caller's groups do not allow the request")]
    AclForbidden,
    /// `mtls-auth`: the connection has no client certificate.
    #[error("no client certificate was presented")]
    MtlsMissing,
    /// `mtls-auth`: the certificate is not trusted.
    #[error("the client certificate is not trusted")]
    MtlsRejected,
    /// `mtls-auth`: the certificate is nobody's.
    #[error("the client certificate is nobody's")]
    MtlsUnknown,
}

impl IdentityFault {
    /// All of them, for the documentation.
    pub const ALL: [Self; 28] = [
        Self::AnonymousUnknown,
        Self::KeyMissing,
        Self::KeyRepeated,
        Self::KeyUnknown,
        Self::BasicMissing,
        Self::BasicMalformed,
        Self::BasicRejected,
        Self::JwtMissing,
        Self::JwtAmbiguous,
        Self::JwtMalformed,
        Self::JwtKeyMissing,
        Self::JwtKeyInvalid,
        Self::JwtUnknown,
        Self::JwtAlgorithm,
        Self::JwtKey,
        Self::JwtSignature,
        Self::JwtTimes,
        Self::HmacMissing,
        Self::HmacDate,
        Self::HmacMalformed,
        Self::HmacUnknown,
        Self::HmacSignature,
        Self::HmacDigest,
        Self::AclUnknown,
        Self::AclForbidden,
        Self::MtlsMissing,
        Self::MtlsRejected,
        Self::MtlsUnknown,
    ];

    pub(super) fn row(self) -> Row {
        match self {
            Self::AnonymousUnknown => Row {
                code: "anonymous_unknown",
                status: StatusCode::INTERNAL_SERVER_ERROR,
                error: None,
                message: "An unexpected error occurred",
                blame: Blame::Configuration,
            },
            Self::KeyMissing => unauthorized("key_auth_missing", "No API key found in request"),
            Self::KeyRepeated => unauthorized("key_auth_repeated", "Duplicate API key found"),
            Self::KeyUnknown => unauthorized("key_auth_unknown", "Unauthorized"),
            Self::BasicMissing => unauthorized("basic_auth_missing", "Unauthorized"),
            Self::BasicMalformed => unauthorized("basic_auth_malformed", "Unauthorized"),
            Self::BasicRejected => unauthorized("basic_auth_rejected", "Unauthorized"),
            Self::JwtMissing => unauthorized("jwt_missing", "Unauthorized"),
            Self::JwtAmbiguous => token("jwt_ambiguous", "Multiple tokens provided"),
            Self::JwtMalformed => token("jwt_malformed", "Bad token; invalid JSON"),
            Self::JwtKeyMissing => token("jwt_key_missing", "No mandatory 'iss' in claims"),
            Self::JwtKeyInvalid => token("jwt_key_invalid", "Invalid 'iss' in claims"),
            Self::JwtUnknown => token("jwt_unknown", "No credentials found for given 'iss'"),
            Self::JwtAlgorithm => token("jwt_algorithm", "Invalid algorithm"),
            Self::JwtKey => token("jwt_key", "Invalid key/secret"),
            Self::JwtSignature => token("jwt_signature", "Invalid signature"),
            Self::JwtTimes => token("jwt_times", "Unauthorized"),
            Self::HmacMissing => unauthorized("hmac_auth_missing", "Unauthorized"),
            Self::HmacDate => unauthorized(
                "hmac_auth_date",
                "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC Authentication",
            ),
            Self::HmacMalformed => unauthorized("hmac_auth_malformed", "HMAC signature cannot be verified"),
            Self::HmacUnknown => unauthorized("hmac_auth_unknown", "HMAC signature cannot be verified"),
            Self::HmacSignature => unauthorized("hmac_auth_signature", "HMAC signature does not match"),
            Self::HmacDigest => unauthorized("hmac_auth_digest", "HMAC signature does not match"),
            Self::AclUnknown => unauthorized("acl_unknown", "Unauthorized"),
            Self::AclForbidden => Row {
                status: StatusCode::FORBIDDEN,
                ..unauthorized("acl_forbidden", "You cannot consume this service")
            },
            Self::MtlsMissing => unauthorized("mtls_auth_missing", "No required TLS certificate was sent"),
            Self::MtlsRejected => unauthorized("mtls_auth_rejected", "TLS certificate failed verification"),
            Self::MtlsUnknown => unauthorized("mtls_auth_unknown", "TLS certificate failed verification"),
        }
    }
}

const fn unauthorized(code: &'static str, message: &'static str) -> Row {
    Row { code, status: StatusCode::UNAUTHORIZED, error: None, message, blame: Blame::Client }
}

const fn token(code: &'static str, message: &'static str) -> Row {
    Row { code, status: StatusCode::UNAUTHORIZED, error: Some("invalid_token"), message, blame: Blame::Token }
}
