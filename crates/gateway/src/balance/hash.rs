use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use keybound_model::entity::{HashOn, Upstream};
use keybound_plugins::contract::{Head, Identity, UriCaptures};
use uuid::Uuid;

use crate::snapshot::CompileFault;

/// What of a request is hashed, and what where that is absent.
#[derive(Debug)]
pub(super) struct HashRule {
    first: Input,
    fallback: Input,
}

#[derive(Debug)]
enum Input {
    Nothing,
    Consumer,
    Ip,
    Header(HeaderName),
    Cookie { name: Box<str>, path: Box<str> },
    Path,
    QueryArg(Box<str>),
    UriCapture(Box<str>),
}

/// What a request has that can be hashed.
pub(crate) struct HashFacts<'a> {
    pub(crate) head: &'a Head,
    pub(crate) identity: &'a Identity,
    pub(crate) captures: &'a UriCaptures,
}

/// A hash, and the cookie that lets the client's next request have the same.
#[derive(Debug)]
pub(crate) struct Hashed {
    pub(crate) hash: u64,
    pub(crate) set_cookie: Option<HeaderValue>,
}

impl HashRule {
    pub(super) fn of(upstream: &Upstream) -> Result<Self, CompileFault> {
        let first = Names {
            header: upstream.hash_on_header.as_deref(),
            query_arg: upstream.hash_on_query_arg.as_deref(),
            uri_capture: upstream.hash_on_uri_capture.as_deref(),
        };
        let fallback = Names {
            header: upstream.hash_fallback_header.as_deref(),
            query_arg: upstream.hash_fallback_query_arg.as_deref(),
            uri_capture: upstream.hash_fallback_uri_capture.as_deref(),
        };
        Ok(Self {
            first: input(upstream, "hash_on", upstream.hash_on, &first)?,
            fallback: input(upstream, "hash_fallback", upstream.hash_fallback, &fallback)?,
        })
    }

    /// `None` when neither is there.
    pub(super) fn of_request(&self, facts: &HashFacts<'_>) -> Option<Hashed> {
        self.first.hashed(facts).or_else(|| self.fallback.hashed(facts))
    }
}

impl Input {
    fn hashed(&self, facts: &HashFacts<'_>) -> Option<Hashed> {
        if let Some(value) = self.value(facts) {
            return Some(Hashed { hash: hash(&value), set_cookie: None });
        }
        // A cookie that is absent is made, so that it is there the next time.
        let Self::Cookie { name, path } = self else { return None };
        let value = Uuid::new_v4().to_string();
        let cookie = format!("{name}={value}; Path={path}; Same-Site=Lax; HttpOnly");
        Some(Hashed { hash: hash(value.as_bytes()), set_cookie: HeaderValue::from_str(&cookie).ok() })
    }

    fn value<'a>(&self, facts: &'a HashFacts<'_>) -> Option<Cow<'a, [u8]>> {
        let head = facts.head;
        match self {
            Self::Nothing => None,
            Self::Consumer => match (&facts.identity.consumer, &facts.identity.credential) {
                (Some(consumer), _) => Some(Cow::Borrowed(consumer.id.as_bytes())),
                (None, Some(credential)) => Some(Cow::Borrowed(credential.as_bytes())),
                (None, None) => None,
            },
            Self::Ip => Some(match head.client_ip {
                IpAddr::V4(address) => Cow::Owned(address.octets().to_vec()),
                IpAddr::V6(address) => Cow::Owned(address.octets().to_vec()),
            }),
            Self::Header(name) => {
                let mut values = head.headers.get_all(name).iter();
                let first = values.next()?.as_bytes();
                let mut all = Cow::Borrowed(first);
                for value in values {
                    all.to_mut().extend_from_slice(value.as_bytes());
                }
                Some(all)
            }
            Self::Cookie { name, .. } => cookie(&head.headers, name).map(Cow::Borrowed),
            Self::Path => Some(Cow::Borrowed(head.path.escaped.as_bytes())),
            Self::QueryArg(name) => {
                let mut pairs = form_urlencoded::parse(head.query.as_deref()?.as_bytes());
                let value = pairs.find(|(key, _)| key == &**name)?.1;
                Some(Cow::Owned(value.into_owned().into_bytes()))
            }
            Self::UriCapture(name) => facts.captures.get(name).map(|value| Cow::Borrowed(value.as_bytes())),
        }
    }
}

/// The names that go with the kinds of input.
struct Names<'a> {
    header: Option<&'a str>,
    query_arg: Option<&'a str>,
    uri_capture: Option<&'a str>,
}

fn input(
    upstream: &Upstream,
    field: &'static str,
    on: HashOn,
    names: &Names<'_>,
) -> Result<Input, CompileFault> {
    let fault = |reason: String| CompileFault::Unsupported {
        entity: format!("upstream '{}'", upstream.name),
        field,
        reason,
    };
    let named = |name: Option<&str>| {
        let name = name.filter(|name| !name.is_empty());
        name.map(Box::<str>::from).ok_or_else(|| fault("its name is missing".to_owned()))
    };
    Ok(match on {
        HashOn::None => Input::Nothing,
        HashOn::Consumer => Input::Consumer,
        HashOn::Ip => Input::Ip,
        HashOn::Header => {
            let name = named(names.header)?;
            let name = HeaderName::from_bytes(name.as_bytes());
            Input::Header(name.map_err(|error| fault(error.to_string()))?)
        }
        HashOn::Cookie => Input::Cookie {
            name: named(upstream.hash_on_cookie.as_deref())?,
            path: upstream.hash_on_cookie_path.as_deref().unwrap_or("/").into(),
        },
        HashOn::Path => Input::Path,
        HashOn::QueryArg => Input::QueryArg(named(names.query_arg)?),
        HashOn::UriCapture => Input::UriCapture(named(names.uri_capture)?),
    })
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers.get_all(header::COOKIE).iter().find_map(|line| {
        line.as_bytes().split(|&byte| byte == b';').find_map(|pair| {
            let rest = pair.trim_ascii_start().strip_prefix(name.as_bytes())?;
            rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_end)
        })
    })
}

/// FNV-1a, and a last step that spreads its upper bits.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash)
}

/// Spreads a number over all bits (the last step of `SplitMix64`).
pub(super) fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
