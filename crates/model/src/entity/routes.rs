use std::sync::LazyLock;

use serde_json::Value;

use super::Descriptor;
use super::fields::{PROTOCOLS, created_at, id, name, tags, updated_at};
use crate::schema::{
    AtLeastOne, Check, EntityCheck, Schema, array, boolean, foreign, integer, map, record_of, set, string,
};
use crate::{Errors, Record, checks};

/// Which requests go to a service.
pub static ROUTES: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("routes", "route", schema())
        .endpoint_key("name")
        .prepare(super::routes_protocols::prepare)
});

/// Protocols that one route cannot mix.
const EXCLUSIVE: &[&[&str]] =
    &[&["http", "https"], &["tcp", "tls", "udp"], &["tls_passthrough"], &["grpc", "grpcs"]];

/// What a route for streams must have one of.
const STREAM: &[&str] = &["sources", "destinations", "snis"];
const STREAM_TEXT: &str = "must set one of %s when 'protocols' is 'tcp', 'tls' or 'udp'";

fn schema() -> Schema {
    let schema = Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("name", name().doc("A name, usable in URLs in place of the id.")),
        (
            "protocols",
            set(string().one_of(PROTOCOLS))
                .required()
                .len_min(1)
                .with(Check::ExclusiveSubsets(EXCLUSIVE))
                .default(["http", "https"])
                .doc("What clients must speak; with `https` alone, plain HTTP is answered by `https_redirect_status_code`."),
        ),
        (
            "https_redirect_status_code",
            integer()
                .required()
                .one_of([426, 301, 302, 307, 308])
                .default(426)
                .doc("The answer to plain HTTP on a route for HTTPS only."),
        ),
        ("strip_path", boolean().required().default(true).doc("Whether the matched part is cut off the path before forwarding.")),
        ("preserve_host", boolean().required().default(false).doc("Whether the upstream sees the client's `Host`.")),
        ("request_buffering", boolean().required().default(true).doc("Bodies are always streamed. Off: a client may take its time for one (`client_body_min_rate`).")),
        ("response_buffering", boolean().required().default(true).doc("Accepted for compatibility: bodies are always streamed.")),
        ("tags", tags()),
        ("service", foreign("services").doc("Where the requests go.")),
        ("methods", set(string().matches("^%u+$", is_method)).doc("Methods that match.")),
        ("hosts", array(string().check("host", checks::route_host)).doc("Hosts that match: exact, `*.x` or `x.*`, with an optional port.")),
        ("paths", array(string().check("path", checks::route_path)).doc("Paths that match: a prefix, or a regular expression after `~`.")),
        (
            "headers",
            map(string().check("header_name", checks::header_name), array(string()))
                .doc("Headers that match, by name; a single value that starts with `~*` is a regular expression."),
        ),
        ("snis", set(string().check("sni", checks::sni)).doc("Server names of the TLS handshake that match.")),
        ("sources", endpoints().doc("Client addresses that match, for stream routes.")),
        ("destinations", endpoints().doc("Own addresses that match, for stream routes.")),
        ("regex_priority", integer().default(0).doc("Which of several matching regular expressions wins: the higher.")),
        (
            "path_handling",
            string().one_of(["v0", "v1"]).default("v0").doc("`v1` is accepted and has no effect, as in Kong's default router."),
        ),
    ]);
    schema
        .check(needed(
            "protocols",
            &[
                (
                    "https",
                    &["methods", "hosts", "headers", "paths", "snis"],
                    "must set one of %s when 'protocols' is 'https'",
                ),
                (
                    "http",
                    &["methods", "hosts", "headers", "paths"],
                    "must set one of %s when 'protocols' is 'http'",
                ),
            ],
        ))
        .check(needed(
            "protocols",
            &[
                (
                    "grpcs",
                    &["hosts", "headers", "paths", "snis"],
                    "must set one of %s when 'protocols' is 'grpcs'",
                ),
                ("grpc", &["hosts", "headers", "paths"], "must set one of %s when 'protocols' is 'grpc'"),
            ],
        ))
        .check(needed(
            "protocols",
            &[("tcp", STREAM, STREAM_TEXT), ("tls", STREAM, STREAM_TEXT), ("udp", STREAM, STREAM_TEXT)],
        ))
        .check(needed(
            "protocols",
            &[("tls_passthrough", &["snis"], "must set snis when 'protocols' is 'tls_passthrough'")],
        ))
        .check(EntityCheck::Custom {
            name: "protocol_fields",
            fields: &[
                "protocols",
                "strip_path",
                "methods",
                "hosts",
                "paths",
                "headers",
                "sources",
                "destinations",
            ],
            check: super::routes_protocols::check,
        })
        .check(EntityCheck::Custom {
            name: "snis_need_tls",
            fields: &["protocols", "snis"],
            check: snis_need_tls,
        })
        .check(EntityCheck::Custom { name: "header_patterns", fields: &["headers"], check: header_patterns })
}

fn endpoints() -> crate::schema::Type {
    let endpoint = Schema::new([
        ("ip", string().check("ip", checks::ip_or_cidr)),
        ("port", integer().between(0, 65535)),
    ])
    .check(EntityCheck::AtLeastOneOf(&["ip", "port"]));
    set(record_of(endpoint).required())
}

fn needed(if_field: &'static str, cases: &[(&str, &'static [&'static str], &'static str)]) -> EntityCheck {
    let cases = cases
        .iter()
        .map(|(protocol, fields, text)| AtLeastOne {
            if_match: Check::Contains((*protocol).into()),
            fields,
            text,
        })
        .collect();
    EntityCheck::ConditionalAtLeastOneOf { if_field, cases }
}

fn is_method(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase())
}

fn snis_need_tls(route: &Record) -> Result<(), Errors> {
    let set = route.get("snis").and_then(Value::as_array).is_some_and(|snis| !snis.is_empty());
    let protocols = route.get("protocols").and_then(Value::as_array);
    let secure = protocols.into_iter().flatten().filter_map(Value::as_str);
    let secure = secure.into_iter().any(|p| matches!(p, "https" | "grpcs" | "tls" | "tls_passthrough"));
    if set && !secure {
        return Err(Errors::field(
            "snis",
            "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'",
        ));
    }
    Ok(())
}

/// Kong's router compiles the whole route, and says so when a header's pattern does not.
fn header_patterns(route: &Record) -> Result<(), Errors> {
    let headers = route.get("headers").and_then(Value::as_object);
    for values in headers.into_iter().flat_map(|headers| headers.values()) {
        let values: Vec<String> =
            values.as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect();
        if let Err(fault) = checks::header_value_regex(&values) {
            let value = values.concat();
            return Err(Errors::entity(format!(
                "Router Expression failed validation: invalid regex '{value}': {fault}"
            )));
        }
    }
    Ok(())
}
