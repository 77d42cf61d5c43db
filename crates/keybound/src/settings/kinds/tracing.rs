use keybound_plugins::Instrumentations;
use serde_json::Value;

use super::{Kind, list, parts};

/// What is measured of traced requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TracingInstrumentations(pub Instrumentations);

/// A share of 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share(pub f64);

type Switch = fn(&mut Instrumentations) -> &mut bool;

const NAMES: [(&str, Switch); 4] = [
    ("request", |measured| &mut measured.request),
    ("plugin_access", |measured| &mut measured.plugin_access),
    ("http_client", |measured| &mut measured.http_client),
    ("balancer", |measured| &mut measured.balancer),
];
/// What Kong measures beside.
const KONG_ONLY: [&str; 5] = ["db_query", "dns_query", "router", "plugin_rewrite", "plugin_header_filter"];

impl TracingInstrumentations {
    fn names(mut self) -> Vec<String> {
        let on = |(name, switch): &(&'static str, Switch)| switch(&mut self.0).then(|| (*name).to_owned());
        match NAMES.iter().filter_map(on).collect::<Vec<_>>() {
            none if none.is_empty() => vec!["off".to_owned()],
            all if all.len() == NAMES.len() => vec!["all".to_owned()],
            some => some,
        }
    }
}

impl Kind for TracingInstrumentations {
    const SHAPE: &'static str =
        "`off`, `all`, or of `request`, `plugin_access`, `http_client` and `balancer` those that are wanted";

    fn parse(text: &str) -> Result<Self, String> {
        let mut measured = Instrumentations::default();
        for name in parts(text) {
            match NAMES.iter().find(|(known, _)| *known == name) {
                Some((_, switch)) => *switch(&mut measured) = true,
                None if name == "all" => measured = Instrumentations::ALL,
                None if name == "off" && text.trim() == "off" => {}
                None if KONG_ONLY.contains(&name) => {
                    return Err(format!("'{name}' is Kong's, and Keybound does not measure it"));
                }
                None => {
                    let known: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                    return Err(format!("'{name}' cannot be measured: off, all, or of {}", known.join(", ")));
                }
            }
        }
        Ok(Self(measured))
    }

    fn show(&self) -> String {
        self.names().join(",")
    }

    fn json(&self) -> Value {
        list(self.names())
    }
}

impl Kind for Share {
    const SHAPE: &'static str = "a number of 0 to 1";

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(Self(share)),
            _ => Err(format!("'{text}' is not a number of 0 to 1")),
        }
    }

    fn show(&self) -> String {
        self.0.to_string()
    }

    fn json(&self) -> Value {
        Value::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_is_read_and_written() {
        for text in ["off", "all", "request", "request,balancer"] {
            assert_eq!(TracingInstrumentations::parse(text).unwrap().show(), text);
        }
        let all = TracingInstrumentations::parse("balancer, http_client, request, plugin_access").unwrap();
        assert_eq!(all.show(), "all");
    }

    #[test]
    fn what_cannot_be_measured_is_refused_by_name() {
        let fault = |text| TracingInstrumentations::parse(text).unwrap_err();
        assert_eq!(fault("request, db_query"), "'db_query' is Kong's, and Keybound does not measure it");
        assert!(fault("off, request").starts_with("'off' cannot be measured"));
        assert!(Share::parse("1.5").is_err() && Share::parse("NaN").is_err());
    }
}
