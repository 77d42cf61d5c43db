use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

/// The host of a service: a name or an IP address, without a port.
///
/// # Errors
/// `must not have a port`, or `invalid value: x`
pub fn host(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let parts = split(text).ok_or_else(|| invalid(text))?;
    if parts.port { Err("must not have a port".to_owned()) } else { Ok(()) }
}

/// A host that a route matches: a name or an IP address, with an optional port, and at most one wildcard in place of
/// the leftmost or the rightmost label.
///
/// # Errors
/// `invalid wildcard: must have at most one wildcard`,
/// `invalid wildcard: must be placed at leftmost or rightmost label`, or `invalid value: x`
pub fn route_host(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let stars = text.matches('*').count();
    if stars > 1 {
        return Err("invalid wildcard: must have at most one wildcard".to_owned());
    }
    if stars == 0 {
        return split(text).map(|_| ()).ok_or_else(|| invalid(text));
    }
    let name = text.rsplit_once(':').map_or(text, |(name, _)| name);
    if !(name.starts_with("*.") || name.ends_with(".*")) {
        return Err("invalid wildcard: must be placed at leftmost or rightmost label".to_owned());
    }
    split(&text.replace('*', "wildcard")).map(|_| ()).ok_or_else(|| invalid(text))
}

/// A server name that a route or a certificate matches: a name without a port, with at most one wildcard at either end.
///
/// # Errors
/// `wildcard must be leftmost or rightmost character`, `only one wildcard must be specified`, `must not be an IP`,
/// `must not have a port`, or `invalid value: x`
pub fn sni(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let stars = text.matches('*').count();
    if stars > 1 {
        return Err("only one wildcard must be specified".to_owned());
    }
    if stars == 1 && text != "*" && !(text.starts_with("*.") || text.ends_with(".*")) {
        return Err("wildcard must be leftmost or rightmost character".to_owned());
    }
    let parts = split(&text.replace('*', "wildcard")).ok_or_else(|| invalid(text))?;
    if parts.address {
        return Err("must not be an IP".to_owned());
    }
    if parts.port { Err("must not have a port".to_owned()) } else { Ok(()) }
}

/// A name or an address, with an optional port.
///
/// # Errors
/// `invalid value: x`
pub fn host_with_optional_port(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    split(text).map(|_| ()).ok_or_else(|| invalid(text))
}

/// The name of an upstream: a host name, no address, no port.
///
/// # Errors
/// `Invalid name ('x'); must be a valid hostname`, `Invalid name ('x'); no ip addresses allowed`, or
/// `Invalid name ('x'); no port allowed`
pub fn upstream_name(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let fault = match split(text) {
        None => "must be a valid hostname",
        Some(Parts { address: true, .. }) => "no ip addresses allowed",
        Some(Parts { port: true, .. }) => "no port allowed",
        Some(_) => return Ok(()),
    };
    Err(format!("Invalid name ('{text}'); {fault}"))
}

/// A name or an address, addresses of version 6 in brackets and in their short form, and the port when there is one.
/// `None` when it is neither.
#[must_use]
pub fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    split(text)?;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
        _ => (text, None),
    };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<Ipv6Addr>();
    Some((address.map_or_else(|_| host.to_owned(), |address| format!("[{address}]")), port))
}

struct Parts {
    address: bool,
    port: bool,
}

/// A name, an IPv4 address, an IPv6 address with or without brackets; a port after the first two or the brackets.
fn split(text: &str) -> Option<Parts> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some(Parts { address: true, port: false });
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        address.parse::<Ipv6Addr>().ok()?;
        return Some(Parts { address: true, port: port(after)? });
    }
    let (name, after) = text.find(':').map_or((text, ""), |at| text.split_at(at));
    let port = port(after)?;
    if name.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        name.parse::<Ipv4Addr>().ok()?;
        return Some(Parts { address: true, port });
    }
    is_name(name).then_some(Parts { address: false, port })
}

/// Whether there is a port, or `None` when what stands there is not one.
fn port(after: &str) -> Option<bool> {
    if after.is_empty() {
        return Some(false);
    }
    let digits = after.strip_prefix(':')?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    (plain && digits.parse::<u16>().is_ok()).then_some(true)
}

fn is_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

fn invalid(text: &str) -> String {
    format!("invalid value: {text}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(check: fn(&Value) -> Result<(), String>, cases: &[(&str, &str)]) {
        for (text, fault) in cases {
            let expected = if fault.is_empty() { Ok(()) } else { Err((*fault).to_owned()) };
            assert_eq!(check(&json!(text)), expected, "{text}");
        }
    }

    #[test]
    fn a_service_host_is_a_name_or_address_without_port() {
        faults(
            host,
            &[
                ("example.com", ""),
                ("my_service", ""),
                ("example.com.", ""),
                ("10.0.0.1", ""),
                ("::1", ""),
                ("[::1]", ""),
                ("example.com:80", "must not have a port"),
                ("10.0.0.1:80", "must not have a port"),
                ("[::1]:80", "must not have a port"),
                ("300.1.1.1", "invalid value: 300.1.1.1"),
                ("a b", "invalid value: a b"),
                ("-a.com", "invalid value: -a.com"),
                ("a..b", "invalid value: a..b"),
                ("*.a.com", "invalid value: *.a.com"),
                ("a.com/x", "invalid value: a.com/x"),
                ("a:99999", "invalid value: a:99999"),
                ("user@a", "invalid value: user@a"),
            ],
        );
    }

    #[test]
    fn a_route_host_has_one_wildcard_at_an_outer_label() {
        faults(
            route_host,
            &[
                ("example.com", ""),
                ("example.com:8443", ""),
                ("*.example.com", ""),
                ("*.example.com:80", ""),
                ("example.*", ""),
                ("example.*:80", ""),
                ("*.example.*", "invalid wildcard: must have at most one wildcard"),
                ("a.*.com", "invalid wildcard: must be placed at leftmost or rightmost label"),
                ("*example.com", "invalid wildcard: must be placed at leftmost or rightmost label"),
                ("example*", "invalid wildcard: must be placed at leftmost or rightmost label"),
                ("a b", "invalid value: a b"),
                ("*.a b", "invalid value: *.a b"),
                ("a:x", "invalid value: a:x"),
            ],
        );
    }

    #[test]
    fn a_server_name_is_no_address_and_has_no_port() {
        faults(
            sni,
            &[
                ("example.com", ""),
                ("*.example.com", ""),
                ("example.*", ""),
                ("*", ""),
                ("10.0.0.1", "must not be an IP"),
                ("example.com:443", "must not have a port"),
                ("a.*.com", "wildcard must be leftmost or rightmost character"),
                ("*.a.*", "only one wildcard must be specified"),
                ("a b", "invalid value: a b"),
            ],
        );
    }
}
