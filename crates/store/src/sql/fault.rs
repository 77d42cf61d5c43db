use crate::config::StoreFault;

/// SQLSTATE classes and codes of a server that cannot serve now: connection lost, out of resources, shutting down or
/// starting, read-only since a failover, a lock or statement that took too long.
const AWAY: [&str; 6] = ["08", "53", "57P", "25006", "55P03", "57014"];

/// SQLSTATE codes of a transaction that lost against another one.
const LOST: [&str; 2] = ["40001", "40P01"];

/// What an error of the engine means.
#[allow(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(crate) fn fault(error: sqlx::Error) -> StoreFault {
    match &error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            StoreFault::Unreachable(error.to_string())
        }
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // SQLite's codes are numbers of up to four digits, which are none of these.
            match code.len() == 5 {
                true if AWAY.iter().any(|away| code.starts_with(away)) => {
                    StoreFault::Unreachable(error.to_string())
                }
                true if LOST.contains(&&*code) => StoreFault::Changed,
                _ => StoreFault::Engine(error.to_string()),
            }
        }
        _ => StoreFault::Engine(error.to_string()),
    }
}
