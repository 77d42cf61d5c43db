//! `ip-restriction`: lets requests of some addresses through, or keeps those of some out.

use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use ipnet::{IpNet, Ipv4Net};
use keybound_model::checks::ip_or_cidr;
use keybound_model::schema::{EntityCheck, Schema, array, number, string};
use keybound_model::{PluginDescription, Record};
use serde::Deserialize;
use uuid::Uuid;

use crate::contract::{Decision, Exchange, Flow, Form, Plugin, Refusal};
use crate::environment::Environment;
use crate::fault::TrafficFault;
use crate::kind::Kind;
use crate::typed::{KONG, Simple, read};

const NAME: &str = "ip-restriction";
const PRIORITY: i32 = 990;

pub(crate) fn kind() -> Box<dyn Kind> {
    let addresses = || array(string().check("ip_or_cidr", ip_or_cidr));
    let config = Schema::new([
        ("allow", addresses().doc("The addresses and ranges that may call; all others may not.")),
        ("deny", addresses().doc("The addresses and ranges that may not call.")),
        ("status", number().doc("The status of a refusal, in place of 403.")),
        ("message", string().doc("The message of a refusal.")),
    ]);
    let description = PluginDescription::new(NAME, KONG, PRIORITY, config)
        .check(EntityCheck::AtLeastOneOf(&["config.allow", "config.deny"]))
        .for_any_protocol(["grpc", "grpcs", "http", "https", "tcp", "tls"]);
    Simple::boxed(description, build)
}

#[derive(Deserialize)]
struct Config {
    allow: Option<Vec<String>>,
    deny: Option<Vec<String>>,
    status: Option<u16>,
    message: Option<String>,
}

struct IpRestriction {
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
    status: Option<StatusCode>,
    message: Option<String>,
}

fn build(_id: Uuid, config: &Record, _environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let status = config.status.map(|status| {
        let status = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational());
        status.ok_or_else(|| "status: no status that ends a request".to_owned())
    });
    Ok(Arc::new(IpRestriction {
        allow: ranges("allow", config.allow)?,
        deny: ranges("deny", config.deny)?,
        status: status.transpose()?,
        message: config.message,
    }))
}

fn ranges(field: &str, texts: Option<Vec<String>>) -> Result<Vec<IpNet>, String> {
    let range = |text: String| match text.parse::<IpNet>() {
        Ok(net) => Ok(net),
        Err(_) => {
            text.parse::<IpAddr>().map(IpNet::from).map_err(|_| format!("{field}: '{text}' is no address"))
        }
    };
    texts.unwrap_or_default().into_iter().map(|text| range(text).map(canonical)).collect()
}

/// IPv4 addresses that are written as IPv6 ones are taken for what they are, as those of clients are: a list that names
/// them so must not miss them.
fn canonical(range: IpNet) -> IpNet {
    const MAPPED: u8 = 96;
    let IpNet::V6(wide) = range else { return range };
    let length = wide.prefix_len().checked_sub(MAPPED);
    let narrow = length.zip(wide.addr().to_ipv4_mapped());
    let net = narrow.and_then(|(length, address)| Ipv4Net::new(address, length).ok());
    net.map_or(range, IpNet::V4)
}

impl IpRestriction {
    fn admits(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        let is_in = |ranges: &[IpNet]| ranges.iter().any(|range| range.contains(&client));
        !is_in(&self.deny) && (self.allow.is_empty() || is_in(&self.allow))
    }
}

impl Plugin for IpRestriction {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        let client = exchange.head.client_ip;
        let flow = if self.admits(client) {
            Flow::Continue
        } else {
            let message = match &self.message {
                Some(message) => message.clone(),
                None => format!("IP address not allowed: {}", client.to_canonical()),
            };
            Flow::Refuse(Box::new(Refusal {
                status: self.status,
                message: Some(message.into()),
                form: Form::Gateway,
                ..Refusal::new(TrafficFault::AddressNotAllowed)
            }))
        };
        Box::pin(std::future::ready(flow))
    }
}
