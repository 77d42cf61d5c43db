use keybound_model::PluginDescription;
use keybound_model::catalog::HTTP_PROTOCOLS;
use keybound_model::schema::{Schema, integer, map, number, string};

use super::{NAME, PRIORITY};
use crate::delivery::schema::{header, milliseconds, queue, range, url};
use crate::typed::KONG;

pub(super) fn description() -> PluginDescription {
    let config = Schema::new([
        (
            "http_endpoint",
            string().required().referenceable().encrypted().check("url", url).doc("Where entries are sent."),
        ),
        ("method", string().default("POST").one_of(["POST", "PUT", "PATCH"]).doc("The method of the calls.")),
        (
            "content_type",
            string()
                .default("application/json")
                .one_of(["application/json", "application/json; charset=utf-8"])
                .doc("The type that is told."),
        ),
        ("timeout", number().default(10_000).check("range", milliseconds).doc("Milliseconds for a call.")),
        (
            "keepalive",
            number()
                .default(60_000)
                .check("range", milliseconds)
                .doc("Whether connections are kept: 0 keeps none."),
        ),
        ("retry_count", integer().between(0, 1_000_000).doc("How often a batch is sent again at most.")),
        ("queue_size", integer().between(1, 1_000_000).doc("The old name of `queue.max_batch_size`.")),
        (
            "flush_timeout",
            number()
                .check("delay", |value| range(value, 0.0, 3600.0))
                .doc("The old name of `queue.max_coalescing_delay`."),
        ),
        (
            "headers",
            map(string().check("header", header), string().referenceable())
                .doc("Fields of the calls beside type and length."),
        ),
        ("queue", queue(1)),
        (
            "custom_fields_by_lua",
            map(string().len_min(1), string().len_min(1)).not_yet_supported().doc("Lua is not run here."),
        ),
    ]);
    PluginDescription::new(NAME, KONG, PRIORITY, config).for_any_protocol(HTTP_PROTOCOLS)
}
