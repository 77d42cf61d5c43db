use http::HeaderMap;
use http::header::{self, HeaderName, HeaderValue};
use keybound_plugins::fault::RequestFault;

/// What one pass over the fields of a request found; later steps look up only what is there.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) bytes: usize,
    pub(crate) hosts: usize,
    pub(crate) cookies: usize,
    pub(crate) transfer_codings: usize,
    pub(crate) lengths: usize,
    pub(crate) connection: bool,
    pub(crate) upgrade: bool,
    pub(crate) te: bool,
    pub(crate) via: bool,
    pub(crate) forwarded_for: bool,
    pub(crate) hop_by_hop: bool,
    pub(crate) forwarding: bool,
    disguised: Vec<HeaderName>,
}

impl Seen {
    /// Looks at every field once.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut seen = Self::default();
        for (name, value) in headers {
            seen.bytes += name.as_str().len() + value.len() + 4;
            seen.note(name);
        }
        seen
    }

    /// Removes the fields whose name would be another's if `_` were `-`, where that other field carries a
    /// credential, an identity or framing: an upstream that reads names the CGI way takes one for the other.
    pub(crate) fn drop_disguised(&self, headers: &mut HeaderMap) {
        for name in &self.disguised {
            headers.remove(name);
        }
    }

    fn note(&mut self, name: &HeaderName) {
        let text = name.as_str();
        match text {
            "te" => self.te = true,
            "via" => self.via = true,
            "host" => self.hosts += 1,
            "cookie" => self.cookies += 1,
            "upgrade" => self.upgrade = true,
            "connection" => self.connection = true,
            "content-length" => self.lengths += 1,
            "transfer-encoding" => self.transfer_codings += 1,
            "x-forwarded-for" => self.forwarded_for = true,
            "x-forwarded-proto" | "x-forwarded-host" | "x-forwarded-port" => self.forwarding = true,
            _ if HOP_BY_HOP.contains(&text) => self.hop_by_hop = true,
            _ => {}
        }
        if text.as_bytes().contains(&b'_') && is_relied_on(text) {
            self.disguised.push(name.clone());
        }
    }
}

/// Fields that concern one connection only and are not forwarded. `Expect` is answered here, and `Proxy` would
/// become `HTTP_PROXY` where an upstream reads names the CGI way.
pub(crate) const HOP_BY_HOP: [&str; 6] =
    ["keep-alive", "proxy-connection", "http2-settings", "proxy", "expect", "proxy-authenticate"];

/// Removes the fields that concern the client's connection only.
pub(crate) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Makes one line of the pieces that a client of HTTP/2 may cut its cookies into (RFC 9113 §8.2.3): what is behind the gateway
/// need not know of that.
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    let lines: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(whole) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(header::COOKIE, whole);
    }
}

/// Checks that what `Connection` nominates may be dropped, and drops it.
///
/// # Errors
/// [`RequestFault::ConnectionNominates`] for a field that routing, a plugin or the upstream relies on (RFC 9110
/// §7.6.1): dropping it would change what was asked, forwarding it would break the protocol.
pub(crate) fn drop_nominated(headers: &mut HeaderMap) -> Result<(), RequestFault> {
    let mut nominated: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        for option in value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if option.is_empty() || is_connection_option(option) {
                continue;
            }
            let name = HeaderName::from_bytes(option).map_err(|_| RequestFault::ConnectionNominates)?;
            if is_relied_on(name.as_str()) || is_end_to_end(&name) {
                return Err(RequestFault::ConnectionNominates);
            }
            nominated.push(name);
        }
    }
    headers.remove(header::CONNECTION);
    for name in nominated {
        headers.remove(name);
    }
    Ok(())
}

/// Whether `Connection` lists this option, in any case.
pub(crate) fn connection_lists(headers: &HeaderMap, option: &str) -> bool {
    headers.get_all(header::CONNECTION).iter().any(|value| lists(value.as_bytes(), option))
}

