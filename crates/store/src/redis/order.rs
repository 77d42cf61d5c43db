use redis::{Cmd, RedisError, RedisResult, Value};

use super::fault::RedisFault;
use super::link::Open;
use super::script::Script;

/// What a Redis is told to do.
#[derive(Clone, Copy)]
pub(crate) enum Order<'a> {
    /// A command.
    Command(&'a Cmd),
    /// A script.
    Script {
        script: &'a Script,
        keys: &'a [String],
        values: &'a [i64],
        /// Whether the name of the running server is a value too, after the others.
        named: bool,
    },
}

/// Why an order to one server failed.
#[derive(Clone)]
pub(super) enum Failed {
    /// It was never sent.
    Never(RedisFault),
    /// With an error of the library or of the server.
    Answer(RedisError),
    /// With a fault of ours.
    Told(RedisFault),
}

impl Order<'_> {
    /// Has it done. `asking`: by a node of a cluster that does not have the key yet, but will.
    pub(super) async fn give(&self, open: &Open, asking: bool) -> Result<Value, Failed> {
        match self {
            Self::Command(command) => send(open, command, asking).await.map_err(Failed::Answer),
            Self::Script { script, keys, values, named } => {
                let run_id = if *named { Some(open.run_id().await.map_err(Failed::Told)?) } else { None };
                let fill = |mut command: Cmd| {
                    command.arg(keys.len()).arg(*keys).arg(*values);
                    if let Some(run_id) = &run_id {
                        command.arg(run_id.as_bytes());
                    }
                    command
                };
                match send(open, &fill(script.by_name()), asking).await {
                    Err(error) if error.code() == Some("NOSCRIPT") => {
                        send(open, &fill(script.whole()), asking).await.map_err(Failed::Answer)
                    }
                    answer => answer.map_err(Failed::Answer),
                }
            }
        }
    }
}

async fn send(open: &Open, command: &Cmd, asking: bool) -> RedisResult<Value> {
    if asking { open.call_asking(command).await } else { open.call(command).await }
}

impl Failed {
    pub(super) fn fault(self) -> RedisFault {
        match self {
            Self::Never(fault) | Self::Told(fault) => fault,
            Self::Answer(error) => RedisFault::of(&error),
        }
    }

    /// Whether the connection is of no more use, because it broke or leads to a server that takes no writes any more; and
    /// whether a new one should wait for a moment.
    pub(super) fn ends_connection(&self) -> Option<bool> {
        match self {
            Self::Answer(error) => match error.code() {
                None => Some(false),
                Some("READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN") => Some(true),
                Some(_) => None,
            },
            Self::Told(RedisFault::Unreachable(_)) => Some(false),
            Self::Told(_) | Self::Never(_) => None,
        }
    }
}
