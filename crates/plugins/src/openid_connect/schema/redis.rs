//! Connections to Redis.

use keybound_model::schema::{Type, array, integer, record, string};

use super::kinds::{port, switch};

pub(super) fn fields() -> Vec<(&'static str, Type)> {
    let sessions = record(connection().into_iter().chain([
        ("prefix", string().doc("What the keys of sessions begin with.")),
        ("socket", string().doc("The path of its Unix socket, in place of host and port.")),
    ]));
    vec![
        ("redis", sessions.required().doc("The Redis that holds sessions and used proofs.")),
        (
            "cluster_cache_redis",
            record(connection()).required().doc("The Redis that holds the cache of all nodes."),
        ),
    ]
}

fn connection() -> Vec<(&'static str, Type)> {
    let milliseconds = || integer().between(0, 2_147_483_646).default(2000);
    let host = || string().default("127.0.0.1");
    let secret = || string().referenceable().encrypted();
    vec![
        ("host", host().referenceable().doc("The name or address.")),
        ("port", port(6379).referenceable().doc("The port.")),
        ("connect_timeout", milliseconds().doc("Milliseconds for connecting and logging in.")),
        ("send_timeout", milliseconds().doc("Milliseconds for sending a call.")),
        ("read_timeout", milliseconds().doc("Milliseconds for its answer.")),
        ("username", string().referenceable().doc("The user, where the Redis knows users.")),
        ("password", secret().doc("The password.")),
        ("sentinel_username", string().referenceable().doc("The user at the sentinels.")),
        ("sentinel_password", secret().doc("The password at the sentinels.")),
        ("database", integer().default(0).doc("The number of the database.")),
        (
            "keepalive_pool_size",
            integer()
                .between(1, 2_147_483_646)
                .default(256)
                .doc("Connections of a worker at most. Keybound needs one: many calls share it."),
        ),
        (
            "keepalive_backlog",
            integer()
                .between(0, 2_147_483_646)
                .not_yet_supported()
                .doc("Calls that wait for a connection at most."),
        ),
        ("sentinel_master", string().doc("The name of the group that the sentinels watch.")),
        (
            "sentinel_role",
            string()
                .one_of(["master", "slave", "any"])
                .not_yet_supported_values(["slave"])
                .doc("Which server of the group: the one that takes writes, or, while there is none, any."),
        ),
        (
            "sentinel_nodes",
            array(record([("host", host()), ("port", port(6379))])).len_min(1).doc("The sentinels."),
        ),
        (
            "cluster_nodes",
            array(record([("ip", host()), ("port", port(6379))]))
                .len_min(1)
                .doc("Nodes of a cluster, to begin with."),
        ),
        ("ssl", switch(false).doc("Whether the connection is TLS.")),
        ("ssl_verify", switch(true).doc("Whether the certificate is checked.")),
        (
            "server_name",
            string().referenceable().doc("The name that the certificate is for, where it is not the host."),
        ),
        (
            "cluster_max_redirections",
            integer().default(5).doc("How often a call may be sent on to another node."),
        ),
        (
            "connection_is_proxied",
            switch(false).not_yet_supported().doc("Whether a proxy stands before the Redis."),
        ),
        ("cloud_authentication", cloud().not_yet_supported().doc("Login by a cloud's identity.")),
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
