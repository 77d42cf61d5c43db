use keybound_model::PluginDescription;
use keybound_model::schema::{Schema, Type, array, record, string};
use serde_json::{Value, json};

use super::rules::split;
use super::template::Template;
use super::{NAME, PRIORITY};
use crate::typed::{KONG, settable};

pub(super) fn description() -> PluginDescription {
    let method = string()
        .matches("^%u+$", |text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase()))
        .doc("The method of the upstream's request.");
    let uri = string().check("template", |value| template(value.as_str().unwrap_or_default()));
    let parts = |element: fn() -> Type, header: fn() -> Type| {
        let list = |element: Type| array(element).required().default(json!([]));
        [("body", list(element())), ("headers", list(header())), ("querystring", list(element()))]
    };
    let pairs = || parts(|| string().check("pair", pair), || string().check("header_pair", header_pair));
    let config = Schema::new([
        ("http_method", method),
        (
            "remove",
            record(parts(string, || string().check("header", header)))
                .required()
                .doc("What is taken away, by name."),
        ),
        (
            "rename",
            record(parts(|| string().check("pair", pair), || string().check("renamed", header_names)))
                .required()
                .doc("`old:new` names."),
        ),
        (
            "replace",
            record(pairs().into_iter().chain([("uri", uri.doc("The path for the upstream."))]))
                .required()
                .doc("`name:value` for what is there."),
        ),
        ("add", record(pairs()).required().doc("`name:value` for what is not there.")),
        ("append", record(pairs()).required().doc("`name:value` beside what is there.")),
    ]);
    PluginDescription::new(NAME, KONG, PRIORITY, config)
}

fn template(text: &str) -> Result<(), String> {
    Template::parse(text).map(|_| ())
}

/// A name with a value.
fn pair(value: &Value) -> Result<(), String> {
    let (name, value) = split(value.as_str().unwrap_or_default());
    match value {
        Some(value) => template(value),
        None => Err(format!("key '{name}' has no value")),
    }
}

fn header(value: &Value) -> Result<(), String> {
    name(value.as_str().unwrap_or_default())
}

fn header_pair(value: &Value) -> Result<(), String> {
    pair(value)?;
    name(split(value.as_str().unwrap_or_default()).0)
}

fn header_names(value: &Value) -> Result<(), String> {
    header_pair(value)?;
    name(split(value.as_str().unwrap_or_default()).1.unwrap_or_default())
}

fn name(text: &str) -> Result<(), String> {
    match http::HeaderName::from_bytes(text.as_bytes()) {
        Err(_) => Err(format!("'{text}' is not a valid header")),
        Ok(_) => settable("headers", text).map(|_| ()),
    }
}
