//! What the Admin API works with, handed in by the binary.

use std::sync::Arc;
use std::time::Duration;

use keybound_model::entity::{RouterFlavor, by_name_for};
use keybound_model::{Descriptor, Fresh, PluginCatalog};
use keybound_store::config::ConfigStore;
use serde_json::Value;
use uuid::Uuid;

use crate::ports::{Balancers, Declarative, Inside, LogLevel, OpenIdConnect, Publisher};
use crate::secret::Secret;

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
    /// In which form routes say what they match.
    pub router_flavor: RouterFlavor,
    /// What a request must show in `Kong-Admin-Token`; `None`: nothing.
    pub admin_token: Option<Secret>,
    /// The health of targets: [`Unattached`](crate::Unattached) when nobody checks them.
    pub balancers: Arc<dyn Balancers>,
    /// The providers and keys of `openid-connect`: [`Unattached`](crate::Unattached) without any.
    pub openid_connect: Arc<dyn OpenIdConnect>,
    /// The level of the log; `None` when it cannot be asked, and `/debug/node/log-level` is not there.
    pub log_level: Option<Arc<dyn LogLevel>>,
    /// The text of `/metrics`, in the format of Prometheus; `None` when nothing is counted, and `/metrics` is not there.
    pub metrics: Option<Metrics>,
    /// What `/debug/memory` and `/debug/tasks` of the Status API say; `None`, and they are not there.
    pub inside: Option<Arc<dyn Inside>>,
}

impl AdminState {
    pub(crate) fn seconds(&self) -> i64 {
        i64::try_from((self.now)().as_secs()).unwrap_or(i64::MAX)
    }

    /// What a new entity is given: this id, the time, and randomness of its own.
    pub(crate) fn fresh(&self, id: Uuid) -> Fresh {
        let millis = u16::try_from((self.now)().subsec_millis()).unwrap_or_default();
        let mut seed = [0; 32];
        for (part, random) in seed.chunks_mut(16).zip([Uuid::new_v4(), Uuid::new_v4()]) {
            part.copy_from_slice(random.as_bytes());
        }
        Fresh::new(id, self.seconds()).with_millis(millis).seeded(seed)
    }

    /// The kind of this plural name.
    pub(crate) fn entity(&self, name: &str) -> Option<&'static Descriptor> {
        by_name_for(self.router_flavor, name)
    }
}

/// Writes the text of `/metrics`; it is told whether the configuration store answers.
pub type Metrics = Arc<dyn Fn(bool) -> String + Send + Sync>;

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
