use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Descriptor;
use super::fields::{PROTOCOLS, created_at, id, milliseconds, name, tags, updated_at};
use crate::checks;
use crate::schema::{Check, EntityCheck, Schema, Shorthand, array, boolean, foreign, integer, string};

/// An upstream API: where requests go.
pub static SERVICES: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("services", "service", schema())
        .endpoint_key("name")
        .array_reference("ca_certificates", "ca_certificates")
});

/// Protocols whose upstream speaks TLS, so that the TLS fields mean something.
const TLS: [&str; 2] = ["https", "tls"];

fn schema() -> Schema {
    let mut schema = Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("name", name().doc("A name, usable in URLs in place of the id.")),
        (
            "retries",
            integer()
                .between(0, 32767)
                .default(5)
                .doc("How often a request is tried again when the upstream cannot be reached."),
        ),
        (
            "protocol",
            string().required().one_of(PROTOCOLS).default("http").doc("How the upstream is spoken to."),
        ),
        (
            "host",
            string()
                .required()
                .check("host", checks::host)
                .doc("The upstream's name or address, without a port."),
        ),
        ("port", integer().required().between(0, 65535).default(80).doc("The upstream's port.")),
        (
            "path",
            string().check("path", checks::service_path).doc("A path put before the path of each request."),
        ),
        ("connect_timeout", milliseconds().doc("Milliseconds to connect.")),
        ("write_timeout", milliseconds().doc("Milliseconds between two writes.")),
        ("read_timeout", milliseconds().doc("Milliseconds between two reads.")),
        ("tags", tags()),
        ("client_certificate", foreign("certificates").doc("The certificate shown to the upstream.")),
        (
            "tls_verify",
            boolean()
                .doc("Whether the upstream's certificate is verified; null leaves it to the global setting."),
        ),
        (
            "tls_verify_depth",
            integer()
                .between(0, 64)
                .doc("The longest chain accepted when the upstream's certificate is verified."),
        ),
        (
            "ca_certificates",
            array(string().uuid()).doc("The authorities trusted for the upstream's certificate."),
        ),
        ("enabled", boolean().required().default(true).doc("Whether its routes are used.")),
    ])
    .shorthand(Shorthand::into_fields(
        "url",
        string().doc("Sets `protocol`, `host`, `port` and `path` at once."),
        from_url,
    ))
    .check(EntityCheck::Conditional {
        if_field: "protocol",
        if_match: one_of(&["tcp", "tls", "udp", "grpc", "grpcs"]),
        then_field: "path",
        then_match: Check::Eq(Value::Null),
    });
    for field in ["client_certificate", "tls_verify", "tls_verify_depth", "ca_certificates"] {
        schema = schema.check(EntityCheck::Conditional {
            if_field: "protocol",
            if_match: Check::NotOneOf(TLS.map(Value::from).to_vec()),
            then_field: field,
            then_match: Check::Eq(Value::Null),
        });
    }
    schema
}

fn one_of(values: &[&str]) -> Check {
    Check::OneOf(values.iter().map(|value| Value::from(*value)).collect())
}

/// Takes a URL apart as Kong does: without a scheme the port decides, without a port the scheme; user information, query
/// and fragment are dropped. What is no URL leaves the host empty, which the field's own check then names.
fn from_url(value: &Value) -> Vec<(&'static str, Value)> {
    let text = value.as_str().unwrap_or_default();
    let text = text.split(['#', '?']).next().unwrap_or(text);
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
        _ => (None, text),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or((Some(rest), ""), |at| {
            let (authority, path) = rest.split_at(at);
            (Some(authority), path)
        }),
        None => (None, rest),
    };
    let (host, port) = authority.map_or((None, None), host_and_port);
    let protocol = scheme.unwrap_or_else(|| if port == Some(443) { "https" } else { "http" }.to_owned());
    let port = port.unwrap_or(if protocol == "https" { 443 } else { 80 });
    vec![
        ("protocol", json!(protocol)),
        ("host", json!(host.filter(|host| !host.is_empty()))),
        ("port", json!(port)),
        ("path", json!(Some(path).filter(|path| !path.is_empty()))),
    ]
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn host_and_port(authority: &str) -> (Option<&str>, Option<u64>) {
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    match port {
        None | Some("") => (Some(host), None),
        // A port that is no number stays with the host, whose check then refuses both together.
        Some(port) => port.parse().map_or((Some(authority), None), |port| (Some(host), Some(port))),
    }
}
