use std::net::SocketAddr;
use std::path::PathBuf;

use crate::settings::{Origin, Settings};

/// Why the gateway does not start: one line, which names the place and the cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartFault {
    /// The prefix, or something in it, cannot be written or read.
    #[error("{}prefix: {}: {cause}; set prefix to a folder that this user may write, for example with KEYBOUND_PREFIX=$HOME/.keybound", place(origin), path.display())]
    Prefix {
        /// Where the prefix was set.
        origin: Origin,
        /// What cannot be written or read.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another process runs in the prefix.
    #[error("{}prefix: {}: Keybound is running there already, as process {pid}; stop it with `keybound stop`, or set prefix to another folder", place(origin), folder.display())]
    Running {
        /// Where the prefix was set.
        origin: Origin,
        /// The prefix.
        folder: PathBuf,
        /// The process.
        pid: u32,
    },
    /// A setting is well formed, but what it names cannot be used.
    #[error("{}{key}: {cause}", place(origin))]
    Setting {
        /// Where it was set.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// An address cannot be listened on.
    #[error("{}{key}: cannot listen on {address}: {cause}", place(origin))]
    Listen {
        /// Where it was set.
        origin: Origin,
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: String,
    },
    /// The declarative file is broken: the place in it and the cause.
    #[error("{0}")]
    Declarative(String),
    /// The configuration store cannot be opened or read.
    #[error("the configuration store: {0}")]
    Store(String),
    /// What is configured cannot be put to use.
    #[error("the configuration cannot be put to use: {0}")]
    Configuration(String),
    /// The system refused something that needs no setting.
    #[error("{what}: {cause}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// What the system said.
        cause: String,
    },
}

impl StartFault {
    pub(super) fn setting(settings: &Settings, key: &'static str, cause: impl Into<String>) -> Self {
        Self::Setting { origin: settings.origin(key).clone(), key, cause: cause.into() }
    }
}

/// Where a setting was set, in front of its name; nothing for a default, which was set nowhere.
fn place(origin: &Origin) -> String {
    match origin {
        Origin::Default => String::new(),
        named => format!("{named}: "),
    }
}
