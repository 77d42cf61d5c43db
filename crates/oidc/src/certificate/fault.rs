/// Why a client's certificate is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CertificateFault {
    /// Not an X.509 certificate of version 3.
    #[error("the client certificate is malformed")]
    Malformed,
    /// No way from it to a trusted authority, or a wrong signature on the way.
    #[error("the client certificate was not issued by a trusted authority")]
    Untrusted,
    /// It, or one on the way to the authority, expired.
    #[error("the client certificate expired")]
    Expired,
    /// It, or one on the way to the authority, is not valid yet.
    #[error("the client certificate is not valid yet")]
    NotYetValid,
    /// Its extended key usage leaves out clients, or it is an authority's.
    #[error("the client certificate is not for clients")]
    Usage,
    /// It, or one on the way to the authority, was revoked.
    #[error("the client certificate was revoked")]
    Revoked,
    /// It names nobody who could be asked whether it was revoked, and that must be known.
    #[error("the client certificate names no source of its revocation")]
    RevocationUnnamed,
    /// Those who could be asked did not answer, or not well, and the answer must be known.
    #[error("whether the client certificate was revoked cannot be found out")]
    RevocationUnknown,
}

impl CertificateFault {
    /// Every fault, for the documentation.
    pub const ALL: [Self; 8] = [
        Self::Malformed,
        Self::Untrusted,
        Self::Expired,
        Self::NotYetValid,
        Self::Usage,
        Self::Revoked,
        Self::RevocationUnnamed,
        Self::RevocationUnknown,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "certificate_malformed",
            Self::Untrusted => "certificate_untrusted",
            Self::Expired => "certificate_expired",
            Self::NotYetValid => "certificate_not_yet_valid",
            Self::Usage => "certificate_usage",
            Self::Revoked => "certificate_revoked",
            Self::RevocationUnnamed => "certificate_revocation_unnamed",
            Self::RevocationUnknown => "certificate_revocation_unknown",
        }
    }
}

/// Why an authority of the configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityFault {
    /// No certificate in PEM, or more than one.
    #[error("is not one certificate in PEM")]
    Pem,
    /// A certificate that cannot be read.
    #[error("is a certificate that cannot be read")]
    Der,
}
