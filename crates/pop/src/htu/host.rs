use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::HtuFault;

/// A host by value: names in lower case as A-labels, addresses as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A registered name in lower case.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
}

impl Host {
    /// Reads a host: a registered name of letters, digits, hyphens and underscores in labels of 1 to 63, in A-label or Unicode
    /// form; an IPv4 address of four decimal numbers; an IPv6 address in brackets.
    ///
    /// # Errors
    /// [`HtuFault::Host`] for everything else: empty, a trailing dot, octal, hexadecimal or shortened IPv4, IPv4 in
    /// digits of another script, a zone, escapes.
    pub fn parse(text: &str) -> Result<Self, HtuFault> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(HtuFault::Host)?;
            return inner.parse().map(Self::V6).map_err(|_| HtuFault::Host);
        }
        // No name of 253 octets is longer as text; the conversion below is not linear.
        if text.len() > 4 * 253 {
            return Err(HtuFault::Host);
        }
        let name = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii_strict(text).map_err(|_| HtuFault::Host)?
        };
        if name.is_empty() || name.len() > 253 || !name.split('.').all(is_label) {
            return Err(HtuFault::Host);
        }
        // What ends in a number is an address or nothing: 0x7f.1, 017700000001 and 1.2.3 are read differently by others.
        if name.rsplit('.').next().is_some_and(is_numeric) {
            if !text.is_ascii() {
                return Err(HtuFault::Host);
            }
            return name.parse().map(Self::V4).map_err(|_| HtuFault::Host);
        }
        Ok(Self::Name(name))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Reads an authority: a host and, after a colon, an optional port. An empty port is none (RFC 3986 §6.2.3).
///
/// # Errors
/// [`HtuFault::UserInfo`], [`HtuFault::Host`] or [`HtuFault::Port`].
pub fn parse_authority(text: &str) -> Result<(Host, Option<u16>), HtuFault> {
    if text.contains('@') {
        return Err(HtuFault::UserInfo);
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (text, ""),
    };
    let port = if port.is_empty() {
        None
    } else if port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) {
        Some(port.parse().map_err(|_| HtuFault::Port)?)
    } else {
        return Err(HtuFault::Port);
    };
    Ok((Host::parse(host)?, port))
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn is_numeric(label: &str) -> bool {
    label.bytes().all(|byte| byte.is_ascii_digit())
        || label.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
