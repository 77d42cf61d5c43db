use serde_json::Value;

use crate::checks;
use crate::schema::{Type, array, boolean, integer, map, number, record, string};

/// How the targets of an upstream are watched; off unless counters and intervals are set.
pub(super) fn healthchecks() -> Type {
    complete(record([("active", active()), ("passive", passive()), ("threshold", threshold())]))
        .doc("How targets are watched: by probes, and by what comes of requests.")
}

fn active() -> Type {
    complete(record([
        ("type", kind()),
        ("timeout", seconds(1).doc("Seconds until a probe has failed.")),
        ("concurrency", integer().between(1, 2_147_483_648).default(10).doc("Probes at the same time.")),
        ("http_path", string().check("path", checks::service_path).default("/").doc("The path of a probe.")),
        ("https_sni", string().check("sni", checks::sni).doc("The server name of a probe over TLS.")),
        (
            "https_verify_certificate",
            boolean().required().default(true).doc("Whether a probe over TLS verifies the certificate."),
        ),
        (
            "headers",
            map(string().check("header_name", checks::plain_header_name), array(string()))
                .doc("Headers of a probe."),
        ),
        (
            "healthy",
            complete(record([
                ("interval", seconds(0).doc("Seconds between probes of healthy targets; 0 for none.")),
                ("http_statuses", statuses(&[200, 302])),
                ("successes", count("Successes that make a target healthy; 0 for never.")),
            ])),
        ),
        (
            "unhealthy",
            complete(record([
                ("interval", seconds(0).doc("Seconds between probes of unhealthy targets; 0 for none.")),
                ("http_statuses", statuses(&[429, 404, 500, 501, 502, 503, 504, 505])),
                ("tcp_failures", count("Failed connections that make a target unhealthy; 0 for never.")),
                ("timeouts", count("Timeouts that make a target unhealthy; 0 for never.")),
                ("http_failures", count("Failing answers that make a target unhealthy; 0 for never.")),
            ])),
        ),
    ]))
}

fn passive() -> Type {
    let healthy =
        [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308];
    complete(record([
        ("type", kind()),
        (
            "healthy",
            complete(record([
                ("http_statuses", statuses(&healthy)),
                ("successes", count("Good answers that make a target healthy; 0 for never.")),
            ])),
        ),
        (
            "unhealthy",
            complete(record([
                ("http_statuses", statuses(&[429, 500, 503])),
                ("tcp_failures", count("Failed connections that make a target unhealthy; 0 for never.")),
                ("timeouts", count("Timeouts that make a target unhealthy; 0 for never.")),
                ("http_failures", count("Failing answers that make a target unhealthy; 0 for never.")),
            ])),
        ),
    ]))
}

fn threshold() -> Type {
    number()
        .between(0, 100)
        .default(0)
        .doc("The share of healthy weight, in percent, below which the upstream is not.")
}

fn kind() -> Type {
    string().one_of(["tcp", "http", "https", "grpc", "grpcs"]).default("http").doc("What is spoken.")
}

fn seconds(default: u64) -> Type {
    number().between(0, 65535).default(default)
}

fn count(doc: &'static str) -> Type {
    integer().between(0, 255).default(0).doc(doc)
}

fn statuses(default: &[u16]) -> Type {
    array(integer().between(100, 999)).default(default.to_vec()).doc("Statuses that count.")
}

/// A record that is there in any case, with what its fields have by default as its own default, as clients expect it.
fn complete(ty: Type) -> Type {
    let ty = ty.required();
    let default = ty.process(Value::Object(crate::Record::new())).unwrap_or_default();
    ty.default(default)
}
