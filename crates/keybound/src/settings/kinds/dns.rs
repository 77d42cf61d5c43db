use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::{Kind, list, parts};

/// Name servers, or none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameServers(pub Vec<SocketAddr>);

impl Kind for NameServers {
    const SHAPE: &'static str = "list of addresses, each with a port or without (`10.0.0.53`, `[::1]:5353`)";

    fn parse(text: &str) -> Result<Self, String> {
        let server = |part: &str| {
            let bare = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(part);
            let alone = || bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
            part.parse::<SocketAddr>()
                .or_else(|_| alone())
                .ok()
                .filter(|server| server.port() > 0)
                .ok_or_else(|| format!("'{part}' is not an address of a name server, with a port or without"))
        };
        parts(text).map(server).collect::<Result<_, _>>().map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(ToString::to_string))
    }
}

/// What a name may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsRecord {
    /// What had records the last time.
    Last,
    /// Names with ports, weights and priorities.
    Srv,
    /// Addresses of version 4.
    A,
    /// Addresses of version 6.
    Aaaa,
    /// Other names, which are followed in any case.
    Cname,
}

impl DnsRecord {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Last, "LAST"),
        (Self::Srv, "SRV"),
        (Self::A, "A"),
        (Self::Aaaa, "AAAA"),
        (Self::Cname, "CNAME"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(record, _)| *record == self).map(|(_, name)| *name).unwrap_or_default()
    }

    fn list(text: &str, known: &[Self]) -> Result<Vec<Self>, String> {
        let names = || known.iter().map(|record| record.name()).collect::<Vec<_>>().join(", ");
        let record = |part: &str| {
            let named = Self::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(part));
            named
                .map(|(record, _)| *record)
                .filter(|record| known.contains(record))
                .ok_or_else(|| format!("'{part}' is none of {}", names()))
        };
        let records = parts(text).map(record).collect::<Result<Vec<_>, _>>()?;
        if records.iter().any(|record| matches!(record, Self::Srv | Self::A | Self::Aaaa)) {
            Ok(records)
        } else {
            Err("one of SRV, A and AAAA is needed".to_owned())
        }
    }
}

/// What a name is asked for, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsOrder(pub Vec<DnsRecord>);

impl Kind for DnsOrder {
    const SHAPE: &'static str = "list of `LAST`, `SRV`, `A`, `AAAA`, `CNAME`";

    fn parse(text: &str) -> Result<Self, String> {
        use DnsRecord::{A, Aaaa, Cname, Last, Srv};
        DnsRecord::list(text, &[Last, Srv, A, Aaaa, Cname]).map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(|record| record.name()).collect::<Vec<_>>().join(",")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(|record| record.name().to_owned()))
    }
}

/// What a name is asked for, together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DnsFamily(pub Vec<DnsRecord>);

impl Kind for DnsFamily {
    const SHAPE: &'static str = "list of `A`, `AAAA`, `SRV`";

    fn parse(text: &str) -> Result<Self, String> {
        DnsRecord::list(text, &[DnsRecord::A, DnsRecord::Aaaa, DnsRecord::Srv]).map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(|record| record.name()).collect::<Vec<_>>().join(",")
    }

    fn json(&self) -> Value {
        list(self.0.iter().map(|record| record.name().to_owned()))
    }
}

/// Seconds, or what the records say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordTtl(pub Option<u32>);

impl Kind for RecordTtl {
    const SHAPE: &'static str = "a whole number";

    fn parse(text: &str) -> Result<Self, String> {
        const MOST: u32 = 31_536_000;
        let seconds = text.parse().ok().filter(|seconds| (1..=MOST).contains(seconds));
        seconds
            .map(|seconds| Self(Some(seconds)))
            .ok_or_else(|| format!("'{text}' is not a whole number of 1 to {MOST}"))
    }

    fn show(&self) -> String {
        self.0.map(|seconds| seconds.to_string()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        self.0.map_or(Value::Null, Value::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_have_port_53_unless_they_have_another() {
        let servers = NameServers::parse("10.0.0.1, 10.0.0.2:5353, ::1, [::1]:54").unwrap();
        assert_eq!(servers.show(), "10.0.0.1:53, 10.0.0.2:5353, [::1]:53, [::1]:54");
        for wrong in ["dns.test", "10.0.0.1:0", "10.0.0.1:x", "10.0.0.1:"] {
            assert!(NameServers::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn records_are_named_in_any_case_and_something_must_lead_to_addresses() {
        assert_eq!(DnsOrder::parse("last, a,AAAA").unwrap().show(), "LAST,A,AAAA");
        assert_eq!(DnsOrder::parse("LAST,CNAME"), Err("one of SRV, A and AAAA is needed".to_owned()));
        assert_eq!(DnsOrder::parse("MX"), Err("'MX' is none of LAST, SRV, A, AAAA, CNAME".to_owned()));
        assert_eq!(DnsFamily::parse("LAST,A"), Err("'LAST' is none of A, AAAA, SRV".to_owned()));
    }
}
