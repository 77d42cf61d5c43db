use std::path::{Path, PathBuf};

use super::DemoFault;

/// A new folder that is removed, with all it holds, when this goes out of scope.
#[derive(Debug)]
pub(super) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    pub(super) fn new() -> Result<Self, DemoFault> {
        let path = std::env::temp_dir().join(format!("keybound-demo-{}", uuid::Uuid::new_v4().simple()));
        // Not create_dir_all: a folder that is already there is somebody else's.
        std::fs::create_dir(&path)
            .map_err(|error| DemoFault::start(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
