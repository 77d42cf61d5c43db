use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How a Redis is reached.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RedisSettings {
    /// Where it is.
    pub server: Server,
    /// The time for connecting and logging in.
    pub connect_timeout: Duration,
    /// The time for sending a call.
    pub send_timeout: Duration,
    /// The time for its answer.
    pub read_timeout: Duration,
    /// The user, where the Redis knows users.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The number of the database; a cluster has only 0.
    pub database: i64,
    /// TLS; `None` for a bare connection.
    pub tls: Option<RedisTls>,
}

/// Where a Redis is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Server {
    /// One server, by name or address.
    Tcp(Address),
    /// One server, by its Unix socket.
    Unix(PathBuf),
    /// The server that sentinels name.
    Sentinel(Sentinels),
    /// A cluster.
    Cluster {
        /// Where to begin.
        nodes: Vec<Address>,
        /// How often a call may be sent on to another node.
        max_redirections: u32,
    },
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Sentinels, and whom they are asked for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sentinels {
    /// The sentinels; one answer is enough.
    pub nodes: Vec<Address>,
    /// The name of the group of servers.
    pub master: String,
    /// Which server of the group.
    pub role: Role,
    /// Our user at the sentinels.
    pub username: Option<String>,
    /// Our password at the sentinels.
    pub password: Option<String>,
}

/// Which server of a group is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The one that takes writes.
    Master,
    /// The one that takes writes, and a replica while there is none.
    Any,
}

/// TLS to a Redis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedisTls {
    /// Whether the certificate must come from an authority that is trusted, and be for the name.
    pub verify: bool,
    /// The name, where it is not the host.
    pub server_name: Option<String>,
}

impl Address {
    /// An address.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl RedisSettings {
    /// One server, without login and TLS; the same time for connecting, sending and answering.
    #[must_use]
    pub fn new(server: Server, timeout: Duration) -> Self {
        Self {
            server,
            connect_timeout: timeout,
            send_timeout: timeout,
            read_timeout: timeout,
            username: None,
            password: None,
            database: 0,
            tls: None,
        }
    }

    /// The longest that a call can take.
    #[must_use]
    pub fn bound(&self) -> Duration {
        self.connect_timeout.saturating_add(self.exchange())
    }

    /// The longest that sending and answering can take.
    pub(super) fn exchange(&self) -> Duration {
        self.send_timeout.saturating_add(self.read_timeout)
    }

    /// Whether keys are spread over several servers.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        matches!(self.server, Server::Cluster { .. })
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("server", &self.server)
            .field("database", &self.database)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sentinels")
            .field("nodes", &self.nodes)
            .field("master", &self.master)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
