use std::path::PathBuf;

use keybound_store::config::StoreFault;

use crate::start::StartFault;

/// Why a command on declarative files failed; nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// The file, or something that the settings name, is broken.
    #[error(transparent)]
    Start(#[from] StartFault),
    /// A file that is there already.
    #[error("{} already exists, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// A file that cannot be written.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A command that needs a store.
    #[error(
        "'keybound config {command}' only works with a database; with database=off, `keybound reload` or POST /config brings a declarative file in"
    )]
    NoDatabase {
        /// The command.
        command: &'static str,
    },
    /// A record that cannot be brought in.
    #[error("{entity} {id}: {cause}")]
    Record {
        /// The kind.
        entity: &'static str,
        /// Its id.
        id: String,
        /// Why.
        cause: StoreFault,
    },
    /// The store cannot be read.
    #[error("nothing was exported: {0}")]
    Read(StoreFault),
    /// The store took nothing.
    #[error("nothing was imported: {0}")]
    Store(StoreFault),
}
