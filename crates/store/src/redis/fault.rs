use redis::RedisError;

/// Why a call to a Redis failed. The text names commands, addresses and reasons, never a value or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisFault {
    /// There is no connection, or it broke.
    #[error("{0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("no answer in time")]
    TooSlow,
    /// The Redis has no room for another value.
    #[error("the Redis has reached its maxmemory")]
    OutOfMemory,
    /// The Redis answered with an error.
    #[error("the Redis refused: {0}")]
    Refused(String),
    /// The answer is not what the call answers.
    #[error("the answer has another shape")]
    Shape,
}

impl RedisFault {
    pub(super) fn of(error: &RedisError) -> Self {
        match error.code() {
            Some("OOM") => Self::OutOfMemory,
            Some(_) => Self::Refused(error.to_string()),
            None => Self::Unreachable(error.to_string()),
        }
    }
}
