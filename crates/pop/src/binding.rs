//! The decision table: what a token's confirmation, the scheme, the proof and the certificate mean together.
//!
//! One `match` decides about DPoP, one about certificates; a token bound both ways must satisfy both.

use crate::confirmation::Confirmation;
use crate::thumbprint::Thumbprint;

/// `proof_of_possession_dpop` and `proof_of_possession_mtls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// The binding is not offered.
    #[default]
    Off,
    /// Bound tokens are checked, others pass as bearer tokens.
    Optional,
    /// Only bound tokens pass.
    Strict,
}

/// What becomes of a token that the modes leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leftover {
    /// It passes as a bearer token.
    Accept,
    /// It is refused.
    Refuse,
}

/// The modes of one plugin instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Policy {
    /// For `jkt`.
    pub dpop: Mode,
    /// For `x5t#S256`.
    pub mtls: Mode,
    /// A bound token whose mode is off (`proof_of_possession_bound_tokens`).
    pub bound_tokens: Leftover,
    /// A token without any binding where the modes are optional (`proof_of_possession_unbound_tokens`).
    pub unbound_tokens: Leftover,
}

/// The authorization scheme of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `Bearer`, or a token from somewhere else than `Authorization`.
    Bearer,
    /// `DPoP`.
    Dpop,
}

/// What a request presents beside the token.
#[derive(Debug, Clone, Copy)]
pub struct Presented {
    /// The scheme of the credential.
    pub scheme: Scheme,
    /// Whether the token came in the `Authorization` field.
    pub in_authorization: bool,
    /// Whether any `DPoP` field is there.
    pub proof_present: bool,
    /// The thumbprint of the connection's client certificate.
    pub certificate: Option<Thumbprint>,
}

/// What is left to do before the request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing.
    Forward,
    /// Nothing; a proof that nobody asked for is dropped and counted.
    ForwardDroppingProof,
    /// The proof must be made with the key of this thumbprint.
    CheckProof(Thumbprint),
}

/// Why the binding refuses a request before any proof is looked at. All are `invalid_token`, but [`Self::SchemeNotOffered`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BindingFault {
    /// The DPoP scheme where `proof_of_possession_dpop` is off.
    #[error("the DPoP scheme is not offered here")]
    SchemeNotOffered,
    /// The Bearer scheme where `proof_of_possession_dpop` is strict.
    #[error("this resource takes DPoP-bound tokens only")]
    DpopRequired,
    /// The DPoP scheme with a token that has no `jkt`.
    #[error("the token is not bound to a DPoP key")]
    NotBoundToDpop,
    /// A DPoP-bound token under the Bearer scheme (RFC 9449 §7.2).
    #[error("a DPoP-bound token was sent as a bearer token")]
    Downgrade,
    /// A bound token in the query, the body, a cookie or another field.
    #[error("a bound token was sent outside of the Authorization field")]
    Misplaced,
    /// A DPoP-bound token where DPoP is off.
    #[error("the token is bound to a DPoP key, which is not checked here")]
    DpopUnchecked,
    /// A certificate-bound token where certificates are not checked.
    #[error("the token is bound to a certificate, which is not checked here")]
    CertificateUnchecked,
    /// A token without `x5t#S256` where `proof_of_possession_mtls` is strict.
    #[error("this resource takes certificate-bound tokens only")]
    CertificateBindingRequired,
    /// A certificate-bound token on a connection without a client certificate.
    #[error("the token is bound to a certificate, and the connection has none")]
    CertificateMissing,
    /// A certificate-bound token on a connection with another certificate.
    #[error("the token is bound to another certificate")]
    CertificateMismatch,
    /// A token without any binding where those are refused.
    #[error("the token is not bound to a key")]
    Unbound,
}

