use keybound_model::Configuration;
use keybound_store::BoxFuture;

/// The data plane, as far as a write has to know it.
pub trait Publisher: Send + Sync {
    /// Whether a configuration could serve. Nothing changes.
    ///
    /// # Errors
    /// The cause, for the client.
    fn check(&self, configuration: &Configuration) -> Result<(), String>;

    /// Makes the stored configuration serve; done when the next request sees it.
    ///
    /// # Errors
    /// The cause, for the log.
    fn publish(&self) -> BoxFuture<'_, Result<(), String>>;

    /// What `/status` says about the data plane.
    fn serving(&self) -> Serving {
        Serving::default()
    }
}

/// What `/status` says about the data plane.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Serving {
    /// Counters of the proxy's listeners; left out of the answer when they are not kept.
    pub connections: Option<Connections>,
    /// Why the stored configuration does not serve, when an older one still does.
    pub fault: Option<String>,
    /// What serves, but not as it was probably meant.
    pub warnings: Vec<String>,
    /// Whether no configuration serves yet: `/status/ready` says so.
    pub building: bool,
    /// Whether the process is about to stop: `/status/ready` says so.
    pub stopping: bool,
}

/// Counters of the proxy's listeners since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections open.
    pub active: u64,
    /// Requests taken.
    pub requests: u64,
}
