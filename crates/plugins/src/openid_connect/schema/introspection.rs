//! Introspection, the client that asks for it, and the caches.

use keybound_model::entity::jwk;
use keybound_model::schema::{Type, array, number, set, string};
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
                .doc("The form of answer to ask for. Of the latter two only a signed answer counts (RFC 9701)."),
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
            url().doc("The introspection endpoint for clients with a certificate, in place of the metadata's alias."),
        ),
    ]
}

fn client() -> Vec<(&'static str, Type)> {
    vec![
        (
            "client_id",
            array(string().referenceable().encrypted())
                .doc("The clients that call the provider. Without client_arg in the request it is the first."),
        ),
        ("client_secret", array(string().referenceable().encrypted()).doc("Their secrets; a client beyond the end of the list has the first. So it is with the other lists.")),
        (
            "client_auth",
            client_auth().doc("How they authenticate at the provider; null: as the metadata says, else with client_secret_basic."),
        ),
        (
            "client_alg",
            array(string().one_of(CLIENT_ALGORITHMS))
                .doc("The algorithms that sign their assertions; null: HS256 with a secret, with a key the key's own, RS256 for RSA."),
        ),
        (
            "client_arg",
            string()
                .default("client_id")
                .doc("The parameter (header, query or body) by which a request chooses among several clients: an id, or a number from 1. Unknown: the first."),
        ),
        (
            "client_jwk",
            array(jwk()).doc("The private keys that sign their assertions; null: keys that the gateway makes itself and publishes at /openid-connect/jwks."),
        ),
        (
            "tls_client_auth_cert_id",
            string().uuid().doc("The certificate with which they authenticate."),
        ),
        (
            "tls_client_auth_ssl_verify",
            switch(true).doc("Verify the provider's certificate on those connections."),
        ),
    ]
}

fn caches() -> Vec<(&'static str, Type)> {
    vec![
        ("cache_introspection", switch(true).doc("Keep answers of the introspection endpoint.")),
        ("cache_ttl", number().default(3600).between(0, 31_536_000).doc("Seconds to keep what does not say how long it holds.")),
        ("cache_ttl_max", number().between(0, 31_536_000).doc("Seconds to keep anything at most.")),
        ("cache_ttl_min", number().between(0, 31_536_000).doc("Seconds to keep anything at least, but never beyond its own end.")),
        ("cache_ttl_neg", number().between(0, 31_536_000).doc("Seconds to remember that a token is not active; null: 5, against a burst with one worthless token.")),
        ("cache_ttl_resurrect", number().between(0, 31_536_000).doc("Seconds to use metadata and keys beyond their time while the provider fails; null: without end.")),
        ("cache_tokens", switch(true).comes_with("the grants of the token endpoint").doc("Keep answers of the token endpoint.")),
        ("cache_tokens_salt", string().doc("Salts the keys under which answers of the token endpoint are kept. Kong makes one for every instance; it is kept, and there is nothing to salt before the grants of the token endpoint.")),
        ("cache_token_exchange", switch(true).comes_with("token exchange").doc("Keep exchanged tokens.")),
        ("cache_user_info", switch(true).comes_with("the userinfo endpoint").doc("Keep answers of the userinfo endpoint.")),
        ("token_cache_key_include_scope", switch(false).comes_with("the grants of the token endpoint").doc("Keep tokens apart by scope.")),
        ("cluster_cache_strategy", string().one_of(["off", "redis"]).default("off").doc("The cache of introspection answers that nodes share, beside that of each node: redis is the one of cluster_cache_redis. What it holds is sealed.")),
        ("cluster_cache_items", set(string().one_of(["introspection", "tokens"])).default(json!(["introspection"])).not_yet_supported_values(["tokens"]).doc("What goes into the cache that nodes share.")),
    ]
}
