//! Connections to Redis: `config.redis` and `config.cluster_cache_redis`.

use std::path::PathBuf;
use std::time::Duration;

use keybound_model::Record;
use keybound_store::redis::{Address, RedisSettings, RedisTls, Role, Sentinels, Server};
use serde_json::Value;

use super::fields::Fields;

/// How the Redis of a record is reached.
///
/// # Errors
/// What does not fit together, with the fields that say so.
pub(in crate::openid_connect) fn settings(record: &Record) -> Result<RedisSettings, String> {
    let fields = Fields(record);
    let text = |name: &str| fields.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let milliseconds = |name: &str| {
        fields.milliseconds(name).unwrap_or(Duration::from_secs(2)).max(Duration::from_millis(1))
    };
    let server = server(fields)?;
    let database = record.get("database").and_then(Value::as_i64).unwrap_or(0);
    if database != 0 && matches!(server, Server::Cluster { .. }) {
        return Err("database: a cluster has no other database than 0".to_owned());
    }
    let tls = fields
        .flag("ssl")
        .then(|| RedisTls { verify: fields.flag("ssl_verify"), server_name: text("server_name") });
    if tls.is_some() && matches!(server, Server::Unix(_)) {
        return Err("ssl: not over a Unix socket (field socket)".to_owned());
    }
    Ok(RedisSettings {
        server,
        connect_timeout: milliseconds("connect_timeout"),
        send_timeout: milliseconds("send_timeout"),
        read_timeout: milliseconds("read_timeout"),
        username: text("username"),
        password: text("password"),
        database,
        tls,
    })
}

fn server(fields: Fields<'_>) -> Result<Server, String> {
    let text = |name: &str| fields.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let (cluster, sentinels) =
        (nodes(fields, "cluster_nodes", "ip"), nodes(fields, "sentinel_nodes", "host"));
    if cluster.is_some() && sentinels.is_some() {
        return Err("cluster_nodes, sentinel_nodes: only one of them can be set".to_owned());
    }
    if let Some(nodes) = cluster {
        let most = fields.0.get("cluster_max_redirections").and_then(Value::as_i64).unwrap_or(5);
        return Ok(Server::Cluster {
            nodes,
            max_redirections: u32::try_from(most.max(0)).unwrap_or(u32::MAX),
        });
    }
    let (master, role) = (text("sentinel_master"), fields.text("sentinel_role"));
    if let Some(nodes) = sentinels {
        return Ok(Server::Sentinel(Sentinels {
            nodes,
            master: master.ok_or("sentinel_master: required with sentinel_nodes")?,
            role: if role == Some("any") { Role::Any } else { Role::Master },
            username: text("sentinel_username"),
            password: text("sentinel_password"),
        }));
    }
    if master.is_some() || role.is_some() {
        return Err("sentinel_nodes: required with sentinel_master and sentinel_role".to_owned());
    }
    if let Some(path) = text("socket") {
        return Ok(Server::Unix(PathBuf::from(path.strip_prefix("unix:").unwrap_or(&path))));
    }
    Ok(Server::Tcp(Address {
        host: text("host").ok_or("host: required field missing")?,
        port: port(fields.0),
    }))
}

fn port(record: &Record) -> u16 {
    record.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()).unwrap_or(6379)
}

fn nodes(fields: Fields<'_>, name: &str, host: &str) -> Option<Vec<Address>> {
    let nodes = fields.0.get(name).and_then(Value::as_array)?.iter().filter_map(Value::as_object);
    let address = |node: &Record| Address::new(Fields(node).text(host).unwrap_or("127.0.0.1"), port(node));
    let nodes: Vec<_> = nodes.map(address).collect();
    (!nodes.is_empty()).then_some(nodes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(config: Value) -> Result<RedisSettings, String> {
        settings(config.as_object().unwrap())
    }

    #[test]
    fn one_server_a_socket_sentinels_and_a_cluster_are_told_apart() {
        let plain =
            read(json!({"host": "r", "port": 7, "read_timeout": 10, "database": 3, "password": ""})).unwrap();
        assert_eq!(plain.server, Server::Tcp(Address::new("r", 7)));
        assert_eq!((plain.database, plain.password, plain.tls), (3, None, None));
        assert_eq!((plain.read_timeout.as_millis(), plain.send_timeout.as_millis()), (10, 2000));
        let socket = read(json!({"host": "r", "socket": "unix:/run/redis.sock"})).unwrap();
        assert_eq!(socket.server, Server::Unix("/run/redis.sock".into()));
        let node = json!([{"host": "s", "port": 26379}]);
        let sentinel = json!({"sentinel_nodes": node, "sentinel_master": "m", "sentinel_role": "any"});
        let Server::Sentinel(sentinels) = read(sentinel).unwrap().server else { panic!() };
        assert_eq!((sentinels.master.as_str(), sentinels.role), ("m", Role::Any));
        let cluster = read(json!({"cluster_nodes": [{"ip": "c"}], "cluster_max_redirections": 2})).unwrap();
        assert_eq!(
            cluster.server,
            Server::Cluster { nodes: vec![Address::new("c", 6379)], max_redirections: 2 }
        );
        let tls =
            read(json!({"host": "r", "ssl": true, "ssl_verify": true, "server_name": "n"})).unwrap().tls;
        assert_eq!(tls, Some(RedisTls { verify: true, server_name: Some("n".to_owned()) }));
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        for (config, fault) in [
            (json!({"cluster_nodes": [{}], "sentinel_nodes": [{}]}), "cluster_nodes, sentinel_nodes"),
            (json!({"cluster_nodes": [{}], "database": 1}), "database"),
            (json!({"sentinel_nodes": [{}]}), "sentinel_master"),
            (json!({"host": "r", "sentinel_master": "m"}), "sentinel_nodes"),
            (json!({"socket": "/s", "ssl": true}), "ssl"),
        ] {
            let refused = read(config).unwrap_err();
            assert!(refused.starts_with(fault), "{refused}");
        }
    }
}
