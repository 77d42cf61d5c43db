use super::Step;
use crate::htu::HtuFault;
use crate::jwk::KeyFault;

/// Why a proof is refused: one variant for each rule it can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ProofFault {
    /// No `DPoP` field.
    #[error("the DPoP proof is missing")]
    Missing,
    /// More than one `DPoP` field.
    #[error("there is more than one DPoP proof")]
    Multiple,
    /// Longer than allowed.
    #[error("the DPoP proof is longer than allowed")]
    TooLong,
    /// Not three non-empty parts of canonical base64url.
    #[error("the DPoP proof is not a compact JWS")]
    Form,
    /// The header is not one unambiguous JSON object.
    #[error("the header is not an unambiguous JSON object")]
    Header,
    /// `typ` is not `dpop+jwt`.
    #[error("typ is not dpop+jwt")]
    Typ,
    /// `crit`, `b64` or `zip` is there.
    #[error("the header demands an extension")]
    Extension,
    /// `alg` is not an asymmetric signature algorithm.
    #[error("alg is not an asymmetric signature algorithm")]
    Algorithm,
    /// `alg` is not among `dpop_signing_algorithms`.
    #[error("alg is not accepted here")]
    AlgorithmNotAccepted,
    /// `jwk` is missing or not an object.
    #[error("jwk is missing")]
    JwkMissing,
    /// `jwk` is not a public key that can verify.
    #[error(transparent)]
    Jwk(#[from] KeyFault),
    /// The key's type or curve does not fit `alg`.
    #[error("jwk does not fit alg")]
    JwkAlgorithm,
    /// The payload is not one unambiguous JSON object.
    #[error("the payload is not an unambiguous JSON object")]
    Payload,
    /// `jti` is not a string of 1 to 256 bytes.
    #[error("jti is missing or not a string of 1 to 256 bytes")]
    Jti,
    /// `htm` is not a string.
    #[error("htm is missing or not a string")]
    Htm,
    /// `htu` is not a string.
    #[error("htu is missing or not a string")]
    Htu,
    /// `iat` is not a number in range.
    #[error("iat is missing or not a number")]
    Iat,
    /// `exp` or `nbf` is not a number in range.
    #[error("exp or nbf is not a number")]
    NumericDate,
    /// `exp` has passed.
    #[error("exp has passed")]
    Expired,
    /// `nbf` is in the future.
    #[error("nbf is in the future")]
    NotYetValid,
    /// `nonce` is not a string.
    #[error("nonce is not a string")]
    NonceType,
    /// `ath` is missing or not 43 characters of base64url.
    #[error("ath is missing or not a SHA-256 digest")]
    Ath,
    /// `htm` is not the request's method.
    #[error("htm is not the method of the request")]
    HtmMismatch,
    /// The request's path has empty segments, so that no `htu` names it without doubt.
    #[error("the path of the request has empty segments, which a proof cannot name")]
    AmbiguousPath,
    /// `htu` is not the request's URL.
    #[error(transparent)]
    HtuMismatch(HtuFault),
    /// No nonce, where one is required.
    #[error("a nonce is required")]
    NonceMissing,
    /// The nonce is unknown or has expired.
    #[error("the nonce is not valid, use the one given here")]
    NonceInvalid,
    /// `iat` is too long ago.
    #[error("iat is too far in the past")]
    TooOld,
    /// `iat` is in the future.
    #[error("iat is too far in the future")]
    TooNew,
    /// The proof was issued before the replay records begin.
    #[error("the proof is older than the records of this server, use the nonce given here")]
    Cold,
    /// `ath` is not the digest of the token.
    #[error("ath is not the digest of the access token")]
    AthMismatch,
    /// The key is not the one that the token is bound to.
    #[error("the access token is bound to another key")]
    KeyMismatch,
    /// The sender has had more dear signature checks than it may have for now.
    #[error("too many proofs by keys that are dear to check")]
    WorkExhausted,
    /// The signature does not verify.
    #[error("the signature of the DPoP proof does not verify")]
    Signature,
    /// The proof was seen before.
    #[error("the DPoP proof was used before")]
    Replayed,
}

