use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

/// An IP address, or a network with its prefix length.
///
/// # Errors
/// `invalid ip or cidr range: 'x'`
pub fn ip_or_cidr(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if text.parse::<IpAddr>().is_ok() || text.parse::<IpNet>().is_ok() {
        return Ok(());
    }
    Err(format!("invalid ip or cidr range: '{text}'"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_and_networks_pass() {
        for good in ["10.0.0.1", "10.0.0.0/8", "::1", "fc00::/7"] {
            assert_eq!(ip_or_cidr(&json!(good)), Ok(()), "{good}");
        }
        assert_eq!(
            ip_or_cidr(&json!("10.0.0.0/33")),
            Err("invalid ip or cidr range: '10.0.0.0/33'".to_owned())
        );
        assert_eq!(ip_or_cidr(&json!("x")), Err("invalid ip or cidr range: 'x'".to_owned()));
    }
}
