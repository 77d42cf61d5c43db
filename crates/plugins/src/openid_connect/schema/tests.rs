use serde_json::{Value, json};

use super::*;

fn process(config: Value) -> Result<keybound_model::Record, keybound_model::Errors> {
    config_schema().process(config.as_object().unwrap().clone())
}

fn message(config: Value) -> String {
    process(config).unwrap_err().message()
}

fn minimal() -> Value {
    json!({"issuer": "https://idp.example", "auth_methods": ["bearer"]})
}

fn with(field: &str, value: Value) -> Value {
    let mut config = minimal();
    config[field] = value;
    config
}

#[test]
fn issuer_and_methods_are_enough() {
    let config = process(minimal()).unwrap();
    assert_eq!(config["proof_of_possession_dpop"], json!("off"));
    assert_eq!(config["dpop_proof_lifetime"], json!(300));
    assert_eq!(config["bearer_token_param_type"], json!(["header", "query", "body"]));
    assert_eq!(config["upstream_access_token_header"], json!("authorization:bearer"));
    assert_eq!(config["realm"], json!("keybound"));
    assert_eq!(config["redis"]["port"], json!(6379));
    assert_eq!(config["token_exchange"], Value::Null);
}

#[test]
fn the_issuer_must_be_given() {
    assert_eq!(
        message(json!({"auth_methods": ["bearer"]})),
        "schema violation (issuer: required field missing)"
    );
}

#[test]
fn the_default_methods_are_refused_with_a_way_out() {
    assert_eq!(
        message(json!({"issuer": "https://idp.example"})),
        "schema violation (auth_methods: not supported by Keybound yet: authorization_code, client_credentials, \
         kong_oauth2, password, refresh_token, userinfo; set auth_methods to bearer, introspection or both)"
    );
}

#[test]
fn possession_refuses_methods_it_cannot_cover() {
    let config = json!({"issuer": "https://idp.example", "proof_of_possession_dpop": "strict"});
    assert!(message(config).contains(
        "auth_methods: proof of possession covers only bearer, introspection and session, not authorization_code, \
         client_credentials, kong_oauth2, password, refresh_token, userinfo; set auth_methods"
    ));
    let mut config = with("proof_of_possession_dpop", json!("strict"));
    config["auth_methods"] = json!(["bearer", "session"]);
    process(config).unwrap();
}

#[test]
fn a_field_without_effect_is_refused_by_name() {
    for (field, value) in [("authorization_cookie_name", json!("s")), ("session_memcached_host", json!("h"))]
    {
        assert_eq!(
            message(with(field, value)),
            format!("schema violation ({field}: '{field}' is not supported by Keybound yet)")
        );
    }
}

#[test]
fn a_field_of_a_later_flow_says_which() {
    for (field, value, flow) in [
        ("scopes", json!(["openid", "profile"]), "the authorization code flow"),
        ("redirect_uri", json!(["https://a.example/"]), "the authorization code flow"),
        ("upstream_id_token_header", json!("x-id-token"), "the authorization code flow"),
        ("id_token_param_name", json!("id_token"), "ID tokens that clients present"),
        ("refresh_token_param_name", json!("refresh"), "the refresh token grant"),
        ("refresh_tokens", json!(false), "the refresh token grant"),
        ("password_param_type", json!(["header"]), "the password grant"),
        ("client_credentials_param_type", json!(["header"]), "the client credentials grant"),
        ("token_endpoint", json!("https://idp.example/token"), "the grants of the token endpoint"),
        ("search_user_info", json!(true), "the userinfo endpoint"),
        ("userinfo_endpoint", json!("https://idp.example/me"), "the userinfo endpoint"),
        ("resolve_distributed_claims", json!(true), "distributed claims"),
        ("login_action", json!("redirect"), "login"),
        ("logout_query_arg", json!("logout"), "logout"),
        ("revocation_endpoint", json!("https://idp.example/revoke"), "logout"),
        ("token_exchange_endpoint", json!("https://idp.example/x"), "token exchange"),
        ("principals", json!({"enabled": true}), "the lookup of principals"),
    ] {
        assert_eq!(
            message(with(field, value)),
            format!(
                "schema violation ({field}: '{field}' is not supported by Keybound yet: it belongs to {flow}, which is \
                 not available)"
            )
        );
    }
}

