use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::Value;

use super::{Kind, list, parts};

/// The addresses to listen on; empty is `off`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListenSet(pub Vec<Listen>);

/// One address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// The address; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub ssl: bool,
    /// Whether it speaks HTTP/2 beside HTTP/1.1: by ALPN with TLS, by prior knowledge without.
    pub http2: bool,
    /// Whether every connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// How many connections may wait to be accepted; [`Listen::BACKLOG`] where nothing is said.
    pub backlog: Option<u32>,
}

impl Listen {
    /// How many connections may wait where nothing is said: Kong's number.
    pub const BACKLOG: u32 = 16_384;

    fn show(&self) -> String {
        let mut text = self.address.to_string();
        let options = [(self.http2, " http2"), (self.ssl, " ssl"), (self.proxy_protocol, " proxy_protocol")];
        for (on, option) in options {
            text.push_str(if on { option } else { "" });
        }
        if let Some(backlog) = self.backlog {
            text.push_str(&format!(" backlog={backlog}"));
        }
        text
    }
}

impl Kind for ListenSet {
    const SHAPE: &'static str = "list of `ADDRESS:PORT [option …]`, or `off`";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::default());
        }
        let listens: Vec<Listen> = parts(text).map(listen).collect::<Result<_, _>>()?;
        for (index, one) in listens.iter().enumerate() {
            let twice = one.address.port() != 0
                && listens.iter().skip(index + 1).any(|other| other.address == one.address);
            if twice {
                return Err(format!("{} is named twice", one.address));
            }
        }
        Ok(Self(listens))
    }

    fn show(&self) -> String {
        if self.0.is_empty() {
            return "off".to_owned();
        }
        self.0.iter().map(Listen::show).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(Listen::show))
    }
}

fn listen(text: &str) -> Result<Listen, String> {
    let mut words = text.split_whitespace();
    let address = address(words.next().unwrap_or_default())?;
    let mut listen = Listen { address, ssl: false, http2: false, proxy_protocol: false, backlog: None };
    for option in words {
        match option.split_once('=').unwrap_or((option, "")) {
            ("ssl", "") => listen.ssl = true,
            ("http2", "") => listen.http2 = true,
            ("proxy_protocol", "") => listen.proxy_protocol = true,
            ("reuseport" | "bind", "") => {}
            ("backlog", count) => {
                let in_range = count.parse().ok().filter(|count| (1..=1_000_000).contains(count));
                listen.backlog =
                    Some(in_range.ok_or_else(|| format!("'{option}' is not a backlog of 1 to 1000000"))?);
            }
            ("ipv6only", "on") => {}
            ("deferred" | "ipv6only" | "so_keepalive", _) => {
                return Err(format!("the listen option '{option}' is not supported"));
            }
            _ => {
                return Err(format!(
                    "'{option}' is not a listen option: one of ssl, http2, proxy_protocol, reuseport, bind, backlog=N"
                ));
            }
        }
    }
    Ok(listen)
}

fn address(text: &str) -> Result<SocketAddr, String> {
    if text.starts_with("unix:") {
        return Err(format!("'{text}': Unix sockets are not supported"));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(format!("'{text}' is not ADDRESS:PORT"));
    };
    let port: u16 = port.parse().map_err(|_| format!("'{text}': the port is not a number of 0 to 65535"))?;
    let ip = match host {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(inner) => inner.parse().map(IpAddr::V6).ok(),
            None => host.parse().map(IpAddr::V4).ok(),
        }
        .ok_or_else(|| {
            format!("'{text}': '{host}' is not an IP address (an IPv6 address stands in brackets)")
        })?,
    };
    Ok(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kongs_default_is_read() {
        let set = ListenSet::parse(
            "0.0.0.0:8000 reuseport backlog=16384, [::]:8443 http2 ssl reuseport backlog=16384 ipv6only=on",
        )
        .unwrap();
        assert_eq!(
            set.0,
            [
                Listen {
                    address: "0.0.0.0:8000".parse().unwrap(),
                    ssl: false,
                    http2: false,
                    proxy_protocol: false,
                    backlog: Some(16384)
                },
                Listen {
                    address: "[::]:8443".parse().unwrap(),
                    ssl: true,
                    http2: true,
                    proxy_protocol: false,
                    backlog: Some(16384)
                },
            ]
        );
        assert_eq!(set.show(), "0.0.0.0:8000 backlog=16384, [::]:8443 http2 ssl backlog=16384");
        assert_eq!(ListenSet::parse("off"), Ok(ListenSet::default()));
        let set = ListenSet::parse("127.0.0.1:80 proxy_protocol ssl").unwrap();
        assert_eq!((set.0[0].proxy_protocol, set.show().as_str()), (true, "127.0.0.1:80 ssl proxy_protocol"));
    }

    #[test]
    fn each_fault_says_what_is_wrong() {
        for (text, cause) in [
            ("8000", "'8000' is not ADDRESS:PORT"),
            ("0.0.0.0:80000", "'0.0.0.0:80000': the port is not a number of 0 to 65535"),
            ("0.0.0.0:http", "'0.0.0.0:http': the port is not a number of 0 to 65535"),
            (
                "gateway:80",
                "'gateway:80': 'gateway' is not an IP address (an IPv6 address stands in brackets)",
            ),
            ("::1:80", "'::1:80': '::1' is not an IP address (an IPv6 address stands in brackets)"),
            (
                "0.0.0.0:80 sll",
                "'sll' is not a listen option: one of ssl, http2, proxy_protocol, reuseport, bind, backlog=N",
            ),
            ("0.0.0.0:80 deferred", "the listen option 'deferred' is not supported"),
            ("0.0.0.0:80 backlog=0", "'backlog=0' is not a backlog of 1 to 1000000"),
            ("127.0.0.1:80, 127.0.0.1:80 ssl", "127.0.0.1:80 is named twice"),
            ("unix:/run/x.sock", "'unix:/run/x.sock': Unix sockets are not supported"),
        ] {
            assert_eq!(ListenSet::parse(text), Err(cause.to_owned()), "{text}");
        }
    }
}
