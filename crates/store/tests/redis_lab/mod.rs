//! Settings that lead to real servers.

#![allow(dead_code, reason = "every suite uses a part of it")]

use std::sync::Arc;
use std::time::Duration;

use keybound_store::redis::{Address, RedisClients, RedisSettings, Role, Sentinels, Server, TlsConfigs};
use keybound_suites::{RedisCluster, RedisGroup, RedisServer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Clients that trust nobody.
pub(crate) fn clients() -> RedisClients {
    trusting(None)
}

/// Clients that trust this authority.
pub(crate) fn trusting(authority: Option<CertificateDer<'static>>) -> RedisClients {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authority);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    RedisClients::new(TlsConfigs { verified: Arc::clone(&config), unverified: config })
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn tcp(server: &RedisServer) -> RedisSettings {
    RedisSettings::new(Server::Tcp(Address::new("127.0.0.1", server.port)), PATIENCE)
}

pub(crate) fn unix(server: &RedisServer) -> RedisSettings {
    RedisSettings::new(Server::Unix(server.socket()), PATIENCE)
}

pub(crate) fn cluster(cluster: &RedisCluster) -> RedisSettings {
    let nodes = cluster.nodes.iter().map(|node| Address::new("127.0.0.1", node.port)).collect();
    RedisSettings::new(Server::Cluster { nodes, max_redirections: 5 }, PATIENCE)
}

pub(crate) fn sentinel(group: &RedisGroup) -> RedisSettings {
    let sentinels = Sentinels {
        nodes: vec![Address::new("127.0.0.1", group.sentinel.port)],
        master: "lab".to_owned(),
        role: Role::Master,
        username: None,
        password: None,
    };
    RedisSettings::new(Server::Sentinel(sentinels), PATIENCE)
}
