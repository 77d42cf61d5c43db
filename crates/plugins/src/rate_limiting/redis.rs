use std::time::Duration;

use keybound_model::checks::{host, sni};
use keybound_model::schema::{Shorthand, Type, boolean, integer, record, string};
use keybound_store::redis::{Address, RedisSettings, RedisTls, Server};
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
    server_name: Option<String>,
}

impl Config {
    pub(super) fn settings(self) -> Result<RedisSettings, String> {
        let host = self.host.ok_or("redis.host: required field missing")?;
        let timeout = Duration::from_millis(self.timeout.max(1));
        let tls = RedisTls { verify: self.ssl_verify, server_name: self.server_name };
        Ok(RedisSettings {
            username: self.username.filter(|name| !name.is_empty()),
            password: self.password.filter(|password| !password.is_empty()),
            database: self.database,
            tls: self.ssl.then_some(tls),
            ..RedisSettings::new(Server::Tcp(Address { host, port: self.port }), timeout)
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
            string().check("sni", sni).doc("The name that the certificate is for, where it is not the host."),
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
