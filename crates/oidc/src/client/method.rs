/// A client authentication method (OpenID Connect Core 1.0 §9, RFC 8705 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthMethod {
    /// `client_secret_basic`: HTTP Basic with form-encoded id and secret (RFC 6749 §2.3.1).
    SecretBasic,
    /// `client_secret_post`: id and secret in the form.
    SecretPost,
    /// `client_secret_jwt`: an assertion with an HMAC of the secret (RFC 7523 §2.2).
    SecretJwt,
    /// `private_key_jwt`: an assertion signed with a private key (RFC 7523 §2.2).
    PrivateKeyJwt,
    /// `tls_client_auth`: a certificate of an authority (RFC 8705 §2.1).
    Tls,
    /// `self_signed_tls_client_auth`: a certificate that the provider knows (RFC 8705 §2.2).
    SelfSignedTls,
    /// `none`: only the id, in the form.
    None,
}

impl AuthMethod {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::SecretBasic,
        Self::SecretPost,
        Self::SecretJwt,
        Self::PrivateKeyJwt,
        Self::Tls,
        Self::SelfSignedTls,
        Self::None,
    ];

    /// The registered name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::SecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Tls => "tls_client_auth",
            Self::SelfSignedTls => "self_signed_tls_client_auth",
            Self::None => "none",
        }
    }

    /// The method of that registered name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether the client's secret takes part.
    #[must_use]
    pub const fn needs_secret(self) -> bool {
        matches!(self, Self::SecretBasic | Self::SecretPost | Self::SecretJwt)
    }

    /// Whether the client shows a certificate in the handshake.
    #[must_use]
    pub const fn needs_certificate(self) -> bool {
        matches!(self, Self::Tls | Self::SelfSignedTls)
    }
}