#[test]
fn what_is_told_has_a_name_that_can_be_used_and_is_used_once() {
    let claim = |header: &str| json!([{"header": header, "path": ["sub"]}]);
    for (field, value, text) in [
        (
            "upstream_headers",
            claim("Content_Length"),
            "'Content_Length' is set by the gateway itself and cannot be used",
        ),
        ("upstream_headers", claim("x user"), "bad header name 'x user'"),
        ("upstream_headers", claim("Authorization"), "'authorization' is the name of more than one field"),
        (
            "downstream_headers",
            claim("transfer-encoding"),
            "'transfer-encoding' is set by the gateway itself and cannot be used",
        ),
        (
            "upstream_introspection_header",
            json!("Host"),
            "'Host' is set by the gateway itself and cannot be used",
        ),
        (
            "downstream_access_token_header",
            json!("x:basic"),
            "expected 'bearer' after the colon, not 'basic'",
        ),
    ] {
        assert_eq!(message(with(field, value)), format!("schema violation ({field}: {text})"));
    }
    let mut config = with("upstream_headers", claim("X-User"));
    config["upstream_headers_claims"] = json!(["email"]);
    assert_eq!(
        message(config.clone()),
        "schema violation (upstream_headers_names: must have one value for each of upstream_headers_claims)"
    );
    config["upstream_headers_names"] = json!(["x_user"]);
    assert_eq!(
        message(config.clone()),
        "schema violation (upstream_headers_names: 'x-user' is the name of more than one field)"
    );
    config["upstream_headers_names"] = json!(["x_mail"]);
    config["downstream_headers"] = claim("X-User");
    process(config).unwrap();
    let mut config = with("upstream_headers", claim("Authorization"));
    config["upstream_access_token_header"] = json!("x-token");
    process(config).unwrap();
}

#[test]
fn a_consumer_is_looked_for_somewhere() {
    assert_eq!(
        message(with("consumer_claims", json!([["sub"], []]))),
        "schema violation (consumer_claims.2: length must be at least 1)"
    );
    let config = process(with("consumer_claim", json!(["a", "b"]))).unwrap();
    assert_eq!(config["consumer_claims"], json!([["a", "b"]]));
}

#[test]
fn a_field_without_effect_may_have_its_default() {
    let mut config = minimal();
    for (field, value) in [
        ("scopes", json!(["openid"])),
        ("session_cookie_name", json!("session")),
        ("redis", json!({"host": "127.0.0.1", "port": 6379})),
        ("login_methods", json!(["authorization_code"])),
        ("proof_of_possession_mtls", json!("off")),
    ] {
        config[field] = value;
    }
    process(config).unwrap();
}

#[test]
fn what_of_a_redis_nothing_acts_on_is_refused_by_name() {
    process(with("dpop_replay_strategy", json!("redis"))).unwrap();
    for (field, value, said) in [
        ("keepalive_backlog", json!(1), "'keepalive_backlog' is not supported by Keybound yet"),
        ("connection_is_proxied", json!(true), "'connection_is_proxied' is not supported by Keybound yet"),
        ("sentinel_role", json!("slave"), "'slave' is not supported by Keybound yet"),
        ("cloud_authentication", json!({"auth_provider": "aws"}), "'cloud_authentication' is not supported"),
    ] {
        for record in ["redis", "cluster_cache_redis"] {
            let mut redis = json!({});
            redis[field] = value.clone();
            let message = message(with(record, redis));
            assert!(message.contains(said) && message.contains(record), "{message}");
        }
    }
    let mut config = with("dpop_replay_strategy", json!("redis"));
    config["redis"] = json!({"sentinel_nodes": [{}]});
    assert!(message(config).contains("sentinel_master"));
}

#[test]
fn introspection_needs_a_client() {
    assert_eq!(
        message(with("auth_methods", json!(["introspection"]))),
        "schema violation (client_id: required for introspection)"
    );
    let mut config = with("auth_methods", json!(["introspection"]));
    config["client_id"] = json!(["gateway"]);
    config["client_auth"] = json!(["client_secret_post"]);
    assert_eq!(
        message(config.clone()),
        "schema violation (client_secret: required by the client's authentication method)"
    );
    config["client_secret"] = json!(["secret"]);
    process(config).unwrap();
}

#[test]
fn a_pseudo_issuer_needs_keys() {
    assert_eq!(
        message(with("using_pseudo_issuer", json!(true))),
        "schema violation (jwks_endpoint: required when using_pseudo_issuer is true, or extra_jwks_uris)"
    );
}

#[test]
fn public_origins_are_checked_one_by_one() {
    let config =
        with("dpop_public_origins", json!(["https://api.example/svc", "https://api.example?x=1", "ftp://a"]));
    assert_eq!(
        message(config),
        "2 schema violations (dpop_public_origins.2: must have no query and no fragment; \
         dpop_public_origins.3: expected scheme://host[:port][/prefix] with http or https)"
    );
}

#[test]
fn a_nonce_is_renewed_before_its_end() {
    let mut config = with("dpop_nonce_rotation", json!(301));
    assert_eq!(
        message(config.clone()),
        "schema violation (dpop_nonce_rotation: must not be greater than dpop_proof_lifetime)"
    );
    config["dpop_proof_lifetime"] = json!(600);
    process(config).unwrap();
}

