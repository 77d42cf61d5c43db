use keybound_model::PluginDescription;
use keybound_model::schema::{Schema, Type, array, record, string};
use serde_json::{Value, json};

use super::headers::{pair, pairs, removed};
use super::{NAME, PRIORITY};
use crate::typed::{KONG, settable};

pub(super) fn description() -> PluginDescription {
    let list = |element: Type| array(element).required().default(json!([]));
    let edited = |doc: &'static str| {
        record([
            ("json", list(string().check("pair", |value| pair(text(value)).map(|_| ())))),
            ("json_types", list(string().one_of(["boolean", "number", "string"]))),
            (
                "headers",
                list(
                    string().check("header", |value| pairs("headers", &[text(value).to_owned()]).map(|_| ())),
                ),
            ),
        ])
        .required()
        .doc(doc)
    };
    let config = Schema::new([
        (
            "remove",
            record([
                ("json", list(string())),
                ("headers", list(string().check("header", |value| removed(text(value)).map(|_| ())))),
            ])
            .required()
            .doc("What is taken away, by name."),
        ),
        (
            "rename",
            record([
                ("json", list(string().check("pair", |value| pair(text(value)).map(|_| ())))),
                ("headers", list(string().check("renamed", renamed))),
            ])
            .required()
            .doc("`old:new` names."),
        ),
        ("replace", edited("`name:value` for what is there.")),
        ("add", edited("`name:value` for what is not there.")),
        ("append", edited("`name:value` beside what is there.")),
    ]);
    PluginDescription::new(NAME, KONG, PRIORITY, config)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn renamed(value: &Value) -> Result<(), String> {
    let (old, new) = pair(text(value))?;
    settable("headers", old)?;
    settable("headers", new).map(|_| ())
}
