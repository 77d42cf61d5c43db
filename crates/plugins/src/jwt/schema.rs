//! The fields of `jwt`.

use keybound_model::PluginDescription;
use keybound_model::schema::{Check, EntityCheck, Schema, boolean, number, set, string};
use serde_json::json;

use super::Jwt;
use crate::identity::{Method, described};

pub(super) fn description() -> PluginDescription {
    described(Jwt::NAME, Jwt::PRIORITY, schema()).check(EntityCheck::Conditional {
        if_field: "config.maximum_expiration",
        if_match: Check::Gt(0),
        then_field: "config.claims_to_verify",
        then_match: Check::Contains("exp".into()),
    })
}

fn schema() -> Schema {
    let names = || set(string());
    Schema::new([
        (
            "uri_param_names",
            names().default(json!(["jwt"])).doc("Parameters of the query that may hold the token."),
        ),
        ("cookie_names", names().default(json!([])).doc("Cookies that may hold the token.")),
        (
            "key_claim_name",
            string().default("iss").doc("The claim, or header parameter, that names the credential."),
        ),
        (
            "secret_is_base64",
            boolean().required().default(false).doc("Whether secrets of credentials are written in base64."),
        ),
        ("claims_to_verify", set(string().one_of(["exp", "nbf"])).doc("Times that are checked.")),
        (
            "anonymous",
            string().doc("The consumer, by id or username, that stands for callers that are not known."),
        ),
        (
            "run_on_preflight",
            boolean().required().default(true).doc("Whether OPTIONS requests need a token."),
        ),
        (
            "maximum_expiration",
            number().default(0).between(0, 31_536_000).doc(
                "Seconds that `exp` may lie ahead; 0 for any number. It needs `exp` in `claims_to_verify`.",
            ),
        ),
        (
            "header_names",
            names()
                .default(json!(["authorization"]))
                .doc("Header fields that may hold the token after `Bearer`."),
        ),
        ("realm", string().doc("The realm in the challenge.")),
    ])
}