#[test]
fn header_fields_are_named_rightly() {
    assert_eq!(
        message(with("upstream_access_token_header", json!("authorization:basic"))),
        "schema violation (upstream_access_token_header: expected 'bearer' after the colon, not 'basic')"
    );
    assert_eq!(
        message(with("bearer_token_header_name", json!("x token"))),
        "schema violation (bearer_token_header_name: bad header name 'x token')"
    );
    process(with("upstream_access_token_header", json!("x-token"))).unwrap();
}

#[test]
fn old_names_stand_for_new_ones() {
    let config = process(with("session_cookie_lifetime", json!(3600))).unwrap();
    assert_eq!(config["session_rolling_timeout"], json!(3600));
    let config = process(with("session_cookie_lifetime", json!(60))).unwrap();
    assert_eq!(config["session_rolling_timeout"], json!(60));
}

#[test]
fn sessions_need_a_method_that_begins_them() {
    let said = message(with("auth_methods", json!(["session"])));
    assert!(said.contains("auth_methods: session needs bearer or introspection beside it"), "{said}");
}

#[test]
fn session_cookies_are_what_browsers_take() {
    let refused = |changes: Value, text: &str| {
        let mut config = with("auth_methods", json!(["bearer", "session"]));
        for (field, value) in changes.as_object().unwrap() {
            config[field] = value.clone();
        }
        let said = message(config);
        assert!(said.contains(text), "{changes}: {said}");
    };
    refused(json!({"session_cookie_name": "a b"}), "session_cookie_name: must be the name of a cookie");
    refused(
        json!({"session_cookie_name": "__Host-s"}),
        "session_cookie_name: its prefix demands session_cookie_secure to be true",
    );
    refused(
        json!({"session_cookie_name": "__host-s", "session_cookie_secure": true, "session_cookie_domain": "a.example"}),
        "session_cookie_name: its prefix demands the path / and no domain",
    );
    refused(
        json!({"session_cookie_same_site": "None", "session_cookie_secure": false}),
        "session_cookie_same_site: browsers refuse None without session_cookie_secure",
    );
    refused(json!({"session_cookie_domain": "a;b"}), "session_cookie_domain: must be a host name");
    refused(json!({"session_cookie_path": "/a;b"}), "session_cookie_path: must be printable ASCII");
    refused(
        json!({"session_remember": true, "session_remember_cookie_name": "session2"}),
        "session_remember_cookie_name: must differ from session_cookie_name",
    );
    refused(
        json!({"bearer_token_cookie_name": "session"}),
        "session_cookie_name: must differ from bearer_token_cookie_name",
    );
    refused(json!({"session_idling_timeout": -1}), "session_idling_timeout: must not be negative");
    refused(
        json!({"session_store_metadata": true}),
        "session_store_metadata: needs session_storage to be redis",
    );
    refused(
        json!({"upstream_session_id_header": "content-length"}),
        "upstream_session_id_header: 'content-length' frames the message and cannot be set",
    );
    for storage in ["memcache", "memcached"] {
        refused(
            json!({"session_storage": storage}),
            &format!("session_storage: '{storage}' is not supported by Keybound yet"),
        );
    }
}

#[test]
fn answers_have_the_old_names_and_can_be_sent_back() {
    let stored = process(with("session_redis_host", json!("127.0.0.1"))).unwrap();
    let mut shown = stored.clone();
    config_schema().show_old_names(&mut shown);
    for (name, value) in [
        ("session_redis_host", json!("127.0.0.1")),
        ("session_redis_port", json!(6379)),
        ("session_redis_cluster_nodes", json!(null)),
        ("session_cookie_lifetime", json!(3600)),
        ("session_cookie_samesite", json!("Lax")),
        ("session_memcache_port", json!(11211)),
    ] {
        assert_eq!(shown.get(name), Some(&value), "{name}");
    }
    assert_eq!(shown.get("consumer_claim"), None);
    assert_eq!(process(Value::Object(shown)).unwrap(), stored);
}

#[test]
fn every_field_says_what_it_means() {
    let undocumented: Vec<_> = config_schema()
        .fields
        .iter()
        .filter(|field| field.ty.doc.is_empty())
        .map(|field| field.name)
        .collect();
    assert_eq!(undocumented, Vec::<&str>::new());
}

fn introspecting(changes: Value) -> Value {
    let mut config = with("auth_methods", json!(["introspection"]));
    config["client_id"] = json!(["gateway"]);
    for (field, value) in changes.as_object().unwrap() {
        config[field] = value.clone();
    }
    config
}

