//! Names that older versions of Kong's plugin had, and what they are called now.

use keybound_model::schema::{Shorthand, Type, array, boolean, integer, number, record, string};
use serde_json::Value;

use super::kinds::strings;

pub(super) fn shorthands() -> Vec<Shorthand> {
    let mut known = vec![Shorthand::reshaped("consumer_claim", strings(), "consumer_claims", one_path)];
    known.extend(RENAMED.map(|(old, new, ty)| Shorthand::renamed(old, ty(), new)));
    known
}

/// The old field held one path; the new one holds a list of them.
fn one_path(value: &Value) -> Value {
    Value::Array(vec![value.clone()])
}

type Kind = fn() -> Type;

fn nodes() -> Type {
    array(record([("ip", string()), ("port", integer())]))
}

const RENAMED: [(&str, &str, Kind); 25] = [
    ("session_redis_host", "redis.host", string),
    ("session_redis_port", "redis.port", integer),
    ("session_redis_username", "redis.username", string),
    ("session_redis_password", "redis.password", string),
    ("session_redis_connect_timeout", "redis.connect_timeout", integer),
    ("session_redis_read_timeout", "redis.read_timeout", integer),
    ("session_redis_send_timeout", "redis.send_timeout", integer),
    ("session_redis_server_name", "redis.server_name", string),
    ("session_redis_socket", "redis.socket", string),
    ("session_redis_prefix", "redis.prefix", string),
    ("session_redis_ssl", "redis.ssl", boolean),
    ("session_redis_ssl_verify", "redis.ssl_verify", boolean),
    ("session_redis_cluster_nodes", "redis.cluster_nodes", nodes),
    ("session_redis_cluster_max_redirections", "redis.cluster_max_redirections", integer),
    ("authorization_cookie_lifetime", "authorization_rolling_timeout", number),
    ("authorization_cookie_samesite", "authorization_cookie_same_site", string),
    ("authorization_cookie_httponly", "authorization_cookie_http_only", boolean),
    ("session_cookie_lifetime", "session_rolling_timeout", number),
    ("session_cookie_idletime", "session_idling_timeout", number),
    ("session_cookie_samesite", "session_cookie_same_site", string),
    ("session_cookie_httponly", "session_cookie_http_only", boolean),
    ("session_memcache_prefix", "session_memcached_prefix", string),
    ("session_memcache_socket", "session_memcached_socket", string),
    ("session_memcache_host", "session_memcached_host", string),
    ("session_memcache_port", "session_memcached_port", integer),
];
