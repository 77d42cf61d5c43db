use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::StartFault;
use crate::instance::{InstanceFault, PidFile};
use crate::settings::{NodeId, Settings};

/// The folder for everything that is written.
#[derive(Debug, Clone)]
pub(super) struct Prefix {
    folder: PathBuf,
    settings: Settings,
}

impl Prefix {
    /// Creates the folder when it is not there; only its owner may look into a new one, because it holds secrets.
    pub(super) fn open(settings: &Settings) -> Result<Self, StartFault> {
        let folder = settings.prefix.0.clone();
        let prefix = Self { folder: folder.clone(), settings: settings.clone() };
        prefix.create(&folder)?;
        Ok(prefix)
    }

    /// The file of the configuration store.
    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("keybound.db")
    }

    /// A certificate and its key that are made at first start.
    pub(super) fn certificate(&self, name: &str) -> (PathBuf, PathBuf) {
        let folder = self.folder.join("ssl");
        (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")))
    }

    /// Takes the prefix from the process before, with the file that it handed over; where that is another prefix's, as usual.
    pub(super) async fn take_over(&self, file: Option<File>) -> Result<PidFile, StartFault> {
        match file.and_then(|file| PidFile::adopt(&self.folder, file)) {
            Some(adopted) => Ok(adopted),
            None => self.hold().await,
        }
    }

    /// Takes the prefix for this process; refused while another one runs there.
    pub(super) async fn hold(&self) -> Result<PidFile, StartFault> {
        PidFile::hold(&self.folder).await.map_err(|fault| match fault {
            InstanceFault::Running { pid } => StartFault::Running {
                origin: self.settings.origin("prefix").clone(),
                folder: self.folder.clone(),
                pid,
            },
            InstanceFault::File { path, cause } => self.fault(&path, cause),
            other => StartFault::System { what: "the pid file", cause: other.to_string() },
        })
    }

    /// The node's identity: the one that is set, or the one that was made at first start.
    pub(super) fn node_id(&self) -> Result<Uuid, StartFault> {
        if let NodeId::Fixed(id) = self.settings.node_id {
            return Ok(id);
        }
        let path = self.folder.join("kong.id");
        match std::fs::read_to_string(&path) {
            Ok(text) => Uuid::parse_str(text.trim())
                .map_err(|_| self.fault(&path, std::io::Error::new(ErrorKind::InvalidData, "is not a UUID"))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let id = Uuid::new_v4();
                self.write(&path, format!("{id}\n").as_bytes(), 0o644)?;
                Ok(id)
            }
            Err(error) => Err(self.fault(&path, error)),
        }
    }

    /// Writes a file as a whole or not at all, with this mode.
    pub(super) fn write(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), StartFault> {
        if let Some(folder) = path.parent() {
            self.create(folder)?;
        }
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let draft = PathBuf::from(name);
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&draft)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| std::fs::rename(&draft, path));
        written.map_err(|cause| {
            let _ = std::fs::remove_file(&draft);
            self.fault(path, cause)
        })
    }

    pub(super) fn fault(&self, path: &Path, cause: std::io::Error) -> StartFault {
        StartFault::Prefix { origin: self.settings.origin("prefix").clone(), path: path.to_owned(), cause }
    }

    fn create(&self, folder: &Path) -> Result<(), StartFault> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|cause| self.fault(folder, cause))
    }
}
