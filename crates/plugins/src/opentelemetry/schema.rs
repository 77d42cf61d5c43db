use keybound_model::PluginDescription;
use keybound_model::schema::{
    EntityCheck, Schema, Shorthand, Type, array, integer, map, number, record, string,
};

use super::{NAME, PRIORITY};
use crate::delivery::schema::{header, milliseconds, queue, range, url};
use crate::typed::KONG;

/// Forms of contexts that Kong knows beside `w3c`.
const OTHERS: [&str; 8] = ["b3", "jaeger", "ot", "aws", "datadog", "gcp", "instana", "b3-single"];

pub(super) fn description() -> PluginDescription {
    let endpoint = || string().referenceable().check("url", url);
    let timeout =
        |default: i64, doc: &'static str| integer().default(default).check("range", milliseconds).doc(doc);
    let mut config = Schema::new([
        ("traces_endpoint", endpoint().doc("Where spans are sent: an OTLP/HTTP URL, such as http://collector:4318/v1/traces.")),
        ("logs_endpoint", endpoint().not_yet_supported().doc("Where logs are sent.")),
        ("headers", map(string().check("header", header), string().referenceable()).doc("Fields of the calls.")),
        (
            "resource_attributes",
            map(string().required(), string().required()).doc("Attributes of the resource, beside or in place of `service.name`, `service.version` and `service.instance.id`."),
        ),
        ("queue", queue(200)),
        ("batch_span_count", integer().between(1, 1_000_000).doc("The old name of `queue.max_batch_size`.")),
        (
            "batch_flush_delay",
            number().check("delay", |value| range(value, 0.0, 3600.0)).doc("The old name of `queue.max_coalescing_delay`."),
        ),
        ("connect_timeout", timeout(1000, "Milliseconds to connect; a call as a whole takes at most the three together.")),
        ("send_timeout", timeout(5000, "Milliseconds to send.")),
        ("read_timeout", timeout(5000, "Milliseconds to read.")),
        (
            "http_response_header_for_traceid",
            string().doc("The field of responses that names the trace."),
        ),
        (
            "header_type",
            string()
                .default("preserve")
                .one_of(["preserve", "ignore", "b3", "b3-single", "w3c", "jaeger", "ot", "aws", "datadog", "gcp", "instana"])
                .not_yet_supported_values(OTHERS)
                .doc("The old form of `propagation`: `ignore` neither takes contexts nor sets them."),
        ),
        (
            "sampling_rate",
            number().check("rate", |value| range(value, 0.0, 1.0)).doc("The share of traces that are measured; unset: `tracing_sampling_rate`."),
        ),
        (
            "sampling_strategy",
            string()
                .default("parent_drop_probability_fallback")
                .one_of(["parent_drop_probability_fallback", "parent_probability_fallback"])
                .doc("What the client's context says of sampling: it can only say no, or it decides."),
        ),
        ("propagation", propagation()),
    ]);
    config.shorthands.push(Shorthand::renamed("endpoint", endpoint(), "traces_endpoint"));
    config.checks.push(EntityCheck::AtLeastOneOf(&["traces_endpoint", "logs_endpoint"]));
    PluginDescription::new(NAME, KONG, PRIORITY, config).without_consumer()
}

fn propagation() -> Type {
    let extracted = ["w3c", "b3", "jaeger", "ot", "aws", "datadog", "gcp", "instana"];
    let injected = ["preserve", "w3c", "b3", "b3-single", "jaeger", "ot", "aws", "datadog", "gcp", "instana"];
    record([
        (
            "extract",
            array(string().one_of(extracted))
                .not_yet_supported_values(OTHERS)
                .doc("The forms of contexts that are taken; unset: `w3c`; empty: none."),
        ),
        ("clear", array(string()).doc("Fields that are taken out of the request.")),
        (
            "inject",
            array(string().one_of(injected))
                .not_yet_supported_values(OTHERS)
                .doc("The forms of contexts that are set for the upstream; unset: `w3c`; empty: none."),
        ),
        (
            "default_format",
            string()
                .required()
                .default("w3c")
                .one_of(["w3c", "b3", "jaeger", "ot", "aws", "datadog", "gcp", "instana", "b3-single"])
                .not_yet_supported_values(OTHERS)
                .doc("The form where the client has none."),
        ),
    ])
    .default(serde_json::json!({"default_format": "w3c"}))
    .doc("How contexts come in and go out.")
}
