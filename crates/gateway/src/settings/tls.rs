use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};

use super::ServerIdentity;

/// How clients are spoken to over TLS.
#[derive(Debug)]
pub struct TlsSettings {
    /// The certificates of names that no certificate of the configuration is for (`ssl_cert`, `ssl_cert_key`): one
    /// for each type of key. Needed as soon as one listener speaks TLS.
    pub identities: Vec<ServerIdentity>,
    /// Which versions and suites are spoken (`ssl_cipher_suite`). Default: intermediate.
    pub suites: CipherSuites,
    /// Whether clients get tickets to resume their sessions with (`ssl_session_tickets`). Without, no session is resumed at all.
    /// Default: yes.
    pub session_tickets: bool,
}

/// The sets of versions and suites that `ssl_cipher_suite` names. What a set names beside these, rustls does not
/// speak: no suite without forward secrecy, and nothing before TLS 1.2.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CipherSuites {
    /// TLS 1.3 only.
    Modern,
    /// TLS 1.2 and 1.3.
    #[default]
    Intermediate,
    /// What is left of it: the same as intermediate.
    Old,
    /// What `ssl_ciphers` and `ssl_protocols` name.
    Custom(CustomSuites),
}

/// Suites and versions that were named one by one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomSuites {
    pub(crate) suites: Vec<rustls::CipherSuite>,
    pub(crate) protocols: TlsProtocols,
}

/// The versions of TLS that are spoken (`ssl_protocols`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsProtocols {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// What `ssl_ciphers` or `ssl_protocols` ask for, and cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SuiteFault {
    /// A suite that is not spoken.
    #[error("'{0}' is not a cipher suite that is spoken")]
    Suite(String),
    /// A version that is not spoken.
    #[error("'{0}' is not a version of TLS that is spoken; those are TLSv1.2 and TLSv1.3")]
    Protocol(String),
    /// Nothing at all.
    #[error("no version of TLS is left")]
    Nothing,
    /// TLS 1.2 without a suite.
    #[error("TLSv1.2 is asked for, and none of its cipher suites")]
    NoTls12,
}

/// The suites of TLS 1.2 and 1.3 that rustls speaks, each by the name that OpenSSL has for it and by IANA's.
const SUITES: [(&str, &str, rustls::CipherSuite); 9] = {
    use rustls::CipherSuite as S;
    [
        ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", S::TLS13_AES_256_GCM_SHA384),
        ("TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", S::TLS13_AES_128_GCM_SHA256),
        ("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", S::TLS13_CHACHA20_POLY1305_SHA256),
        (
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            S::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        ),
        (
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            S::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        ),
        (
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            S::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        ),
        (
            "ECDHE-RSA-AES256-GCM-SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            S::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        ),
        (
            "ECDHE-RSA-AES128-GCM-SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            S::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ),
        (
            "ECDHE-RSA-CHACHA20-POLY1305",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            S::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ),
    ]
};

impl Default for TlsSettings {
    fn default() -> Self {
        Self { identities: Vec::new(), suites: CipherSuites::default(), session_tickets: true }
    }
}

impl CipherSuites {
    /// The set that `ssl_cipher_suite` `custom` makes of `ssl_ciphers` (names with colons between them; suites of
    /// TLS 1.3 that none of the names is of are all spoken, as with OpenSSL) and `ssl_protocols`.
    ///
    /// # Errors
    /// [`SuiteFault::Suite`] for a name that is not known, [`SuiteFault::NoTls12`] when TLS 1.2 is asked for and has
    /// no suite.
    pub fn custom(ciphers: &str, protocols: TlsProtocols) -> Result<Self, SuiteFault> {
        let names = ciphers.split([':', ' ', ',']).filter(|name| !name.is_empty());
        let known = |name: &str| SUITES.iter().find(|suite| suite.0 == name || suite.1 == name);
        let mut suites = names
            .map(|name| known(name).map(|suite| suite.2).ok_or_else(|| SuiteFault::Suite(name.to_owned())))
            .collect::<Result<Vec<_>, _>>()?;
        if !suites.iter().any(|suite| is_tls13(*suite)) {
            suites.extend(SUITES.iter().map(|suite| suite.2).filter(|suite| is_tls13(*suite)));
        }
        if protocols != TlsProtocols::Tls13 && suites.iter().all(|suite| is_tls13(*suite)) {
            return Err(SuiteFault::NoTls12);
        }
        Ok(Self::Custom(CustomSuites { suites, protocols }))
    }

    /// OpenSSL's name of every suite that is spoken.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SUITES.iter().map(|suite| suite.0)
    }

    /// The cryptography of listeners that speak these.
    #[must_use]
    pub fn provider(&self) -> CryptoProvider {
        let mut provider = aws_lc_rs::default_provider();
        if let Self::Custom(custom) = self {
            provider.cipher_suites.retain(|suite| custom.suites.contains(&suite.suite()));
        }
        provider
    }

    /// The versions of TLS that such listeners speak.
    #[must_use]
    pub fn versions(&self) -> Vec<&'static SupportedProtocolVersion> {
        let protocols = match self {
            Self::Modern => TlsProtocols::Tls13,
            Self::Intermediate | Self::Old => TlsProtocols::Both,
            Self::Custom(custom) => custom.protocols,
        };
        match protocols {
            TlsProtocols::Both => vec![&TLS13, &TLS12],
            TlsProtocols::Tls12 => vec![&TLS12],
            TlsProtocols::Tls13 => vec![&TLS13],
        }
    }
}

