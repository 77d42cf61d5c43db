//! Introspection, the client that asks for it, and the caches.

use keybound_model::schema::{Type, array, number, record, set, string};
use serde_json::json;

use super::kinds::{CLIENT_ALGORITHMS, client_auth, endpoint_auth, strings, switch, url};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let mut fields = introspection();
    fields.extend(client());
    fields.extend(caches());
    fields
}

fn introspection() -> Vec<(&'static str, Type)> {
    vec![
        (
            "introspection_endpoint",
            url().referenceable().doc("The introspection endpoint, in place of the one in the metadata."),
        ),
        (
            "introspection_endpoint_auth_method",
            endpoint_auth().doc("How the client authenticates there; null: as client_auth says."),
        ),
        (
            "introspection_accept",
            string()
                .one_of(["application/json", "application/jwt", "application/token-introspection+jwt"])
                .default("application/json")
                .not_yet_supported_values(["application/jwt", "application/token-introspection+jwt"])
                .doc("The form of answer to ask for."),
        ),
        ("introspection_check_active", switch(true).doc("Demand that the answer says active.")),
        ("introspection_hint", string().default("access_token").doc("The token_type_hint that is sent.")),
        (
            "introspection_token_param_name",
            string().default("token").doc("The form parameter that carries the token."),
        ),
        ("introspection_headers_names", strings().doc("Names of header fields that are sent along.")),
        (
            "introspection_headers_values",
            array(string().encrypted()).referenceable().encrypted().doc("Values of those fields."),
        ),
        ("introspection_headers_client", strings().doc("Header fields of the client that are sent along.")),
        ("introspection_post_args_names", strings().doc("Names of form parameters that are sent along.")),
        ("introspection_post_args_values", strings().doc("Values of those parameters.")),
        (
            "introspection_post_args_client",
            strings().doc("Body parameters of the client that are sent along."),
        ),
        (
            "introspection_post_args_client_headers",
            strings().doc("Header fields of the client that are sent along as form parameters."),
        ),
        (
            "introspection_max_rate",
            number().gt(0).doc("Calls a second at most; beyond it the answer is 429. null: no bound."),
        ),
        (
            "introspect_jwt_tokens",
            switch(false).doc("Ask the provider about JWT access tokens too, after they were verified."),
        ),
        (
            "mtls_introspection_endpoint",
            url().not_yet_supported().doc("The introspection endpoint for clients with a certificate."),
        ),
    ]
}

fn client() -> Vec<(&'static str, Type)> {
    vec![
        (
            "client_id",
            array(string().referenceable().encrypted())
                .len_max(1)
                .doc("The client that calls the provider. Only one is available yet."),
        ),
        ("client_secret", array(string().referenceable().encrypted()).len_max(1).doc("Its secret.")),
        (
            "client_auth",
            client_auth().doc("How it authenticates at the provider; null: with client_secret_basic."),
        ),
        (
            "client_alg",
            array(string().one_of(CLIENT_ALGORITHMS))
                .not_yet_supported()
                .doc("The algorithm that signs its assertions."),
        ),
        (
            "client_arg",
            string()
                .default("client_id")
                .not_yet_supported()
                .doc("The parameter by which a request chooses among several clients."),
        ),
        (
            "client_jwk",
            array(client_jwk()).not_yet_supported().doc("The private key that signs its assertions."),
        ),
        (
            "tls_client_auth_cert_id",
            string().uuid().not_yet_supported().doc("The certificate with which it authenticates."),
        ),
        (
            "tls_client_auth_ssl_verify",
            switch(true).not_yet_supported().doc("Verify the provider's certificate on those connections."),
        ),
    ]
}

fn caches() -> Vec<(&'static str, Type)> {
    vec![
        ("cache_introspection", switch(true).doc("Keep answers of the introspection endpoint.")),
        ("cache_ttl", number().default(3600).between(0, 31_536_000).doc("Seconds to keep what does not say how long it holds.")),
        ("cache_ttl_max", number().between(0, 31_536_000).doc("Seconds to keep anything at most.")),
        ("cache_ttl_min", number().between(0, 31_536_000).doc("Seconds to keep anything at least, but never beyond its own end.")),
        ("cache_ttl_neg", number().between(0, 31_536_000).doc("Seconds to remember that a token is not active; null: not at all.")),
        ("cache_ttl_resurrect", number().between(0, 31_536_000).doc("Seconds to use metadata and keys beyond their time while the provider fails; null: without end.")),
        ("cache_tokens", switch(true).comes_with("the grants of the token endpoint").doc("Keep answers of the token endpoint.")),
        ("cache_tokens_salt", string().doc("Salts the keys under which answers of the token endpoint are kept. None are kept yet, so it has no effect.")),
        ("cache_token_exchange", switch(true).comes_with("token exchange").doc("Keep exchanged tokens.")),
        ("cache_user_info", switch(true).comes_with("the userinfo endpoint").doc("Keep answers of the userinfo endpoint.")),
        ("token_cache_key_include_scope", switch(false).comes_with("the grants of the token endpoint").doc("Keep tokens apart by scope.")),
        ("cluster_cache_strategy", string().one_of(["off", "redis"]).default("off").not_yet_supported().doc("The cache that nodes share.")),
        ("cluster_cache_items", set(string().one_of(["introspection", "tokens"])).default(json!(["introspection"])).not_yet_supported().doc("What goes into the cache that nodes share.")),
    ]
}

fn client_jwk() -> Type {
    let secret = || string().referenceable().encrypted();
    record([
        ("issuer", string()),
        ("kty", string()),
        ("use", string()),
        ("key_ops", strings()),
        ("alg", string()),
        ("kid", string()),
        ("x5u", string()),
        ("x5c", strings()),
        ("x5t", string()),
        ("x5t#S256", string()),
        ("k", secret()),
        ("x", string()),
        ("y", string()),
        ("crv", string()),
        ("n", string()),
        ("e", string()),
        ("d", secret()),
        ("p", secret()),
        ("q", secret()),
        ("dp", secret()),
        ("dq", secret()),
        ("qi", secret()),
        ("oth", secret()),
        ("r", secret()),
        ("t", secret()),
    ])
}