impl BindingFault {
    /// Every fault, for the documentation.
    pub const ALL: [Self; 11] = [
        Self::SchemeNotOffered,
        Self::DpopRequired,
        Self::NotBoundToDpop,
        Self::Downgrade,
        Self::Misplaced,
        Self::DpopUnchecked,
        Self::CertificateUnchecked,
        Self::CertificateBindingRequired,
        Self::CertificateMissing,
        Self::CertificateMismatch,
        Self::Unbound,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SchemeNotOffered => "binding_scheme_not_offered",
            Self::DpopRequired => "binding_dpop_required",
            Self::NotBoundToDpop => "binding_not_dpop_bound",
            Self::Downgrade => "binding_downgrade",
            Self::Misplaced => "binding_misplaced",
            Self::DpopUnchecked => "binding_dpop_unchecked",
            Self::CertificateUnchecked => "binding_certificate_unchecked",
            Self::CertificateBindingRequired => "binding_certificate_required",
            Self::CertificateMissing => "binding_certificate_missing",
            Self::CertificateMismatch => "binding_certificate_mismatch",
            Self::Unbound => "binding_unbound",
        }
    }

    /// The OAuth error code; none when the scheme is not offered (RFC 6750 §3).
    #[must_use]
    pub const fn error(self) -> Option<&'static str> {
        match self {
            Self::SchemeNotOffered => None,
            _ => Some("invalid_token"),
        }
    }
}

/// Decides what a request must still show.
///
/// The scheme comes first, then the place of a bound token, then the certificate, then DPoP, then the rule for tokens
/// without any binding.
///
/// # Errors
/// See [`BindingFault`].
pub fn decide(
    policy: &Policy,
    presented: &Presented,
    confirmation: &Confirmation,
) -> Result<Decision, BindingFault> {
    match (policy.dpop, presented.scheme) {
        (Mode::Off, Scheme::Dpop) => return Err(BindingFault::SchemeNotOffered),
        (Mode::Strict, Scheme::Bearer) => return Err(BindingFault::DpopRequired),
        _ => {}
    }
    if !confirmation.is_unbound() && !presented.in_authorization {
        return Err(BindingFault::Misplaced);
    }
    let by_dpop = dpop(policy, presented, confirmation)?;
    certificate(policy, presented, confirmation)?;
    if confirmation.is_unbound()
        && policy.unbound_tokens == Leftover::Refuse
        && (policy.dpop, policy.mtls) != (Mode::Off, Mode::Off)
    {
        return Err(BindingFault::Unbound);
    }
    Ok(by_dpop)
}

fn dpop(
    policy: &Policy,
    presented: &Presented,
    confirmation: &Confirmation,
) -> Result<Decision, BindingFault> {
    let unasked = if presented.proof_present { Decision::ForwardDroppingProof } else { Decision::Forward };
    match (policy.dpop, presented.scheme, confirmation.jkt) {
        (Mode::Strict | Mode::Optional, Scheme::Dpop, Some(jkt)) => Ok(Decision::CheckProof(jkt)),
        (Mode::Strict | Mode::Optional, Scheme::Dpop, None) => Err(BindingFault::NotBoundToDpop),
        (Mode::Strict, Scheme::Bearer, _) => Err(BindingFault::DpopRequired),
        (Mode::Optional, Scheme::Bearer, Some(_)) => Err(BindingFault::Downgrade),
        (Mode::Off, Scheme::Bearer, Some(_)) if policy.bound_tokens == Leftover::Refuse => {
            Err(BindingFault::DpopUnchecked)
        }
        (Mode::Optional | Mode::Off, Scheme::Bearer, _) => Ok(unasked),
        (Mode::Off, Scheme::Dpop, _) => Err(BindingFault::SchemeNotOffered),
    }
}

fn certificate(
    policy: &Policy,
    presented: &Presented,
    confirmation: &Confirmation,
) -> Result<(), BindingFault> {
    match (policy.mtls, confirmation.x5t_s256) {
        (Mode::Off, Some(_)) if policy.bound_tokens == Leftover::Refuse => {
            Err(BindingFault::CertificateUnchecked)
        }
        (Mode::Off | Mode::Optional, None) | (Mode::Off, Some(_)) => Ok(()),
        (Mode::Strict, None) => Err(BindingFault::CertificateBindingRequired),
        (Mode::Optional | Mode::Strict, Some(expected)) => match presented.certificate {
            None => Err(BindingFault::CertificateMissing),
            Some(shown) if shown.ct_eq(&expected) => Ok(()),
            Some(_) => Err(BindingFault::CertificateMismatch),
        },
    }
}

#[cfg(test)]
mod tests;
