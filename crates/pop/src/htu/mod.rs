//! The comparison of `htu` with the request's target: RFC 9449 §4.3 step 9 by RFC 3986 §6.2.2 and §6.2.3.
//!
//! Both sides are parsed into scheme, host, port and path, brought into one normal form, and compared part by part. No URL is
//! ever put together from strings, so nothing in a `Host` field can move the border between authority and path.

mod host;
mod path;

pub use host::{Host, parse_authority};
pub use path::normal_path;

/// The scheme of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`, default port 80.
    Http,
    /// `https`, default port 443.
    Https,
}

/// What a proof must name: a request's own URL, in normal form, without query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    scheme: Scheme,
    host: Host,
    port: u16,
    path: String,
}

/// Why a URL does not name the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HtuFault {
    /// Not an absolute URL: no scheme, or no authority.
    #[error("htu is not an absolute URL")]
    NotAbsolute,
    /// Another scheme than http and https (ws and wss only for an upgrade).
    #[error("htu has another scheme than http or https")]
    UnsupportedScheme,
    /// A user name or password.
    #[error("htu names a user")]
    UserInfo,
    /// A host that is no registered name or address in its usual form.
    #[error("htu has a malformed host")]
    Host,
    /// A port that is no number up to 65535.
    #[error("htu has a malformed port")]
    Port,
    /// White space, a control character, a backslash, or a character that a URL cannot hold.
    #[error("htu holds a character that a URL cannot hold")]
    Character,
    /// A percent sign without two hexadecimal digits.
    #[error("htu holds a broken escape")]
    Escape,
    /// The scheme differs.
    #[error("htu names another scheme")]
    SchemeMismatch,
    /// The host or the port differs.
    #[error("htu names another host or port")]
    AuthorityMismatch,
    /// The path differs.
    #[error("htu names another path")]
    PathMismatch,
}

impl HtuFault {
    /// Every fault, for the documentation.
    pub const ALL: [Self; 10] = [
        Self::NotAbsolute,
        Self::UnsupportedScheme,
        Self::UserInfo,
        Self::Host,
        Self::Port,
        Self::Character,
        Self::Escape,
        Self::SchemeMismatch,
        Self::AuthorityMismatch,
        Self::PathMismatch,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAbsolute => "proof_htu_not_absolute",
            Self::UnsupportedScheme => "proof_htu_scheme",
            Self::UserInfo => "proof_htu_userinfo",
            Self::Host => "proof_htu_host",
            Self::Port => "proof_htu_port",
            Self::Character => "proof_htu_character",
            Self::Escape => "proof_htu_escape",
            Self::SchemeMismatch | Self::AuthorityMismatch | Self::PathMismatch => "proof_htu_mismatch",
        }
    }
}

impl Scheme {
    /// The scheme's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that stands for none (RFC 9110 §4.2).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Target {
    /// A target from the parts of a request. `path` is the request's path without query; it is brought into normal form.
    ///
    /// # Errors
    /// [`HtuFault::Character`] or [`HtuFault::Escape`] when the path has no normal form.
    pub fn new(scheme: Scheme, host: Host, port: Option<u16>, path: &str) -> Result<Self, HtuFault> {
        Ok(Self { scheme, host, port: port.unwrap_or(scheme.default_port()), path: normal_path(path)? })
    }

    /// Reads an absolute http or https URL; query and fragment are dropped.
    ///
    /// # Errors
    /// See [`HtuFault`]; never a mismatch.
    pub fn parse(url: &str) -> Result<Self, HtuFault> {
        parse_url(url, false)
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port; the scheme's own where none was named.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The path in normal form.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

/// Whether `claim` names `target`. For an upgrade to WebSocket, `ws` and `wss` stand for `http` and `https`.
///
/// # Errors
/// The first part that is malformed, then the first part that differs: scheme, authority, path.
pub fn compare(claim: &str, target: &Target, websocket: bool) -> Result<(), HtuFault> {
    let claimed = parse_url(claim, websocket)?;
    if claimed.scheme != target.scheme {
        return Err(HtuFault::SchemeMismatch);
    }
    if claimed.host != target.host || claimed.port != target.port {
        return Err(HtuFault::AuthorityMismatch);
    }
    if claimed.path != target.path {
        return Err(HtuFault::PathMismatch);
    }
    Ok(())
}

fn parse_url(url: &str, websocket: bool) -> Result<Target, HtuFault> {
    // In the whole text, query and fragment too: readers disagree on what a backslash or a tab does to the parts around it.
    if url.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(HtuFault::Character);
    }
    let (scheme, rest) = url.split_once("://").ok_or(HtuFault::NotAbsolute)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        "ws" if websocket => Scheme::Http,
        "wss" if websocket => Scheme::Https,
        other if is_scheme(other) => return Err(HtuFault::UnsupportedScheme),
        _ => return Err(HtuFault::NotAbsolute),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end).ok_or(HtuFault::NotAbsolute)?;
    if authority.is_empty() {
        return Err(HtuFault::NotAbsolute);
    }
    let (host, port) = parse_authority(authority)?;
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    Target::new(scheme, host, port, path)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests;
