use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use super::upstreams_healthchecks::healthchecks;
use crate::checks;
use crate::schema::{Check, EntityCheck, Schema, Shorthand, Type, boolean, foreign, integer, string};

/// A name that stands for several targets.
pub static UPSTREAMS: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("upstreams", "upstream", schema()).endpoint_key("name"));

const HASH_ON: [&str; 8] = ["none", "consumer", "ip", "header", "cookie", "path", "query_arg", "uri_capture"];

fn schema() -> Schema {
    let mut schema = Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        (
            "name",
            string()
                .required()
                .unique()
                .check("name", checks::upstream_name)
                .doc("A name; the service whose host it is is balanced over the targets."),
        ),
        (
            "algorithm",
            string()
                .default("round-robin")
                .one_of(["consistent-hashing", "least-connections", "round-robin", "latency"])
                .doc("How a target is chosen."),
        ),
        ("hash_on", hash("What `consistent-hashing` hashes.")),
        ("hash_fallback", hash("What it hashes where the first is absent.")),
        ("hash_on_header", header("The header of `hash_on`.")),
        ("hash_fallback_header", header("The header of `hash_fallback`.")),
        (
            "hash_on_cookie",
            string().check("cookie_name", checks::cookie_name).doc("The cookie, set where it is absent."),
        ),
        (
            "hash_on_cookie_path",
            string().check("path", checks::service_path).default("/").doc("The path of that cookie."),
        ),
        ("hash_on_query_arg", string().len_min(1).doc("The argument of the query for `hash_on`.")),
        (
            "hash_fallback_query_arg",
            string().len_min(1).doc("The argument of the query for `hash_fallback`."),
        ),
        ("hash_on_uri_capture", string().len_min(1).doc("The capture of the route's pattern for `hash_on`.")),
        (
            "hash_fallback_uri_capture",
            string().len_min(1).doc("The capture of the route's pattern for `hash_fallback`."),
        ),
        (
            "slots",
            integer()
                .default(10000)
                .between(10, 65536)
                .doc("How many slots the ring of `consistent-hashing` has; 4096 at least."),
        ),
        ("healthchecks", healthchecks()),
        ("tags", tags()),
        (
            "host_header",
            string()
                .check("host_with_optional_port", checks::host_with_optional_port)
                .doc("`Host` for the targets."),
        ),
        ("client_certificate", foreign("certificates").doc("The certificate shown to the targets.")),
        ("use_srv_name", boolean().default(false).doc("Whether `Host` is the name in an SRV record.")),
    ])
    .shorthand(Shorthand::into_fields("algorithm", string(), from_algorithm))
    .shorthand(Shorthand::into_fields("hash_on", string(), from_hash_on));
    for check in checks() {
        schema = schema.check(check);
    }
    schema
}

fn hash(doc: &'static str) -> Type {
    string().default("none").one_of(HASH_ON).doc(doc)
}

fn header(doc: &'static str) -> Type {
    string().check("header_name", checks::plain_header_name).doc(doc)
}

/// An algorithm that does not hash ends the hashing.
fn from_algorithm(value: &Value) -> Vec<(&'static str, Value)> {
    let mut fields = vec![("algorithm", value.clone())];
    if matches!(value.as_str(), Some("least-connections" | "latency")) {
        fields.push(("hash_on", Value::Null));
    }
    fields
}

/// Whatever is hashed sets the algorithm, as in the versions that had none.
fn from_hash_on(value: &Value) -> Vec<(&'static str, Value)> {
    let algorithm = if value.as_str() == Some("none") { "round-robin" } else { "consistent-hashing" };
    vec![("hash_on", value.clone()), ("algorithm", json!(algorithm))]
}

fn checks() -> Vec<EntityCheck> {
    let needs = |if_field, what: &str, then_field| EntityCheck::Conditional {
        if_field,
        if_match: Check::Eq(what.into()),
        then_field,
        then_match: Check::Required,
    };
    let fallback = |what: &str, values: &[&str]| EntityCheck::Conditional {
        if_field: "hash_on",
        if_match: Check::Eq(what.into()),
        then_field: "hash_fallback",
        then_match: Check::OneOf(values.iter().map(|value| Value::from(*value)).collect()),
    };
    let but = |what: &str| -> Vec<&str> { HASH_ON.into_iter().filter(|value| *value != what).collect() };
    vec![
        needs("hash_on", "header", "hash_on_header"),
        needs("hash_fallback", "header", "hash_fallback_header"),
        needs("hash_on", "cookie", "hash_on_cookie"),
        needs("hash_fallback", "cookie", "hash_on_cookie"),
        fallback("none", &["none"]),
        fallback("cookie", &["none"]),
        fallback("consumer", &but("consumer")),
        fallback("ip", &but("ip")),
        fallback("path", &but("path")),
        EntityCheck::Distinct(&["hash_on_header", "hash_fallback_header"]),
        needs("hash_on", "query_arg", "hash_on_query_arg"),
        needs("hash_fallback", "query_arg", "hash_fallback_query_arg"),
        EntityCheck::Distinct(&["hash_on_query_arg", "hash_fallback_query_arg"]),
        needs("hash_on", "uri_capture", "hash_on_uri_capture"),
        needs("hash_fallback", "uri_capture", "hash_fallback_uri_capture"),
        EntityCheck::Distinct(&["hash_on_uri_capture", "hash_fallback_uri_capture"]),
    ]
}
