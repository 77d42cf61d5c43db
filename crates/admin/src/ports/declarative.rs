use keybound_model::declarative::{DeclarativeFault, Declared};
use keybound_store::BoxFuture;

/// The configuration of `database=off`.
pub trait Declarative: Send + Sync {
    /// Reads a text, checks that its configuration can serve, puts it in place of the one before and makes it serve. All
    /// of it or nothing.
    ///
    /// # Errors
    /// [`LoadFault`]; the configuration before keeps serving.
    fn load(&self, text: String) -> BoxFuture<'_, Result<Declared, LoadFault>>;

    /// The text of the configuration that serves; empty before the first.
    fn text(&self) -> String;

    /// The MD5 of that text, 32 hexadecimal digits; zeros before the first.
    fn hash(&self) -> String;
}

/// Why a declarative configuration was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LoadFault {
    /// It is not valid (400).
    #[error("{0}")]
    Invalid(DeclarativeFault),
    /// It is valid, but cannot serve (400).
    #[error("{0}")]
    Rejected(String),
    /// Another one is being loaded (429).
    #[error("Currently loading previous configuration")]
    Busy,
    /// The process is stopping (503).
    #[error("Kong currently exiting")]
    Stopping,
    /// Ours (500); the text goes to the log.
    #[error("{0}")]
    Failed(String),
}
