use std::time::Duration;

use keybound_model::checks::{host, sni};
use keybound_model::schema::{Shorthand, Type, boolean, integer, record, string};
use keybound_store::counters::{RedisSettings, Verify};
use serde::Deserialize;

/// The configuration of a Redis.
#[derive(Deserialize)]
pub(super) struct Config {
    host: Option<String>,
    port: u16,
    timeout: u64,
    username: Option<String>,
    password: Option<String>,
    database: i64,
    ssl: bool,
    ssl_verify: bool,
}

impl Config {
    pub(super) fn settings(self) -> Result<RedisSettings, String> {
        let verify = if self.ssl_verify { Verify::Full } else { Verify::Nothing };
        let timeout = Duration::from_millis(self.timeout.max(1));
        Ok(RedisSettings {
            host: self.host.ok_or("redis.host: required field missing")?,
            port: self.port,
            timeout,
            username: self.username.filter(|name| !name.is_empty()),
            password: self.password.filter(|password| !password.is_empty()),
            database: self.database,
            tls: self.ssl.then_some(verify),
        })
    }
}

fn timeout() -> Type {
    integer().between(0, 2_147_483_646)
}

fn port() -> Type {
    integer().between(0, 65_535)
}

/// The record.
pub(super) fn field() -> Type {
    record([
        ("host", string().check("host", host).doc("The name or address.")),
        ("port", port().default(6379).doc("The port.")),
        ("timeout", timeout().default(2000).doc("Milliseconds for connecting, and for each call.")),
        ("username", string().referenceable().doc("The user, where the Redis knows users.")),
        ("password", string().referenceable().encrypted().len_min(0).doc("The password.")),
        ("database", integer().default(0).doc("The number of the database.")),
        ("ssl", boolean().required().default(false).doc("Whether the connection is TLS.")),
        ("ssl_verify", boolean().required().default(false).doc("Whether the certificate is checked.")),
        (
            "server_name",
            string().check("sni", sni).not_yet_supported().doc("Another name for the handshake."),
        ),
    ])
    .required()
    .doc("The Redis that counts, with the policy `redis`.")
}

/// The names that the record's fields had before.
pub(super) fn shorthands() -> [Shorthand; 9] {
    [
        Shorthand::renamed("redis_host", string(), "redis.host"),
        Shorthand::renamed("redis_port", integer(), "redis.port"),
        Shorthand::renamed("redis_password", string().len_min(0), "redis.password"),
        Shorthand::renamed("redis_username", string(), "redis.username"),
        Shorthand::renamed("redis_ssl", boolean(), "redis.ssl"),
        Shorthand::renamed("redis_ssl_verify", boolean(), "redis.ssl_verify"),
        Shorthand::renamed("redis_server_name", string(), "redis.server_name"),
        Shorthand::renamed("redis_timeout", integer(), "redis.timeout"),
        Shorthand::renamed("redis_database", integer(), "redis.database"),
    ]
}
