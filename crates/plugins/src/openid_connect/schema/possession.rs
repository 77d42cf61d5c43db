//! Proof of possession: DPoP, certificate binding, nonces and replay protection.

use keybound_model::checks::header_name;
use keybound_model::schema::{Type, array, boolean, integer, number, record, set, string};
use serde_json::json;

use super::kinds::{ALGORITHMS, switch, url};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let mut fields = modes();
    fields.extend(proofs());
    fields.extend(replay());
    fields
}

fn mode() -> Type {
    string().one_of(["off", "optional", "strict"]).default("off")
}

fn modes() -> Vec<(&'static str, Type)> {
    vec![
        ("proof_of_possession_dpop", mode().doc("Whether tokens must be bound to a key by DPoP: not looked at, checked where they are, or all.")),
        ("proof_of_possession_mtls", mode().doc("Whether tokens must be bound to the client's certificate.")),
        ("proof_of_possession_mtls_from_header", mtls_from_header().doc("The header field in which a TLS proxy sends the client's certificate.")),
        ("proof_of_possession_auth_methods_validation", switch(true).doc("Refuse auth_methods that proof of possession cannot cover.")),
        ("proof_of_possession_report_only", switch(false).doc("Only log and count what proof of possession would refuse. Faults of the token itself still refuse.")),
        ("proof_of_possession_bound_tokens", string().one_of(["refuse", "accept"]).default("refuse").doc("What a bound token meets where its mode is off.")),
        ("proof_of_possession_unbound_tokens", string().one_of(["accept", "refuse"]).default("accept").doc("What a token without any binding meets where the modes are optional.")),
        ("protected_resource_metadata", boolean().default(false).not_yet_supported().doc("Serve the metadata of the protected resource (RFC 9728).")),
        ("protected_resource_identifier", url().not_yet_supported().doc("The identifier of the protected resource.")),
    ]
}

fn proofs() -> Vec<(&'static str, Type)> {
    vec![
        ("dpop_proof_lifetime", number().default(300).between(1, 86_400).doc("Seconds a proof may be used after it was made, or after its nonce was.")),
        ("dpop_proof_leeway", number().default(10).between(0, 3600).doc("Seconds by which the client's clock may differ; the larger of it and leeway holds.")),
        ("dpop_proof_max_length", integer().default(8192).between(512, 1_048_576).doc("Bytes of the longest proof that is looked at.")),
        ("dpop_signing_algorithms", set(string().one_of(ALGORITHMS)).len_min(1).default(json!(ALGORITHMS)).doc("The algorithms that may sign a proof; challenges name exactly these.")),
        ("dpop_public_origins", array(string()).len_min(1).doc("What clients see where a proxy rewrites it: origins, each with an optional path prefix that the proxy takes away.")),
        ("dpop_use_nonce", switch(false).doc("Demand a nonce of Keybound's in every proof.")),
        ("dpop_nonce_secrets", array(string().referenceable().encrypted()).len_min(1).doc("Secrets that seal nonces, newest first; null: one that all nodes of the configuration store share; without a store, one that is made at the start.")),
        ("dpop_nonce_rotation", number().between(0, 86_400).doc("Seconds after which a nonce that still holds is renewed on the success; null: half of dpop_proof_lifetime.")),
        ("dpop_nonce_binding", set(string().one_of(["key", "route"])).default(json!([])).doc("Bind nonces to the key of the proof, to the route.")),
    ]
}

fn replay() -> Vec<(&'static str, Type)> {
    vec![
        (
            "dpop_replay_protection",
            string()
                .one_of(["enforce", "report", "off"])
                .default("enforce")
                .doc("What a proof that was used before means."),
        ),
        (
            "dpop_replay_strategy",
            string()
                .one_of(["memory", "redis"])
                .default("memory")
                .doc("Where used proofs are remembered: by each node for itself, or in the Redis of redis."),
        ),
        (
            "dpop_replay_fail_mode",
            string()
                .one_of(["closed", "open"])
                .default("closed")
                .doc("What happens while that Redis is out of reach: 503, or the proof passes without being remembered."),
        ),
        (
            "dpop_replay_max_entries",
            integer()
                .default(4_000_000)
                .between(1, 1_000_000_000)
                .doc("Used proofs remembered in memory at most. When it is full the answer is 503."),
        ),
        (
            "dpop_replay_max_entries_per_key",
            integer()
                .default(1_000_000)
                .between(1, 1_000_000_000)
                .doc("Used proofs of one key at most. Beyond it the answer for that key is 429."),
        ),
    ]
}

fn mtls_from_header() -> Type {
    record([
        ("certificate_header_name", string().required().check("header_name", header_name).doc("The name of the field. With the format rfc9440 the rest of the chain is in the one with -Chain behind its name.")),
        (
            "certificate_header_format",
            string()
                .one_of(["base64_encoded", "url_encoded", "rfc9440", "xfcc"])
                .default("url_encoded")
                .doc("How the certificate is written."),
        ),
        (
            "ca_certificates",
            array(string().uuid()).required().len_min(1).doc("The certificates that anchor its chain."),
        ),
        ("secure_source", switch(true).doc("Take the field only from trusted peers.")),
        ("allow_partial_chain", switch(false).doc("Let a trusted intermediate end the chain.")),
        (
            "revocation_check_mode",
            string()
                .one_of(["SKIP", "IGNORE_CA_ERROR", "STRICT"])
                .default("IGNORE_CA_ERROR")
                .doc("What a certificate whose revocation is unknown means."),
        ),
        ("cert_cache_ttl", number().default(60_000).doc("Milliseconds to remember a revocation check.")),
        ("http_timeout", number().default(30_000).doc("Milliseconds that a revocation check may take.")),
        ("http_proxy_host", string().not_yet_supported().doc("The proxy for checks over http.")),
        ("http_proxy_port", integer().between(0, 65535).not_yet_supported().doc("Its port.")),
        ("https_proxy_host", string().not_yet_supported().doc("The proxy for checks over https.")),
        ("https_proxy_port", integer().between(0, 65535).not_yet_supported().doc("Its port.")),
        ("ssl_verify", switch(true).doc("Verify the certificate of the server that is asked.")),
    ])
}