#[test]
fn a_client_can_do_what_its_method_needs() {
    let long = "0123456789abcdef0123456789abcdef";
    let curve = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"});
    for (changes, text) in [
        (
            json!({"client_auth": ["tls_client_auth"]}),
            "tls_client_auth_cert_id: missing for the client's authentication method",
        ),
        (
            json!({"client_auth": ["client_secret_jwt"], "client_secret": ["short"]}),
            "client_secret: must have at least 32 bytes for its algorithm (RFC 7518 §3.2)",
        ),
        (
            json!({"client_auth": ["client_secret_jwt"], "client_secret": [long], "client_alg": ["ES256"]}),
            "client_alg: does not fit the client's authentication method or its key",
        ),
        (
            json!({"client_auth": ["private_key_jwt"], "client_alg": ["HS256"]}),
            "client_alg: does not fit the client's authentication method or its key",
        ),
        (
            json!({"client_auth": ["private_key_jwt"], "client_jwk": [{"kty": "oct", "k": "AA"}]}),
            "client_jwk: a symmetric key cannot sign for private_key_jwt; client_secret_jwt signs with client_secret",
        ),
        (
            json!({"mtls_introspection_endpoint": "http://idp.example/i"}),
            "mtls_introspection_endpoint: must be https, or nobody sees the certificate",
        ),
        (
            json!({"enable_hs_signatures": true, "client_secret": ["short"]}),
            "enable_hs_signatures: needs a client_secret of at least 32 bytes (RFC 7518 §3.2)",
        ),
        (
            json!({"client_id": ["a", "b"], "client_secret": ["s"], "client_auth": ["client_secret_post", "tls_client_auth"]}),
            "tls_client_auth_cert_id: client 2: missing for the client's authentication method",
        ),
    ] {
        assert_eq!(message(introspecting(changes)), format!("schema violation ({text})"));
    }
    let broken = introspecting(json!({"client_auth": ["private_key_jwt"], "client_jwk": [curve]}));
    assert!(message(broken).starts_with("schema violation (client_jwk: "));
    for changes in [
        json!({"client_auth": ["private_key_jwt"]}),
        json!({"client_auth": ["client_secret_jwt"], "client_secret": [long]}),
        json!({"client_auth": ["self_signed_tls_client_auth"], "tls_client_auth_cert_id": "7fca84d6-7d37-4a74-a7b0-93e576089a41"}),
        json!({"client_auth": ["client_secret_jwt"], "client_secret": ["{vault://env/secret}"]}),
        json!({"introspection_accept": "application/token-introspection+jwt", "ignore_signature": ["introspection"]}),
        json!({"http_proxy": "http://proxy.example:3128", "no_proxy": "idp.example", "http_version": 1.0}),
    ] {
        process(introspecting(changes)).unwrap();
    }
}

#[test]
fn a_protected_resource_is_named_by_a_url_without_query_and_fragment() {
    process(with("protected_resource_identifier", json!("https://api.example/v1"))).unwrap();
    for (identifier, reason) in [
        ("api.example", "must be a URL of http or https"),
        ("https://api.example/?v=1", "must have no query and no fragment"),
    ] {
        assert_eq!(
            message(with("protected_resource_identifier", json!(identifier))),
            format!("schema violation (protected_resource_identifier: {reason})")
        );
    }
}

#[test]
fn signatures_can_be_ignored_only_where_there_are_any() {
    assert_eq!(
        message(with("ignore_signature", json!(["introspection", "session"]))),
        "schema violation (ignore_signature.2: 'session' is not supported by Keybound yet)"
    );
}

#[test]
fn parameters_are_verified_only_against_metadata() {
    let mut config = with("verify_parameters", json!(true));
    process(config.clone()).unwrap();
    config["using_pseudo_issuer"] = json!(true);
    config["jwks_endpoint"] = json!("https://idp.example/keys");
    assert_eq!(
        message(config),
        "schema violation (verify_parameters: there are no metadata when using_pseudo_issuer is true)"
    );
}

#[test]
fn a_shared_cache_needs_a_redis_that_can_be_reached() {
    let mut config = with("cluster_cache_strategy", json!("redis"));
    process(config.clone()).unwrap();
    config["cluster_cache_redis"] = json!({"sentinel_nodes": [{}]});
    assert!(message(config.clone()).contains("cluster_cache_redis: sentinel_master"), "{}", message(config));
    assert_eq!(
        message(with("cluster_cache_items", json!(["introspection", "tokens"]))),
        "schema violation (cluster_cache_items.2: 'tokens' is not supported by Keybound yet)"
    );
}

#[test]
fn required_authentication_contexts_are_words_of_a_challenge() {
    process(with("acr_values_required", json!(["urn:mace:incommon:iap:silver", "2"]))).unwrap();
    for value in ["gold silver", "a\"b", "a\\b", "\u{e9}"] {
        assert!(message(with("acr_values_required", json!([value]))).contains("must be one word"), "{value}");
    }
    assert!(message(with("acr_values_required", json!([]))).contains("acr_values_required"));
}
