use keybound_model::PluginDescription;
use keybound_model::catalog::HTTP_PROTOCOLS;
use keybound_model::schema::{Schema, Type, integer, map, number, record, string};
use keybound_oidc::Url;
use serde_json::Value;

use super::{NAME, PRIORITY};
use crate::typed::KONG;

pub(super) fn description() -> PluginDescription {
    let config = Schema::new([
        (
            "http_endpoint",
            string().required().referenceable().encrypted().check("url", url).doc("Where entries are sent."),
        ),
        ("method", string().default("POST").one_of(["POST", "PUT", "PATCH"]).doc("The method of the calls.")),
        (
            "content_type",
            string()
                .default("application/json")
                .one_of(["application/json", "application/json; charset=utf-8"])
                .doc("The type that is told."),
        ),
        ("timeout", number().default(10_000).check("range", milliseconds).doc("Milliseconds for a call.")),
        (
            "keepalive",
            number()
                .default(60_000)
                .check("range", milliseconds)
                .doc("Whether connections are kept: 0 keeps none."),
        ),
        ("retry_count", integer().between(0, 1_000_000).doc("How often a batch is sent again at most.")),
        ("queue_size", integer().between(1, 1_000_000).doc("The old name of `queue.max_batch_size`.")),
        (
            "flush_timeout",
            number()
                .check("delay", |value| range(value, 0.0, 3600.0))
                .doc("The old name of `queue.max_coalescing_delay`."),
        ),
        (
            "headers",
            map(string().check("header", header), string().referenceable())
                .doc("Fields of the calls beside type and length."),
        ),
        ("queue", queue()),
        (
            "custom_fields_by_lua",
            map(string().len_min(1), string().len_min(1)).not_yet_supported().doc("Lua is not run here."),
        ),
    ]);
    PluginDescription::new(NAME, KONG, PRIORITY, config).for_any_protocol(HTTP_PROTOCOLS)
}

fn queue() -> Type {
    let delay = |value: &Value| range(value, 0.001, 1_000_000.0);
    record([
        (
            "max_batch_size",
            integer().default(1).between(1, 1_000_000).doc("How many entries go into one call."),
        ),
        (
            "max_coalescing_delay",
            number().default(1).between(0, 3600).doc("Seconds that an entry waits for others."),
        ),
        (
            "max_entries",
            integer().default(10_000).between(1, 1_000_000).doc("How many entries wait at most."),
        ),
        ("max_bytes", integer().gt(0).doc("How many bytes wait at most.")),
        (
            "max_retry_time",
            number()
                .default(60)
                .between(0, 1_000_000)
                .doc("Seconds for which a call is tried again; none when 0."),
        ),
        (
            "initial_retry_delay",
            number().default(0.01).check("delay", delay).doc("Seconds before the second try."),
        ),
        ("max_retry_delay", number().default(60).check("delay", delay).doc("The longest pause, in seconds.")),
        (
            "concurrency_limit",
            integer().default(1).one_of([-1, 1]).doc("Whether calls wait for each other (1) or not (-1)."),
        ),
    ])
    .required()
    .doc("How entries are collected and sent.")
}

fn range(value: &Value, low: f64, high: f64) -> Result<(), String> {
    match value.as_f64() {
        Some(number) if (low..=high).contains(&number) => Ok(()),
        _ => Err(format!("value should be between {low} and {high}")),
    }
}

fn milliseconds(value: &Value) -> Result<(), String> {
    range(value, 0.0, 2_147_483_646.0)
}

fn url(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err("missing scheme in url".to_owned()),
        Ok(url) if !url.has_host() => Err("missing host in url".to_owned()),
        Ok(_) => Ok(()),
        Err(_) if !text.contains("://") => Err("missing scheme in url".to_owned()),
        Err(_) => Err("missing host in url".to_owned()),
    }
}

fn header(value: &Value) -> Result<(), String> {
    let name = value.as_str().unwrap_or_default();
    let forbidden = ["Host", "Content-Length", "Content-Type"];
    match forbidden.iter().find(|other| other.eq_ignore_ascii_case(name)) {
        Some(name) => Err(format!("cannot contain '{name}' header")),
        None => Ok(()),
    }
}
