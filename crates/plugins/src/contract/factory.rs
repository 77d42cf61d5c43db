use std::sync::Arc;

use keybound_model::Record;
use uuid::Uuid;

use super::{Material, Plugin};

/// A plugin of the configuration, as its factory needs to know it.
#[derive(Debug, Clone, Copy)]
pub struct Instance<'a> {
    /// Its id. What a plugin remembers (replay records, nonce keys, caches) is kept under it when it is built again.
    pub id: Uuid,
    /// The plugin's name: `openid-connect`.
    pub name: &'a str,
    /// Its configuration, complete: every field present, defaults filled.
    pub config: &'a Record,
    /// The certificates that its configuration names.
    pub material: &'a Material,
}

/// Makes running plugins of configured ones.
pub trait PluginFactory: Send + Sync {
    /// The plugin that a configured instance describes. Called off the request path, for every instance of a new
    /// snapshot; it does no I/O.
    ///
    /// # Errors
    /// [`BuildFault`]; the snapshot is then not swapped in.
    fn build(&self, instance: &Instance<'_>) -> Result<Arc<dyn Plugin>, BuildFault>;
}

/// Why a configured plugin cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildFault {
    /// There is no plugin of this name.
    #[error("plugin {name} ({id}): no plugin of this name")]
    Unknown {
        /// The name.
        name: String,
        /// The instance.
        id: Uuid,
    },
    /// Its configuration says something that only shows when it is put to use.
    #[error("plugin {name} ({id}): {reason}")]
    Config {
        /// The plugin's name.
        name: &'static str,
        /// The instance.
        id: Uuid,
        /// The field and what is wrong with it.
        reason: String,
    },
}
