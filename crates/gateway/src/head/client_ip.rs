use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::settings::Trust;

static X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The client's address: the peer's, or what a trusted peer says of it in the field of `real_ip_header`.
///
/// Where the PROXY protocol says it, the peer is the client already.
///
/// The right-most address counts; with `recursive` the right-most one that is not trusted itself, or the left-most
/// when all are. A value that is no address ends the search where it stands, as with nginx.
pub(crate) fn client_ip(headers: &HeaderMap, peer: IpAddr, trusted: bool, trust: &Trust) -> IpAddr {
    if !trusted || trust.proxy_protocol {
        return peer;
    }
    let name = trust.real_ip_header.as_ref().unwrap_or(&X_REAL_IP);
    let lines = headers.get_all(name).iter().rev().filter_map(|line| line.to_str().ok());
    let mut client = peer;
    for text in lines.flat_map(|line| line.rsplit(',')).map(str::trim).filter(|text| !text.is_empty()) {
        let Some(address) = address(text) else { break };
        client = address;
        if !trust.recursive || !trust.trusts(address) {
            break;
        }
    }
    client
}

/// An address, with or without a port, as proxies write them.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rstest::rstest;

    use super::*;

    fn trust(header: Option<&'static str>, recursive: bool) -> Trust {
        let trusted = ["127.0.0.0/8", "10.0.0.0/8"].iter().map(|net| net.parse().unwrap()).collect();
        let real_ip_header = header.map(HeaderName::from_static);
        Trust { trusted, real_ip_header, recursive, ..Trust::default() }
    }

    fn found(trust: &Trust, fields: &[(&'static str, &'static str)], trusted: bool) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        client_ip(&headers, "127.0.0.1".parse().unwrap(), trusted, trust).to_string()
    }

    #[test]
    fn nobody_elses_word_counts() {
        assert_eq!(found(&trust(None, false), &[("x-real-ip", "1.2.3.4")], false), "127.0.0.1");
    }

    #[test]
    fn no_field_counts_where_the_proxy_protocol_says_who_the_client_is() {
        let trust = Trust { proxy_protocol: true, ..trust(Some("x-real-ip"), false) };
        assert_eq!(found(&trust, &[("x-real-ip", "1.2.3.4")], true), "127.0.0.1");
    }

    #[test]
    fn the_default_field_is_x_real_ip() {
        let fields = [("x-real-ip", "1.2.3.4"), ("x-forwarded-for", "5.6.7.8")];
        assert_eq!(found(&trust(None, false), &fields, true), "1.2.3.4");
    }

    #[rstest]
    #[case(false, &[("x-forwarded-for", "1.1.1.1, 2.2.2.2, 10.0.0.9")], "10.0.0.9")]
    #[case(true, &[("x-forwarded-for", "1.1.1.1, 2.2.2.2, 10.0.0.9")], "2.2.2.2")]
    #[case(true, &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "10.0.0.9")], "1.1.1.1")]
    #[case(true, &[("x-forwarded-for", "10.0.0.1, 10.0.0.2")], "10.0.0.1")]
    #[case(true, &[("x-forwarded-for", "1.1.1.1, nonsense, 10.0.0.2")], "10.0.0.2")]
    #[case(false, &[("x-forwarded-for", "1.1.1.1, [2001:db8::1]:99")], "2001:db8::1")]
    #[case(false, &[("x-forwarded-for", "2001:db8::2")], "2001:db8::2")]
    #[case(false, &[("x-forwarded-for", "3.3.3.3:1234")], "3.3.3.3")]
    #[case(false, &[("x-forwarded-for", "unknown")], "127.0.0.1")]
    #[case(false, &[], "127.0.0.1")]
    fn the_right_most_address_counts_or_the_right_most_untrusted_one(
        #[case] recursive: bool,
        #[case] fields: &[(&'static str, &'static str)],
        #[case] want: &str,
    ) {
        assert_eq!(found(&trust(Some("x-forwarded-for"), recursive), fields, true), want);
    }
}
