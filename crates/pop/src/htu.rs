//! The comparison of `htu` with the request's target.

/// The scheme of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`, default port 80.
    Http,
    /// `https`, default port 443.
    Https,
}

/// A host by value: names in lower case as A-labels, addresses as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A registered name in lower case.
    Name(String),
    /// An IPv4 address.
    V4(std::net::Ipv4Addr),
    /// An IPv6 address.
    V6(std::net::Ipv6Addr),
}
