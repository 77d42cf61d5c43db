use keybound_model::schema::{Type, integer, number, record};
use keybound_oidc::Url;
use serde_json::Value;

/// How entries are collected and sent; so many go into one call.
pub(crate) fn queue(batch: i64) -> Type {
    let delay = |value: &Value| range(value, 0.001, 1_000_000.0);
    record([
        (
            "max_batch_size",
            integer().default(batch).between(1, 1_000_000).doc("How many entries go into one call."),
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

/// A number within these bounds.
pub(crate) fn range(value: &Value, low: f64, high: f64) -> Result<(), String> {
    match value.as_f64() {
        Some(number) if (low..=high).contains(&number) => Ok(()),
        _ => Err(format!("value should be between {low} and {high}")),
    }
}

/// Milliseconds, as Kong bounds them.
pub(crate) fn milliseconds(value: &Value) -> Result<(), String> {
    range(value, 0.0, 2_147_483_646.0)
}

/// A URL of somebody who takes messages.
pub(crate) fn url(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    match Url::parse(text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err("missing scheme in url".to_owned()),
        Ok(url) if !url.has_host() => Err("missing host in url".to_owned()),
        Ok(_) => Ok(()),
        Err(_) if !text.contains("://") => Err("missing scheme in url".to_owned()),
        Err(_) => Err("missing host in url".to_owned()),
    }
}

/// The name of a field that messages may have.
pub(crate) fn header(value: &Value) -> Result<(), String> {
    let name = value.as_str().unwrap_or_default();
    let forbidden = ["Host", "Content-Length", "Content-Type"];
    match forbidden.iter().find(|other| other.eq_ignore_ascii_case(name)) {
        Some(name) => Err(format!("cannot contain '{name}' header")),
        None => Ok(()),
    }
}
