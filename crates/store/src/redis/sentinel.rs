//! Which server of a group takes the writes.

use redis::{FromRedisValue, RedisConnectionInfo, RedisError, Value};

use super::fault::RedisFault;
use super::link::Open;
use super::settings::{Address, Role, Sentinels};
use super::stream::{Stream, Tls};

impl Sentinels {
    /// The servers to try, best first, as the first sentinel that answers names them.
    pub(super) async fn ask(&self, tls: Option<&Tls>) -> Result<Vec<Address>, RedisFault> {
        let mut last = RedisFault::Unreachable("there is no sentinel".to_owned());
        for node in &self.nodes {
            match self.ask_one(node, tls).await {
                Ok(found) => return Ok(found),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    async fn ask_one(&self, node: &Address, tls: Option<&Tls>) -> Result<Vec<Address>, RedisFault> {
        let mut login = RedisConnectionInfo::default();
        if let Some(username) = &self.username {
            login = login.set_username(username);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password);
        }
        let open = Open::log_in(Stream::tcp(node, tls).await?, &login).await?;
        let ask = |what: &str| {
            let mut command = redis::cmd("SENTINEL");
            command.arg(what).arg(&self.master);
            command
        };
        let failed = |error: RedisError| RedisFault::of(&error);
        let master = open.call(&ask("GET-MASTER-ADDR-BY-NAME")).await.map_err(failed)?;
        let master = <Option<(String, u16)>>::from_redis_value(master).map_err(|_| RedisFault::Shape)?;
        let mut found: Vec<_> = master.into_iter().map(|(host, port)| Address { host, port }).collect();
        if self.role == Role::Any
            && let Value::Array(replicas) = open.call(&ask("REPLICAS")).await.map_err(failed)?
        {
            found.extend(replicas.into_iter().filter_map(replica));
        }
        if found.is_empty() {
            return Err(RedisFault::Unreachable(format!("the sentinel {node} knows no {:?}", self.master)));
        }
        Ok(found)
    }
}

/// The address in a list of names and values.
fn replica(facts: Value) -> Option<Address> {
    let facts = std::collections::HashMap::<String, String>::from_redis_value(facts).ok()?;
    if facts.get("flags").is_some_and(|flags| flags.contains("down")) {
        return None;
    }
    Some(Address { host: facts.get("ip")?.clone(), port: facts.get("port")?.parse().ok()? })
}
