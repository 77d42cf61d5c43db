//! Why a chore could not be done, in words for the person who started it.

use std::fmt;

/// A message that says what is missing or broken, and what to do about it.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// For `map_err`: the message, and below it what the system said.
    pub(crate) fn with<E: fmt::Display>(message: impl Into<String>) -> impl FnOnce(E) -> Self {
        let message = message.into();
        move |cause| Self(format!("{message}: {cause}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}
