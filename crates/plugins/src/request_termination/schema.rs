use keybound_model::checks::header_name;
use keybound_model::schema::{EntityCheck, Schema, boolean, integer, string};
use keybound_model::{Errors, PluginDescription, Record};
use serde_json::Value;

use super::{NAME, PRIORITY};
use crate::typed::{KONG, config_of};

pub(super) fn description() -> PluginDescription {
    let config = Schema::new([
        ("status_code", integer().required().default(503).between(100, 599).doc("The status of the answer.")),
        ("message", string().doc("The message of the answer.")),
        ("content_type", string().doc("The type of `body`.")),
        ("body", string().doc("The answer's body, in place of the message.")),
        (
            "echo",
            boolean()
                .required()
                .default(false)
                .doc("Whether the answer tells the request, without its credentials."),
        ),
        (
            "trigger",
            string()
                .check("header_name", header_name)
                .doc("Only requests with a field or a query parameter of this name are answered."),
        ),
    ]);
    PluginDescription::new(NAME, KONG, PRIORITY, config).check(EntityCheck::Custom {
        name: "together",
        fields: &["config"],
        check: together,
    })
}

fn together(plugin: &Record) -> Result<(), Errors> {
    let Some(config) = config_of(plugin) else { return Ok(()) };
    let has = |name: &str| config.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let (body, media) = (has("body"), has("content_type"));
    let echo = config.get("echo").and_then(Value::as_bool).unwrap_or(false);
    let text = match () {
        () if has("message") && (media || body) => "message cannot be used with content_type or body",
        () if media && !body => "content_type requires a body",
        () if echo && (media || body) => "echo cannot be used with content_type and body",
        () => return Ok(()),
    };
    Err(Errors::field("config", text))
}