impl ProofFault {
    /// Every fault, for the documentation; [`ProofFault::Jwk`] and [`ProofFault::HtuMismatch`] once for each cause.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::Missing,
            Self::Multiple,
            Self::TooLong,
            Self::Form,
            Self::Header,
            Self::Typ,
            Self::Extension,
            Self::Algorithm,
            Self::AlgorithmNotAccepted,
            Self::JwkMissing,
        ];
        all.extend(KeyFault::ALL.map(Self::Jwk));
        all.extend([
            Self::JwkAlgorithm,
            Self::Payload,
            Self::Jti,
            Self::Htm,
            Self::Htu,
            Self::Iat,
            Self::NumericDate,
            Self::Expired,
            Self::NotYetValid,
            Self::NonceType,
            Self::Ath,
            Self::HtmMismatch,
            Self::AmbiguousPath,
        ]);
        all.extend(HtuFault::ALL.map(Self::HtuMismatch));
        all.extend([
            Self::NonceMissing,
            Self::NonceInvalid,
            Self::TooOld,
            Self::TooNew,
            Self::Cold,
            Self::AthMismatch,
            Self::KeyMismatch,
            Self::WorkExhausted,
            Self::Signature,
            Self::Replayed,
        ]);
        all
    }

    /// The stable code that logs, metrics, documentation and tests use.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "proof_missing",
            Self::Multiple => "proof_multiple",
            Self::TooLong => "proof_too_long",
            Self::Form => "proof_malformed",
            Self::Header => "proof_header",
            Self::Typ => "proof_typ",
            Self::Extension => "proof_extension",
            Self::Algorithm => "proof_alg",
            Self::AlgorithmNotAccepted => "proof_alg_not_accepted",
            Self::JwkMissing => "proof_jwk_missing",
            Self::Jwk(fault) => match fault {
                KeyFault::Private => "proof_jwk_private",
                KeyFault::Type => "proof_jwk_type",
                KeyFault::Use => "proof_jwk_use",
                KeyFault::Operations => "proof_jwk_key_ops",
                KeyFault::Curve => "proof_jwk_curve",
                KeyFault::Member => "proof_jwk_member",
                KeyFault::Length => "proof_jwk_length",
                KeyFault::Point => "proof_jwk_point",
                KeyFault::ModulusSize => "proof_jwk_modulus",
                KeyFault::Exponent => "proof_jwk_exponent",
                KeyFault::Algorithm => "proof_jwk_alg",
            },
            Self::JwkAlgorithm => "proof_jwk_alg_mismatch",
            Self::Payload => "proof_payload",
            Self::Jti => "proof_jti",
            Self::Htm => "proof_htm",
            Self::Htu => "proof_htu",
            Self::Iat => "proof_iat",
            Self::NumericDate => "proof_numeric_date",
            Self::Expired => "proof_expired",
            Self::NotYetValid => "proof_not_yet_valid",
            Self::NonceType => "proof_nonce_type",
            Self::Ath => "proof_ath",
            Self::HtmMismatch => "proof_htm_mismatch",
            Self::AmbiguousPath => "proof_path_ambiguous",
            Self::HtuMismatch(fault) => fault.code(),
            Self::NonceMissing => "proof_nonce_missing",
            Self::NonceInvalid => "proof_nonce_invalid",
            Self::TooOld => "proof_iat_too_old",
            Self::TooNew => "proof_iat_too_new",
            Self::Cold => "proof_cold_start",
            Self::AthMismatch => "proof_ath_mismatch",
            Self::KeyMismatch => "proof_key_mismatch",
            Self::WorkExhausted => "proof_work_exhausted",
            Self::Signature => "proof_signature",
            Self::Replayed => "proof_replayed",
        }
    }

    /// The OAuth error code: `use_dpop_nonce` where a fresh nonce helps, `invalid_token` where the key is another's, else
    /// `invalid_dpop_proof` (RFC 9449 §7.1, §9, §12.2).
    #[must_use]
    pub const fn error(self) -> &'static str {
        match self {
            Self::NonceMissing | Self::NonceInvalid | Self::Cold => "use_dpop_nonce",
            Self::KeyMismatch => "invalid_token",
            _ => "invalid_dpop_proof",
        }
    }

    /// The step of [`super::ORDER`] that finds it.
    #[must_use]
    pub const fn step(self) -> Step {
        match self {
            Self::Missing | Self::Multiple | Self::TooLong => Step::Field,
            Self::Form => Step::Form,
            Self::Header
            | Self::Typ
            | Self::Extension
            | Self::Algorithm
            | Self::AlgorithmNotAccepted
            | Self::JwkMissing
            | Self::Jwk(_)
            | Self::JwkAlgorithm => Step::Header,
            Self::Payload
            | Self::Jti
            | Self::Htm
            | Self::Htu
            | Self::Iat
            | Self::NumericDate
            | Self::Expired
            | Self::NotYetValid
            | Self::NonceType
            | Self::Ath => Step::Claims,
            Self::HtmMismatch => Step::Method,
            Self::AmbiguousPath | Self::HtuMismatch(_) => Step::Target,
            Self::NonceMissing | Self::NonceInvalid | Self::TooOld | Self::TooNew => Step::Time,
            Self::AthMismatch => Step::TokenHash,
            Self::KeyMismatch => Step::Key,
            Self::WorkExhausted | Self::Signature => Step::Signature,
            Self::Cold | Self::Replayed => Step::Replay,
        }
    }

    /// The text for `error_description`: names the claim and the reason, never a value of the request.
    #[must_use]
    pub fn description(self) -> String {
        self.to_string()
    }
}
