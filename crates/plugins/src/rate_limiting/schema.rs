use keybound_model::checks::header_name;
use keybound_model::schema::{Check, EntityCheck, Schema, Type, boolean, number, string};
use keybound_model::{Errors, PluginDescription, Record};
use serde_json::Value;

use super::period::PERIODS;
use super::{NAME, PRIORITY, redis};
use crate::typed::{KONG, config_of};

pub(super) fn description() -> PluginDescription {
    let limit = |doc: &'static str| number().gt(0).doc(doc);
    let mut config = Schema::new([
        ("second", limit("Requests per second.")),
        ("minute", limit("Requests per minute.")),
        ("hour", limit("Requests per hour.")),
        ("day", limit("Requests per day.")),
        ("month", limit("Requests per month.")),
        ("year", limit("Requests per year.")),
        (
            "limit_by",
            string()
                .default("consumer")
                .one_of(["consumer", "credential", "ip", "service", "header", "path", "consumer-group"])
                .doc("Whose requests are counted together; those of one address where there is none of it."),
        ),
        (
            "header_name",
            string().check("header_name", header_name).doc("The field whose value is counted by."),
        ),
        ("path", path()),
        (
            "policy",
            string()
                .default("local")
                .len_min(0)
                .one_of(["local", "cluster", "redis"])
                .not_yet_supported_values(["cluster"])
                .doc("Where it is counted: in this process, or in a Redis that nodes share."),
        ),
        (
            "fault_tolerant",
            boolean().required().default(true).doc("Whether requests pass when the Redis is out of reach."),
        ),
        ("redis", redis::field()),
        (
            "hide_client_headers",
            boolean().required().default(false).doc("Whether responses say nothing of limits."),
        ),
        ("error_code", number().default(429).gt(0).doc("The status of a refusal.")),
        ("error_message", string().default("API rate limit exceeded").doc("The message of a refusal.")),
        (
            "sync_rate",
            number()
                .required()
                .default(-1)
                .not_yet_supported()
                .doc("Seconds between two exchanges with the Redis; -1 counts there with each request."),
        ),
    ]);
    for shorthand in redis::shorthands() {
        config = config.shorthand(shorthand);
    }
    let mut description = PluginDescription::new(NAME, KONG, PRIORITY, config)
        .check(EntityCheck::Custom { name: "periods", fields: &["config"], check: periods_grow })
        .check(EntityCheck::AtLeastOneOf(&[
            "config.second",
            "config.minute",
            "config.hour",
            "config.day",
            "config.month",
            "config.year",
        ]));
    for field in ["config.redis.host", "config.redis.port", "config.redis.timeout"] {
        description = description.check(needs("config.policy", "redis", field));
    }
    description.check(needs("config.limit_by", "header", "config.header_name")).check(needs(
        "config.limit_by",
        "path",
        "config.path",
    ))
}

fn path() -> Type {
    string().starts_with("/").doc("The path that is counted by.")
}

fn needs(if_field: &'static str, value: &'static str, then_field: &'static str) -> EntityCheck {
    EntityCheck::Conditional {
        if_field,
        if_match: Check::Eq(value.into()),
        then_field,
        then_match: Check::Required,
    }
}

/// A longer period cannot have a lower limit.
fn periods_grow(plugin: &Record) -> Result<(), Errors> {
    let Some(config) = config_of(plugin) else { return Ok(()) };
    let limit = |name: &str| config.get(name).and_then(Value::as_f64);
    for (index, lower) in PERIODS.iter().enumerate() {
        let Some(low) = limit(lower.name) else { continue };
        for upper in PERIODS.iter().skip(index + 1) {
            if let Some(high) = limit(upper.name).filter(|high| *high < low) {
                let (upper, lower) = (upper.name, lower.name);
                let text = format!(
                    "The limit for {upper}({high:.1}) cannot be lower than the limit for {lower}({low:.1})"
                );
                return Err(Errors::field("config", text));
            }
        }
    }
    Ok(())
}
