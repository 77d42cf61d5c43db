use std::net::IpAddr;

use ipnet::IpNet;

use serde_json::Value;

use super::{Kind, list, parts};

/// Addresses and networks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks(pub Vec<IpNet>);

impl Kind for Networks {
    const SHAPE: &'static str = "list of addresses and networks (`10.0.0.0/8`, `::1`)";

    fn parse(text: &str) -> Result<Self, String> {
        let network = |part: &str| -> Result<IpNet, String> {
            if part == "unix:" {
                return Err("'unix:': Unix sockets are not supported".to_owned());
            }
            part.parse::<IpNet>()
                .or_else(|_| part.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| format!("'{part}' is not an address or a network"))
        };
        parts(text).map(network).collect::<Result<_, _>>().map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(ToString::to_string))
    }
}

/// Ports as they are seen from outside, each with the listener's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortMaps(pub Vec<(u16, u16)>);

impl Kind for PortMaps {
    const SHAPE: &'static str = "list of `OUTSIDE:INSIDE`";

    fn parse(text: &str) -> Result<Self, String> {
        let map = |part: &str| {
            let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
            part.split_once(':')
                .and_then(|(outside, inside)| Some((port(outside)?, port(inside)?)))
                .ok_or_else(|| format!("'{part}' is not OUTSIDE:INSIDE with ports of 1 to 65535"))
        };
        parts(text).map(map).collect::<Result<_, _>>().map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(|(outside, inside)| format!("{outside}:{inside}")).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(|(outside, inside)| format!("{outside}:{inside}")))
    }
}
