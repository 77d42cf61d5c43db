use http::{HeaderMap, HeaderName, HeaderValue};
use keybound_plugins::contract::Public;
use keybound_plugins::fault::RequestFault;
use keybound_pop::htu::Scheme;

use super::authority::Authority;

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// The origin that a trusted peer says its client saw, where it says so.
///
/// Of each of `X-Forwarded-Proto`, `-Host` and `-Port` the right-most value counts: the one that the trusted peer
/// itself added. A port in the host wins over `X-Forwarded-Port`, which may be the peer's own. `Forwarded` (RFC 7239)
/// is not needed, but where it speaks of the same things its last element must agree.
///
/// # Errors
/// [`RequestFault::ForwardedContradiction`] when the fields disagree or one cannot be read;
/// [`RequestFault::HostMalformed`] when the host is none.
pub(crate) fn public_origin(headers: &HeaderMap, direct: Public) -> Result<Public, RequestFault> {
    let mut public = direct;
    let proto = right_most(headers, &X_FORWARDED_PROTO)?;
    let host = right_most(headers, &X_FORWARDED_HOST)?;
    let port = right_most(headers, &X_FORWARDED_PORT)?;
    if let Some(proto) = proto {
        public.scheme = scheme(proto)?;
    }
    if let Some(host) = host {
        let authority = Authority::parse(host)?;
        public.host = authority.host;
        public.port = authority.port;
    }
    if let (Some(port), None) = (port, public.port) {
        let port = port.parse().ok().filter(|&port: &u16| port > 0);
        public.port = Some(port.ok_or(RequestFault::ForwardedContradiction)?);
    }
    if proto.is_some() || host.is_some() {
        agree_with_forwarded(headers, &public, proto.is_some(), host.is_some())?;
    }
    Ok(public)
}

/// The last value of the last line of a field.
fn right_most<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, RequestFault> {
    let Some(line) = headers.get_all(name).iter().next_back() else { return Ok(None) };
    let text = line.to_str().map_err(|_| RequestFault::ForwardedContradiction)?;
    let value = text.rsplit(',').next().unwrap_or_default().trim();
    if value.is_empty() { Err(RequestFault::ForwardedContradiction) } else { Ok(Some(value)) }
}

fn scheme(text: &str) -> Result<Scheme, RequestFault> {
    match text.to_ascii_lowercase().as_str() {
        "https" | "wss" => Ok(Scheme::Https),
        "http" | "ws" => Ok(Scheme::Http),
        _ => Err(RequestFault::ForwardedContradiction),
    }
}

fn agree_with_forwarded(
    headers: &HeaderMap,
    public: &Public,
    proto_given: bool,
    host_given: bool,
) -> Result<(), RequestFault> {
    let Some(line) = headers.get_all(http::header::FORWARDED).iter().next_back() else { return Ok(()) };
    let (proto, host) = last_element(line)?;
    if let (true, Some(proto)) = (proto_given, proto)
        && scheme(&proto)? != public.scheme
    {
        return Err(RequestFault::ForwardedContradiction);
    }
    if let (true, Some(host)) = (host_given, host) {
        let named = Authority::parse(&host).map_err(|_| RequestFault::ForwardedContradiction)?;
        let ours = Authority { host: public.host.clone(), port: public.port };
        if !named.same_origin(&ours, default_port(public.scheme)) {
            return Err(RequestFault::ForwardedContradiction);
        }
    }
    Ok(())
}

/// `proto` and `host` of the last element of a `Forwarded` line (RFC 7239 §4).
fn last_element(line: &HeaderValue) -> Result<(Option<String>, Option<String>), RequestFault> {
    let text = line.to_str().map_err(|_| RequestFault::ForwardedContradiction)?;
    let (mut proto, mut host) = (None, None);
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let (name, after) = rest.split_once('=').ok_or(RequestFault::ForwardedContradiction)?;
        let (value, after) = pair_value(after)?;
        let place = match name.to_ascii_lowercase().as_str() {
            "proto" => Some(&mut proto),
            "host" => Some(&mut host),
            _ => None,
        };
        if let Some(place) = place
            && place.replace(value).is_some()
        {
            return Err(RequestFault::ForwardedContradiction);
        }
        rest = after.trim_start_matches([' ', '\t']);
        match rest.as_bytes().first() {
            None => return Ok((proto, host)),
            Some(b';') => {}
            Some(b',') => (proto, host) = (None, None),
            Some(_) => return Err(RequestFault::ForwardedContradiction),
        }
        rest = rest.get(1..).unwrap_or_default();
    }
}

