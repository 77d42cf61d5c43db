use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, Method};
use regex::Regex;

use super::expression::Expression;

/// What one request is matched by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    /// Lower case, without port.
    pub(crate) host: &'a str,
    /// The port the client connected to.
    pub(crate) port: u16,
    /// The path in its matching form.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) tls: bool,
    pub(crate) sni: Option<&'a str>,
    /// Without the question mark.
    pub(crate) query: Option<&'a str>,
    /// The client, and the two ends of its connection.
    pub(crate) client_ip: IpAddr,
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
}

/// One part of a route: its conditions beside host and path, and what it leads to. Each set condition must hold;
/// within a condition any value will do.
#[derive(Debug)]
pub(crate) struct Rule<T> {
    pub(crate) schemes: Schemes,
    pub(crate) methods: Box<[Method]>,
    pub(crate) headers: Box<[HeaderRule]>,
    pub(crate) snis: Box<[HostPattern]>,
    pub(crate) hosts: Box<[HostRule]>,
    pub(crate) paths: Paths,
    /// What must hold beside all that; hosts and paths are then only what it begins with.
    pub(crate) expression: Option<Expression>,
    /// Higher wins; on a tie the route that was configured first.
    pub(crate) priority: u64,
    pub(crate) goal: Arc<T>,
}

/// Which requests are taken by whether TLS is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schemes {
    /// Those without.
    pub(crate) plain: bool,
    /// Those with it.
    pub(crate) secure: bool,
}

/// The paths of one part: all of one length, or all patterns.
#[derive(Debug, Clone)]
pub(crate) enum Paths {
    Any,
    Prefixes(Box<[Box<str>]>),
    Patterns(Box<[Arc<PathPattern>]>),
}

/// A pattern for paths, anchored at the start and open at the end.
#[derive(Debug)]
pub(crate) struct PathPattern {
    pub(crate) regex: Regex,
    /// What every match begins with: it decides which requests try the pattern at all.
    pub(crate) literal: String,
    /// What every match has somewhere: it tells many patterns of the same start apart.
    pub(crate) inner: Box<[String]>,
}

/// One of a route's hosts, with the port it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostRule {
    pub(crate) pattern: HostPattern,
    pub(crate) port: Option<u16>,
}

/// A name, or one with a wildcard at an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostPattern {
    Exact(Box<str>),
    /// `*.x.y`, kept as `.x.y`.
    EndsWith(Box<str>),
    /// `x.*`, kept as `x.`.
    StartsWith(Box<str>),
}

/// A field that a request must have, with one of the values.
#[derive(Debug, Clone)]
pub(crate) struct HeaderRule {
    /// The name as configured and, where that has `_`, its twin with `-`.
    pub(crate) names: Box<[HeaderName]>,
    pub(crate) values: Box<[ValueRule]>,
}

/// A value in lower case, or a pattern that looks anywhere in the value.
#[derive(Debug, Clone)]
pub(crate) enum ValueRule {
    Equal(Box<str>),
    Pattern(Regex),
}

impl<T> Rule<T> {
    /// Whether everything but host, path and expression holds.
    pub(crate) fn admits(&self, asked: &Asked<'_>) -> bool {
        (if asked.tls { self.schemes.secure } else { self.schemes.plain })
            && (self.methods.is_empty() || self.methods.contains(asked.method))
            && self.headers.iter().all(|rule| rule.holds(asked.headers))
            && (self.snis.is_empty() || !asked.tls || self.sni_holds(asked.sni))
    }

    fn sni_holds(&self, sni: Option<&str>) -> bool {
        sni.is_some_and(|sni| self.snis.iter().any(|pattern| pattern.holds(sni)))
    }
}

impl Schemes {
    /// All requests.
    pub(crate) const ANY: Self = Self { plain: true, secure: true };
}

impl HostPattern {
    /// Reads a host of a route or an SNI, in lower case and without a trailing dot.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim_end_matches('.').to_ascii_lowercase();
        if let Some(suffix) = text.strip_prefix('*') {
            Self::EndsWith(suffix.into())
        } else if let Some(prefix) = text.strip_suffix('*') {
            Self::StartsWith(prefix.into())
        } else {
            Self::Exact(text.into())
        }
    }

    pub(crate) fn holds(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => host == &**name,
            Self::EndsWith(suffix) => host.ends_with(&**suffix),
            Self::StartsWith(prefix) => host.starts_with(&**prefix),
        }
    }
}

impl HostRule {
    /// Reads a host of a route with its optional port.
    pub(crate) fn parse(text: &str) -> Self {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !name.ends_with(':') && (!name.contains(':') || name.ends_with(']')) => {
                (name, port.parse().ok())
            }
            _ => (text, None),
        };
        Self { pattern: HostPattern::parse(name), port }
    }
}

impl HeaderRule {
    fn holds(&self, headers: &HeaderMap) -> bool {
        let values = self.names.iter().flat_map(|name| headers.get_all(name));
        values
            .filter_map(|value| value.to_str().ok())
            .any(|value| self.values.iter().any(|rule| rule.holds(value)))
    }
}

impl ValueRule {
    fn holds(&self, value: &str) -> bool {
        match self {
            Self::Equal(wanted) => value.eq_ignore_ascii_case(wanted),
            Self::Pattern(regex) => regex.is_match(value),
        }
    }
}
