//! `dpop_public_origins`: what clients see where an edge rewrites it.

use keybound_pop::htu::{self, Host, Scheme};

/// An origin with the path prefix that the edge took away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicOrigin {
    pub(crate) scheme: Scheme,
    pub(crate) host: Host,
    /// The port, unless it is the scheme's default.
    pub(crate) port: Option<u16>,
    /// In normal form, without a slash at the end; empty when there is none.
    pub(crate) prefix: String,
}

/// Why an entry is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OriginFault {
    #[error("expected scheme://host[:port][/prefix] with http or https")]
    Scheme,
    #[error("must have no query and no fragment")]
    QueryOrFragment,
    #[error("host or port is malformed")]
    Authority,
    #[error("the prefix is malformed")]
    Prefix,
}

/// Reads `scheme://host[:port][/prefix]`.
pub(crate) fn parse(text: &str) -> Result<PublicOrigin, OriginFault> {
    if text.contains(['?', '#']) {
        return Err(OriginFault::QueryOrFragment);
    }
    let (scheme, rest) = text.split_once("://").ok_or(OriginFault::Scheme)?;
    let scheme = match scheme {
        _ if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
        _ if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
        _ => return Err(OriginFault::Scheme),
    };
    let slash = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(slash).ok_or(OriginFault::Authority)?;
    let (host, port) = htu::parse_authority(authority).map_err(|_| OriginFault::Authority)?;
    let prefix = match path {
        "" | "/" => String::new(),
        path => {
            let normal = htu::normal_path(path).map_err(|_| OriginFault::Prefix)?;
            normal.strip_suffix('/').map_or(normal.clone(), str::to_owned)
        }
    };
    Ok(PublicOrigin { scheme, host, port: explicit_port(scheme, port), prefix })
}

/// The port when it is not the scheme's default (RFC 3986 §6.2.3).
pub(crate) fn explicit_port(scheme: Scheme, port: Option<u16>) -> Option<u16> {
    let default = match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    port.filter(|port| *port != default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(host: &str) -> Host {
        Host::Name(host.to_owned())
    }

    #[test]
    fn an_origin_has_a_scheme_a_host_and_perhaps_a_port_and_a_prefix() {
        let plain = parse("https://API.example").unwrap();
        assert_eq!(
            plain,
            PublicOrigin {
                scheme: Scheme::Https,
                host: name("api.example"),
                port: None,
                prefix: String::new()
            }
        );
        let full = parse("http://api.example:8443/svc2/").unwrap();
        assert_eq!(
            full,
            PublicOrigin {
                scheme: Scheme::Http,
                host: name("api.example"),
                port: Some(8443),
                prefix: "/svc2".to_owned()
            }
        );
    }

    #[test]
    fn a_default_port_is_none() {
        assert_eq!(parse("https://api.example:443").unwrap().port, None);
        assert_eq!(parse("http://api.example:443").unwrap().port, Some(443));
    }

    #[test]
    fn query_fragment_other_schemes_and_user_names_are_refused() {
        assert_eq!(parse("https://api.example/?a"), Err(OriginFault::QueryOrFragment));
        assert_eq!(parse("https://api.example#f"), Err(OriginFault::QueryOrFragment));
        assert_eq!(parse("wss://api.example"), Err(OriginFault::Scheme));
        assert_eq!(parse("api.example"), Err(OriginFault::Scheme));
        assert_eq!(parse("https://u@api.example"), Err(OriginFault::Authority));
        assert_eq!(parse("https:///svc"), Err(OriginFault::Authority));
        assert_eq!(parse("https://api.example:99999"), Err(OriginFault::Authority));
        assert_eq!(parse("https://api.example/%GG"), Err(OriginFault::Prefix));
    }
}
