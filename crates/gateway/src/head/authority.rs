use std::cell::RefCell;
use std::rc::Rc;

use http::HeaderValue;
use keybound_plugins::fault::RequestFault;
use keybound_pop::htu::{self, Host};

/// An authority that is a name or an address with an optional port, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: Host,
    pub(crate) port: Option<u16>,
}

impl Authority {
    /// Parses the value of `Host`, `:authority` or `X-Forwarded-Host`.
    ///
    /// # Errors
    /// [`RequestFault::HostMalformed`] for anything but a registered name or IP address with an optional port.
    pub(crate) fn parse(text: &str) -> Result<Self, RequestFault> {
        let (host, port) = htu::parse_authority(text).map_err(|_| RequestFault::HostMalformed)?;
        Ok(Self { host, port })
    }

    /// The host that routes are matched against: no port, lower case.
    pub(crate) fn routing_host(&self) -> Box<str> {
        match &self.host {
            Host::Name(name) => name.as_str().into(),
            Host::V4(address) => address.to_string().into(),
            Host::V6(address) => format!("[{address}]").into(),
        }
    }

    /// Whether both name the same origin under this default port.
    pub(crate) fn same_origin(&self, other: &Self, default_port: u16) -> bool {
        self.host == other.host && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }
}

/// The `Host` of the last request of a connection: nearly every client sends the same again, and it is parsed once.
#[derive(Debug, Default)]
pub(crate) struct LastHost(RefCell<Option<(HeaderValue, Rc<Parsed>)>>);

/// An authority, and its host as routes are matched against it.
type Parsed = (Authority, Box<str>);

impl LastHost {
    /// Parses the value of `Host`.
    ///
    /// # Errors
    /// As [`Authority::parse`].
    pub(crate) fn parse(&self, value: &HeaderValue) -> Result<Rc<Parsed>, RequestFault> {
        let mut last = self.0.borrow_mut();
        if let Some((_, parsed)) = last.as_ref().filter(|(known, _)| known == value) {
            return Ok(Rc::clone(parsed));
        }
        let authority = Authority::parse(value.to_str().map_err(|_| RequestFault::HostMalformed)?)?;
        let host = authority.routing_host();
        let parsed = Rc::new((authority, host));
        // A copy of its own: the value is a part of a head that is not kept for it.
        *last = HeaderValue::from_bytes(value.as_bytes()).ok().map(|value| (value, Rc::clone(&parsed)));
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_host_is_parsed_anew_and_a_bad_one_is_never_remembered() {
        let last = LastHost::default();
        let host = |text: &'static str| {
            last.parse(&HeaderValue::from_static(text)).map(|parsed| (parsed.0.port, parsed.1.clone()))
        };
        for (text, expected) in [
            ("API.example:8000", Ok((Some(8000), "api.example".into()))),
            ("API.example:8000", Ok((Some(8000), "api.example".into()))),
            ("a b", Err(RequestFault::HostMalformed)),
            ("[::1]", Ok((None, "[::1]".into()))),
            ("a b", Err(RequestFault::HostMalformed)),
            ("127.0.0.1:80", Ok((Some(80), "127.0.0.1".into()))),
        ] {
            assert_eq!(host(text), expected, "{text}");
        }
    }
}