/// Whether a list, of which this is a line, has an element of this name.
pub(crate) fn lists(line: &[u8], name: &str) -> bool {
    line.split(|&byte| byte == b',').any(|one| one.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

/// Whether a field of this name carries a credential, an identity, forwarding facts or framing: never dropped by
/// nomination, never forwarded from a trailer or in a disguise of underscores.
pub(crate) fn is_relied_on(name: &str) -> bool {
    let mut plain = [0_u8; 48];
    let mut length = 0;
    for byte in name.bytes().filter(|byte| !matches!(byte, b'-' | b'_')) {
        let Some(place) = plain.get_mut(length) else { break };
        *place = byte.to_ascii_lowercase();
        length += 1;
    }
    let plain = plain.get(..length).unwrap_or_default();
    RELIED_ON.contains(&plain) || RELIED_ON_PREFIXES.iter().any(|prefix| plain.starts_with(prefix))
}

const RELIED_ON: [&[u8]; 25] = [
    b"authorization",
    b"accesstoken",
    b"proxyauthorization",
    b"dpop",
    b"dpopnonce",
    b"cookie",
    b"setcookie",
    b"wwwauthenticate",
    b"host",
    b"contentlength",
    b"transferencoding",
    b"forwarded",
    b"via",
    b"remoteuser",
    b"clientcert",
    b"clientcertchain",
    b"xrealip",
    b"xuserinfo",
    b"xaccesstoken",
    b"xidtoken",
    b"xrefreshtoken",
    b"xanonymousconsumer",
    b"xauthenticateduserid",
    b"xauthenticatedscope",
    b"xauthenticatedgroups",
];

const RELIED_ON_PREFIXES: [&[u8]; 5] =
    [b"xforwarded", b"xconsumer", b"xcredential", b"xkong", b"xclientcert"];

fn is_connection_option(option: &[u8]) -> bool {
    const OPTIONS: [&[u8]; 9] = [
        b"close",
        b"keep-alive",
        b"upgrade",
        b"te",
        b"trailer",
        b"trailers",
        b"proxy-connection",
        b"proxy-authenticate",
        b"http2-settings",
    ];
    OPTIONS.iter().any(|known| option.eq_ignore_ascii_case(known))
}

/// Fields of content and negotiation that change the meaning of a request when they vanish.
fn is_end_to_end(name: &HeaderName) -> bool {
    const FIELDS: [HeaderName; 14] = [
        header::ACCEPT,
        header::CACHE_CONTROL,
        header::CONTENT_ENCODING,
        header::CONTENT_TYPE,
        header::EXPECT,
        header::IF_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_NONE_MATCH,
        header::IF_RANGE,
        header::IF_UNMODIFIED_SINCE,
        header::MAX_FORWARDS,
        header::ORIGIN,
        header::PRAGMA,
        header::RANGE,
    ];
    FIELDS.contains(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut headers = HeaderMap::new();
        for (name, value) in fields.iter().map(pair) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn connection_options_and_unknown_nominees_are_dropped() {
        let mut headers = map(&[("connection", "Close, x-hop ,,TE"), ("x-hop", "1"), ("x-stays", "1")]);
        drop_nominated(&mut headers).unwrap();
        assert_eq!(headers, map(&[("x-stays", "1")]));
    }

    #[test]
    fn nominating_what_somebody_relies_on_is_refused() {
        for name in [
            "authorization",
            "DPoP",
            "Cookie",
            "host",
            "Content-Length",
            "X-Forwarded-For",
            "x-forwarded-proto",
            "X-Consumer-ID",
            "x-userinfo",
            "content-type",
            "X_Forwarded_Host",
            "bad name",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONNECTION, HeaderValue::from_str(&format!("close, {name}")).unwrap());
            assert_eq!(drop_nominated(&mut headers), Err(RequestFault::ConnectionNominates), "{name}");
        }
    }

    #[test]
    fn names_that_differ_from_a_credentials_by_underscores_are_dropped_and_others_kept() {
        let mut headers = map(&[
            ("authorization_", "a"),
            ("d_pop", "a"),
            ("x_forwarded_proto", "a"),
            ("x-consumer_id", "a"),
            ("content_length", "9"),
            ("api_key", "kept"),
            ("dpop", "kept"),
        ]);
        Seen::of(&headers).drop_disguised(&mut headers);
        assert_eq!(headers, map(&[("api_key", "kept"), ("dpop", "kept")]));
    }

    #[test]
    fn the_pieces_of_a_cookie_become_one_line_in_their_order() {
        let mut headers = map(&[("cookie", "a=1"), ("x", "1"), ("cookie", "b=2; c=3"), ("cookie", "d=4")]);
        join_cookies(&mut headers);
        assert_eq!(headers, map(&[("cookie", "a=1; b=2; c=3; d=4"), ("x", "1")]));
    }

    #[test]
    fn one_pass_notes_what_later_steps_need() {
        let seen = Seen::of(&map(&[
            ("host", "a"),
            ("host", "b"),
            ("te", "trailers"),
            ("keep-alive", "1"),
            ("x-forwarded-port", "1"),
            ("x-forwarded-for", "::1"),
        ]));
        assert_eq!(
            (seen.hosts, seen.te, seen.hop_by_hop, seen.forwarding, seen.forwarded_for),
            (2, true, true, true, true)
        );
        assert!(!seen.connection && !seen.upgrade && !seen.via);
    }
}
