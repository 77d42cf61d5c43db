//! What the Admin API works with, handed in by the binary.

use std::sync::Arc;
use std::time::Duration;

use keybound_model::declarative::{DeclarativeFault, Declared};
use keybound_model::{Configuration, PluginCatalog};
use keybound_store::BoxFuture;
use keybound_store::config::ConfigStore;
use serde_json::Value;

/// The version of Kong whose Admin API this is: the last open-source line. Clients choose their defaults by it.
pub const KONG_VERSION: &str = "3.9.1";

/// Everything that the Admin API works with.
#[derive(Clone)]
pub struct AdminState {
    /// The configuration.
    pub store: Arc<dyn ConfigStore>,
    /// The declarative configuration; `Some` with `database=off`, which is when `/config` answers.
    pub declarative: Option<Arc<dyn Declarative>>,
    /// The plugins that exist.
    pub catalog: Arc<dyn PluginCatalog>,
    /// The data plane.
    pub publisher: Arc<dyn Publisher>,
    /// The time since the epoch.
    pub now: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// What `GET /` says about this process.
    pub node: NodeInfo,
}

impl AdminState {
    pub(crate) fn seconds(&self) -> i64 {
        i64::try_from((self.now)().as_secs()).unwrap_or(i64::MAX)
    }
}

/// What `GET /` says about this process.
#[derive(Debug, Clone)]
pub struct NodeInfo {
    /// The id of the node, a UUID.
    pub node_id: String,
    /// The machine's name; requests sent to this name are taken.
    pub hostname: String,
    /// The version of Kong to report: [`KONG_VERSION`].
    pub version: String,
    /// The version of Keybound.
    pub keybound_version: String,
    /// The effective settings; secrets are masked already.
    pub configuration: Value,
    /// The process id.
    pub pid: u32,
}

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
