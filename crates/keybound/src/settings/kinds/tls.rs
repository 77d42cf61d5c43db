use keybound_gateway::CipherSuites;
use serde_json::Value;

use super::{Kind, list};

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    V12,
    /// TLS 1.3 (RFC 8446).
    V13,
}

impl TlsVersion {
    fn name(self) -> &'static str {
        match self {
            Self::V12 => "TLSv1.2",
            Self::V13 => "TLSv1.3",
        }
    }
}

/// The versions of TLS that listeners speak, separated by spaces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsVersions(pub Vec<TlsVersion>);

impl Kind for TlsVersions {
    const SHAPE: &'static str = "`TLSv1.2`, `TLSv1.3` or both, separated by a space";

    fn parse(text: &str) -> Result<Self, String> {
        let version = |word: &str| match word {
            "TLSv1.2" => Ok(TlsVersion::V12),
            "TLSv1.3" => Ok(TlsVersion::V13),
            "SSLv2" | "SSLv3" | "TLSv1" | "TLSv1.1" => {
                Err(format!("'{word}' is not supported, because it is not safe: one of TLSv1.2, TLSv1.3"))
            }
            _ => Err(format!("'{word}' is not a version of TLS: one of TLSv1.2, TLSv1.3")),
        };
        text.split_whitespace().map(version).collect::<Result<_, _>>().map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(|version| version.name()).collect::<Vec<_>>().join(" ")
    }
}

/// Which cipher suites listeners take: Mozilla's names, as Kong has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CipherSuite {
    /// TLS 1.3 only.
    Modern,
    /// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption.
    #[default]
    Intermediate,
    /// Those of `ssl_ciphers`.
    Custom,
}

impl Kind for CipherSuite {
    const SHAPE: &'static str = "`modern`, `intermediate` or `custom`";

    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "modern" => Ok(Self::Modern),
            "intermediate" => Ok(Self::Intermediate),
            "custom" => Ok(Self::Custom),
            "old" | "fips" => Err(format!("'{text}' is not supported: one of modern, intermediate, custom")),
            _ => Err(format!("'{text}' is not a cipher suite: one of modern, intermediate, custom")),
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Modern => "modern",
            Self::Intermediate => "intermediate",
            Self::Custom => "custom",
        }
        .to_owned()
    }
}

/// Ciphers by the names that OpenSSL has for them, separated by colons; they count with `custom`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ciphers(pub Vec<&'static str>);

impl Kind for Ciphers {
    const SHAPE: &'static str = "names of ciphers as OpenSSL has them, separated by `:`";

    fn parse(text: &str) -> Result<Self, String> {
        let cipher = |name: &str| {
            CipherSuites::names().find(|known| *known == name).ok_or_else(|| {
                let all: Vec<&str> = CipherSuites::names().collect();
                format!("'{name}' is not a cipher that Keybound has: one of {}", all.join(", "))
            })
        };
        text.split(':')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(cipher)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn show(&self) -> String {
        self.0.join(":")
    }

    fn json(&self) -> Value {
        if self.0.is_empty() { Value::Null } else { list(self.0.iter().map(|name| (*name).to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_ciphers_that_there_are_not_are_named() {
        assert_eq!(TlsVersions::parse("TLSv1.2 TLSv1.3").unwrap().show(), "TLSv1.2 TLSv1.3");
        assert_eq!(
            TlsVersions::parse("TLSv1.1 TLSv1.2"),
            Err("'TLSv1.1' is not supported, because it is not safe: one of TLSv1.2, TLSv1.3".to_owned())
        );
        let two = "ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256";
        assert_eq!(Ciphers::parse(two).unwrap().show(), two);
        assert!(
            Ciphers::parse("DHE-RSA-AES128-GCM-SHA256")
                .unwrap_err()
                .starts_with("'DHE-RSA-AES128-GCM-SHA256' ")
        );
        assert!(CipherSuite::parse("old").is_err());
    }
}
