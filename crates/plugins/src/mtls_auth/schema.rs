use keybound_model::PluginDescription;
use keybound_model::schema::{EntityCheck, Schema, array, boolean, integer, number, string};
use serde_json::json;

use super::{NAME, PRIORITY};
use crate::identity;

pub(super) fn description() -> PluginDescription {
    identity::described(NAME, PRIORITY, schema())
}

fn switch(default: bool) -> keybound_model::schema::Type {
    boolean().required().default(default)
}

fn schema() -> Schema {
    let mut schema = Schema::new([
        (
            "anonymous",
            string().doc("The consumer, by id or username, that stands for callers without a certificate that is trusted."),
        ),
        (
            "consumer_by",
            array(string().one_of(["username", "custom_id"]))
                .default(json!(["username", "custom_id"]))
                .doc("What of a consumer a name of the certificate may be, where no mtls_auth_credential has it."),
        ),
        (
            "ca_certificates",
            array(string().uuid()).required().doc("The authorities that may have issued the certificate."),
        ),
        ("cache_ttl", number().default(60).doc("Taken for compatibility: consumers are found without a cache.")),
        (
            "skip_consumer_lookup",
            switch(false).doc("Take any trusted certificate, without looking for its consumer."),
        ),
        (
            "allow_partial_chain",
            switch(false).doc("Let an authority that another one issued end the chain."),
        ),
        (
            "authenticated_group_by",
            string()
                .one_of(["CN", "DN"])
                .default("CN")
                .doc("What of the subject becomes the caller's group when no consumer is looked for."),
        ),
        (
            "revocation_check_mode",
            string()
                .one_of(["SKIP", "IGNORE_CA_ERROR", "STRICT"])
                .default("IGNORE_CA_ERROR")
                .doc("Whether revocation is asked about, and what it means when nobody knows."),
        ),
        ("http_timeout", number().default(30_000).doc("Milliseconds that a revocation check may take.")),
        ("cert_cache_ttl", number().default(60_000).doc("Milliseconds to remember a revocation check.")),
        (
            "send_ca_dn",
            boolean().default(false).not_yet_supported().doc("Name the authorities in the handshake."),
        ),
        (
            "default_consumer",
            string().doc("The consumer, by id or username, for trusted certificates that are nobody's."),
        ),
        ("http_proxy_host", string().not_yet_supported().doc("The proxy for checks over http.")),
        ("http_proxy_port", integer().between(0, 65535).not_yet_supported().doc("Its port.")),
        ("https_proxy_host", string().not_yet_supported().doc("The proxy for checks over https.")),
        ("https_proxy_port", integer().between(0, 65535).not_yet_supported().doc("Its port.")),
        ("ssl_verify", boolean().default(true).doc("Verify the certificate of the server that is asked.")),
    ]);
    schema.checks.push(EntityCheck::MutuallyRequired(&["http_proxy_host", "http_proxy_port"]));
    schema.checks.push(EntityCheck::MutuallyRequired(&["https_proxy_host", "https_proxy_port"]));
    schema
}
