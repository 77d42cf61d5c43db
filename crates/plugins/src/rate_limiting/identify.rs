use std::borrow::Cow;

use http::HeaderName;
use keybound_pop::thumbprint::token_hash;

use crate::contract::Exchange;

/// Whose requests are counted together.
pub(super) enum By {
    Consumer,
    Credential,
    Ip,
    Service,
    Header(HeaderName),
    Path(String),
    ConsumerGroup,
}

/// Longer identifiers are digested: the memory of a counter does not grow with what a stranger sends.
const LONGEST: usize = 64;

impl By {
    pub(super) fn new(limit_by: &str, header: Option<&str>, path: Option<String>) -> Result<Self, String> {
        Ok(match limit_by {
            "consumer" => Self::Consumer,
            "credential" => Self::Credential,
            "ip" => Self::Ip,
            "service" => Self::Service,
            "header" => {
                let name = header.ok_or("header_name: required field missing")?;
                let name = HeaderName::from_bytes(name.as_bytes());
                Self::Header(name.map_err(|_| "header_name: bad header name".to_owned())?)
            }
            "path" => Self::Path(path.ok_or("path: required field missing")?),
            "consumer-group" => Self::ConsumerGroup,
            other => return Err(format!("limit_by: '{other}' is not known")),
        })
    }

    /// What names the caller. A request without what is looked for is counted by its address, as in Kong.
    pub(super) fn identifier(&self, exchange: &Exchange<'_>) -> String {
        let identity = &exchange.notes.identity;
        let credential = || identity.credential.as_deref().map(|credential| (Cow::from(credential), 'c'));
        let found = match self {
            Self::Consumer => {
                identity.consumer.as_ref().map(|c| (Cow::from(c.id.to_string()), 'u')).or_else(credential)
            }
            Self::Credential => credential(),
            Self::Ip => None,
            Self::Service => exchange.scope.service.as_ref().map(|(id, _)| (Cow::from(id.as_ref()), 's')),
            Self::Header(name) => {
                let value = exchange.head.headers.get(name);
                value.map(|value| (String::from_utf8_lossy(value.as_bytes()), 'h'))
            }
            Self::Path(path) => {
                (exchange.head.path.matching() == path).then(|| (Cow::from(path.as_str()), 'p'))
            }
            Self::ConsumerGroup => {
                let groups = identity.consumer_groups(exchange.directory);
                groups.first().map(|group| (Cow::from(group.to_string()), 'g'))
            }
        };
        // The letter keeps what a client can choose apart from addresses and ids.
        match found {
            Some((name, kind)) if name.len() <= LONGEST => format!("{kind}:{name}"),
            Some((name, kind)) => format!("{kind}#{}", hex(token_hash(name.as_bytes()))),
            None => format!("i:{}", exchange.head.client_ip.to_canonical()),
        }
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