/// A token or a quoted string, and what comes after it.
fn pair_value(text: &str) -> Result<(String, &str), RequestFault> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (value, after) = text.split_at(end);
        return Ok((value.to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.push(characters.next().ok_or(RequestFault::ForwardedContradiction)?.1),
            _ => value.push(character),
        }
    }
    Err(RequestFault::ForwardedContradiction)
}

pub(crate) fn default_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    }
}

#[cfg(test)]
mod tests {
    use keybound_pop::htu::Host;
    use rstest::rstest;

    use super::*;

    fn origin(fields: &[(&'static str, &'static str)]) -> Result<(Scheme, Host, Option<u16>), RequestFault> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let direct =
            Public { scheme: Scheme::Http, host: Host::Name("direct.test".into()), port: Some(8000) };
        public_origin(&headers, direct).map(|public| (public.scheme, public.host, public.port))
    }

    fn name(text: &str) -> Host {
        Host::Name(text.into())
    }

    #[test]
    fn without_forwarding_fields_the_direct_origin_stays() {
        assert_eq!(origin(&[]), Ok((Scheme::Http, name("direct.test"), Some(8000))));
    }

    #[test]
    fn the_right_most_value_counts() {
        let fields = [
            ("x-forwarded-proto", "http"),
            ("x-forwarded-proto", "http, https"),
            ("x-forwarded-host", "evil.test, edge.test"),
            ("x-forwarded-port", "1, 8443"),
        ];
        assert_eq!(origin(&fields), Ok((Scheme::Https, name("edge.test"), Some(8443))));
    }

    #[test]
    fn a_port_in_the_host_wins_over_the_peers_own() {
        let fields = [("x-forwarded-host", "edge.test:9443"), ("x-forwarded-port", "443")];
        assert_eq!(origin(&fields), Ok((Scheme::Http, name("edge.test"), Some(9443))));
    }

    #[test]
    fn forwarded_that_agrees_is_accepted() {
        let fields = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "edge.test"),
            ("forwarded", "for=1.2.3.4;host=old.test, for=\"[::1]\"; Proto=HTTPS;host=\"edge.test:443\""),
        ];
        assert_eq!(origin(&fields), Ok((Scheme::Https, name("edge.test"), None)));
    }

    #[rstest]
    #[case(&[("x-forwarded-proto", "https"), ("forwarded", "proto=http")])]
    #[case(&[("x-forwarded-host", "a.test"), ("forwarded", "host=b.test")])]
    #[case(&[("x-forwarded-host", "a.test"), ("forwarded", "host=a.test:81")])]
    #[case(&[("x-forwarded-host", "a.test"), ("forwarded", "host=\"a.test")])]
    #[case(&[("x-forwarded-host", "a.test"), ("forwarded", "host=a.test;host=a.test")])]
    #[case(&[("x-forwarded-host", "a.test"), ("forwarded", "nonsense")])]
    #[case(&[("x-forwarded-proto", "gopher")])]
    #[case(&[("x-forwarded-proto", "https,")])]
    #[case(&[("x-forwarded-host", "a.test"), ("x-forwarded-port", "99999")])]
    #[case(&[("x-forwarded-host", "a.test"), ("x-forwarded-port", "0")])]
    fn a_contradiction_is_refused(#[case] fields: &[(&'static str, &'static str)]) {
        assert_eq!(origin(fields), Err(RequestFault::ForwardedContradiction));
    }

    #[test]
    fn a_forwarded_host_that_is_none_is_refused() {
        assert_eq!(origin(&[("x-forwarded-host", "a@b.test")]), Err(RequestFault::HostMalformed));
    }
}