impl TlsProtocols {
    /// The versions that `ssl_protocols` names, with spaces between them.
    ///
    /// # Errors
    /// [`SuiteFault::Protocol`] for another version, and [`SuiteFault::Nothing`] for none.
    pub fn parse(text: &str) -> Result<Self, SuiteFault> {
        let (mut tls12, mut tls13) = (false, false);
        for name in text.split([' ', ',']).filter(|name| !name.is_empty()) {
            match name {
                "TLSv1.2" => tls12 = true,
                "TLSv1.3" => tls13 = true,
                other => return Err(SuiteFault::Protocol(other.to_owned())),
            }
        }
        match (tls12, tls13) {
            (true, true) => Ok(Self::Both),
            (true, false) => Ok(Self::Tls12),
            (false, true) => Ok(Self::Tls13),
            (false, false) => Err(SuiteFault::Nothing),
        }
    }
}

pub(crate) fn is_tls13(suite: rustls::CipherSuite) -> bool {
    u16::from(suite) >> 8 == 0x13
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_known_by_both_names_and_others_are_refused() {
        let names = "ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
        let CipherSuites::Custom(custom) = CipherSuites::custom(names, TlsProtocols::Both).unwrap() else {
            panic!("custom");
        };
        assert_eq!(custom.suites.len(), 5, "two, and the three of TLS 1.3");
        let refused = CipherSuites::custom("DHE-RSA-AES128-GCM-SHA256", TlsProtocols::Both).unwrap_err();
        assert_eq!(refused.to_string(), "'DHE-RSA-AES128-GCM-SHA256' is not a cipher suite that is spoken");
        let only13 = CipherSuites::custom("TLS_AES_128_GCM_SHA256", TlsProtocols::Both);
        assert_eq!(only13, Err(SuiteFault::NoTls12));
        assert!(CipherSuites::custom("TLS_AES_128_GCM_SHA256", TlsProtocols::Tls13).is_ok());
    }

    #[test]
    fn every_suite_of_the_library_has_its_name() {
        let all: Vec<&str> = CipherSuites::names().collect();
        let named = CipherSuites::custom(&all.join(":"), TlsProtocols::Both).unwrap().provider();
        let spoken = CipherSuites::Intermediate.provider();
        assert_eq!(named.cipher_suites, spoken.cipher_suites);
    }

    #[test]
    fn only_tls_1_2_and_1_3_are_spoken() {
        assert_eq!(TlsProtocols::parse("TLSv1.2 TLSv1.3"), Ok(TlsProtocols::Both));
        assert_eq!(TlsProtocols::parse("TLSv1.3"), Ok(TlsProtocols::Tls13));
        assert_eq!(TlsProtocols::parse("TLSv1.2"), Ok(TlsProtocols::Tls12));
        assert_eq!(TlsProtocols::parse("TLSv1.1"), Err(SuiteFault::Protocol("TLSv1.1".into())));
        assert_eq!(TlsProtocols::parse(" "), Err(SuiteFault::Nothing));
    }
}
