//! Connections to Redis. They come later: every field must be left at its default.

use keybound_model::schema::{Type, array, integer, record, string};

use super::kinds::{port, switch};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let sessions = record(connection().into_iter().chain([("prefix", string()), ("socket", string())]));
    vec![
        (
            "redis",
            sessions.required().not_yet_supported().doc("The Redis that holds sessions and used proofs."),
        ),
        (
            "cluster_cache_redis",
            record(connection())
                .required()
                .not_yet_supported()
                .doc("The Redis that holds the cache of all nodes."),
        ),
    ]
}

fn connection() -> Vec<(&'static str, Type)> {
    let milliseconds = || integer().between(0, 2_147_483_646).default(2000);
    let host = || string().default("127.0.0.1");
    let secret = || string().referenceable().encrypted();
    vec![
        ("host", host().referenceable()),
        ("port", port(6379).referenceable()),
        ("connect_timeout", milliseconds()),
        ("send_timeout", milliseconds()),
        ("read_timeout", milliseconds()),
        ("username", string().referenceable()),
        ("password", secret()),
        ("sentinel_username", string().referenceable()),
        ("sentinel_password", secret()),
        ("database", integer().default(0)),
        ("keepalive_pool_size", integer().between(1, 2_147_483_646).default(256)),
        ("keepalive_backlog", integer().between(0, 2_147_483_646)),
        ("sentinel_master", string()),
        ("sentinel_role", string().one_of(["master", "slave", "any"])),
        ("sentinel_nodes", array(record([("host", host()), ("port", port(6379))])).len_min(1)),
        ("cluster_nodes", array(record([("ip", host()), ("port", port(6379))])).len_min(1)),
        ("ssl", switch(false)),
        ("ssl_verify", switch(true)),
        ("server_name", string().referenceable()),
        ("cluster_max_redirections", integer().default(5)),
        ("connection_is_proxied", switch(false)),
        ("cloud_authentication", cloud()),
    ]
}

fn cloud() -> Type {
    let reference = || string().referenceable();
    let secret = || string().referenceable().encrypted();
    record([
        ("auth_provider", reference().one_of(["aws", "gcp", "azure"])),
        ("aws_cache_name", reference()),
        ("aws_region", reference()),
        ("aws_is_serverless", switch(true)),
        ("aws_access_key_id", secret()),
        ("aws_secret_access_key", secret()),
        ("aws_assume_role_arn", secret()),
        ("aws_role_session_name", secret()),
        ("gcp_service_account_json", secret()),
        ("azure_client_id", secret()),
        ("azure_client_secret", secret()),
        ("azure_tenant_id", secret()),
    ])
}
