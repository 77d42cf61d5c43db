use keybound_model::PluginDescription;
use keybound_model::schema::{Schema, array, boolean, number, string};
use serde_json::Value;

use super::{NAME, PRIORITY, origin};
use crate::typed::KONG;

const METHODS: [&str; 9] = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

pub(super) fn description() -> PluginDescription {
    let switch = |default: bool| boolean().required().default(default);
    let config = Schema::new([
        (
            "origins",
            array(string().check("asterisk_or_regex", asterisk_or_regex))
                .doc("The origins that may read responses: `*`, origins, or patterns of whole origins."),
        ),
        (
            "headers",
            array(string()).doc("The fields that a request may have; what the browser asks for when unset."),
        ),
        ("exposed_headers", array(string()).doc("The fields of the response that scripts may read.")),
        (
            "methods",
            array(string().one_of(METHODS)).default(METHODS.to_vec()).doc("The methods that may be used."),
        ),
        ("max_age", number().doc("Seconds for which browsers remember the answer to a preflight.")),
        ("credentials", switch(false).doc("Whether requests may carry credentials.")),
        ("private_network", switch(false).doc("Whether pages of public networks may call.")),
        ("preflight_continue", switch(false).doc("Whether the upstream answers preflights.")),
        (
            "allow_origin_absent",
            switch(true).doc("Whether responses to requests without an origin say it too."),
        ),
    ]);
    PluginDescription::new(NAME, KONG, PRIORITY, config).without_consumer()
}

fn asterisk_or_regex(value: &Value) -> Result<(), String> {
    match value.as_str() {
        None | Some("*") => Ok(()),
        Some(text) => origin::pattern(text).map(|_| ()),
    }
}
