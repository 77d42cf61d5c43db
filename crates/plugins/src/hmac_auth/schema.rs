//! The fields of `hmac-auth`.

use keybound_model::PluginDescription;
use keybound_model::schema::{Schema, array, boolean, number, string};
use serde_json::json;

use super::HmacAuth;
use crate::identity::{Method, described};

const ALGORITHMS: [&str; 4] = ["hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"];

pub(super) fn description() -> PluginDescription {
    described(HmacAuth::NAME, HmacAuth::PRIORITY, schema())
}

fn schema() -> Schema {
    let switch = || boolean().required().default(false);
    Schema::new([
        (
            "hide_credentials",
            switch().doc("Whether the signature is taken out before the request is forwarded."),
        ),
        (
            "clock_skew",
            number().default(300).gt(0).doc("Seconds by which the client's time may differ from ours."),
        ),
        (
            "anonymous",
            string().doc("The consumer, by id or username, that stands for callers that are not known."),
        ),
        ("validate_request_body", switch().doc("Whether `Digest` must be that of the body.")),
        ("enforce_headers", array(string()).default(json!([])).doc("Names that every signature must cover.")),
        (
            "algorithms",
            array(string().one_of(ALGORITHMS)).default(json!(ALGORITHMS)).doc("Algorithms that are taken."),
        ),
        ("realm", string().doc("The realm in the challenge.")),
    ])
}
