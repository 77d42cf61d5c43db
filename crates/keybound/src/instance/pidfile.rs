use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{InstanceFault, attempt};

/// How often a lock is asked for that somebody may only hold to look who is there.
const TRIES: u32 = 25;
/// How long is waited between two of these.
const PAUSE: Duration = Duration::from_millis(20);
/// More than any process id is long.
const LONGEST: u64 = 32;

/// The pid file of this process: written and locked while this value lives, removed at its end.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
    /// Whether another process holds it now.
    left: bool,
}

/// Who runs in a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nobody.
    Nobody,
    /// Nobody; the file of a process that is gone is still there.
    Stale,
    /// The process with this id.
    Process(u32),
}

impl PidFile {
    /// Writes this process's id into the prefix, which must be there, and holds it.
    ///
    /// # Errors
    /// [`InstanceFault::Running`] when another process does already; [`InstanceFault::File`].
    pub async fn hold(prefix: &Path) -> Result<Self, InstanceFault> {
        let path = path(prefix);
        let fault = |cause| InstanceFault::File { path: path.clone(), cause };
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
        }
        for _ in 0..TRIES {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o644)
                .open(&path)
                .map_err(fault)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => {
                    attempt::forget(&path);
                    let held = Self { path: path.clone(), file, left: false };
                    held.write().map_err(fault)?;
                    return Ok(held);
                }
                // Removed by the one before between opening and locking: there is a new one to be made.
                Ok(()) => {}
                // The holder, or somebody who looks who is there.
                Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
                Err(TryLockError::Error(cause)) => return Err(fault(cause)),
            }
        }
        match find(prefix)? {
            Found::Process(pid) => Err(InstanceFault::Running { pid }),
            Found::Nobody | Found::Stale => Err(fault(ErrorKind::ResourceBusy.into())),
        }
    }

    /// Takes the pid file that the process before holds, with its lock, which never opens in between. Its number stays in it
    /// until [`PidFile::take`]. `None` when it is not the one of this prefix.
    #[must_use]
    pub fn adopt(prefix: &Path, file: File) -> Option<Self> {
        let path = path(prefix);
        // Until the change it is the other one's to remove.
        is_at(&file, &path).then_some(Self { path, file, left: true })
    }

    /// The file, for a process that takes this one's place.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Leaves the file to the process that took this one's place.
    pub fn leave(&mut self) {
        self.left = true;
    }

    /// Writes this process's id; from now on the file goes with this process.
    ///
    /// # Errors
    /// [`InstanceFault::File`]
    pub fn take(&mut self) -> Result<(), InstanceFault> {
        self.left = false;
        attempt::forget(&self.path);
        self.write().map_err(|cause| InstanceFault::File { path: self.path.clone(), cause })
    }

    /// Over what is there, so that who looks finds one number or the other.
    fn write(&self) -> io::Result<()> {
        let text = format!("{}\n", std::process::id());
        self.file.write_all_at(text.as_bytes(), 0)?;
        self.file.set_len(text.len() as u64)
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Before the lock goes, so that nobody else's file can stand there yet.
        if !self.left && is_at(&self.file, &self.path) {
            attempt::forget(&self.path);
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Looks who runs in a prefix.
///
/// # Errors
/// [`InstanceFault::File`] when that cannot be told.
pub fn find(prefix: &Path) -> Result<Found, InstanceFault> {
    let path = path(prefix);
    let fault = |cause| InstanceFault::File { path: path.clone(), cause };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nobody),
        Err(error) => return Err(fault(error)),
    };
    match file.try_lock_shared() {
        Ok(()) if is_at(&file, &path) => Ok(Found::Stale),
        Ok(()) => Ok(Found::Nobody),
        Err(TryLockError::WouldBlock) => pid(file).map(Found::Process).map_err(fault),
        Err(TryLockError::Error(cause)) => Err(fault(cause)),
    }
}

/// Where the pid file of a prefix stands.
pub(super) fn path(prefix: &Path) -> PathBuf {
    prefix.join("pids").join("keybound.pid")
}

fn pid(file: File) -> io::Result<u32> {
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text)?;
    // Without the end of the line the holder has not finished writing.
    text.strip_suffix('\n')
        .and_then(|digits| digits.parse().ok())
        .filter(|pid| *pid > 0)
        .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "is locked, and holds no process id"))
}

/// Whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_file_names_the_process_while_it_is_held_and_is_gone_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(find(folder.path()).unwrap(), Found::Nobody);
        let held = PidFile::hold(folder.path()).await.unwrap();
        assert_eq!(find(folder.path()).unwrap(), Found::Process(std::process::id()));
        let second = PidFile::hold(folder.path()).await.unwrap_err();
        assert!(matches!(second, InstanceFault::Running { pid } if pid == std::process::id()));
        drop(held);
        assert!(!path(folder.path()).exists());
        assert_eq!(find(folder.path()).unwrap(), Found::Nobody);
    }

    #[tokio::test]
    async fn a_file_that_is_handed_over_stays_locked_and_goes_with_who_took_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut old = PidFile::hold(folder.path()).await.unwrap();
        let given = || old.file().try_clone().unwrap();
        assert!(PidFile::adopt(tempfile::tempdir().unwrap().path(), given()).is_none(), "another prefix");
        drop(PidFile::adopt(folder.path(), given()).unwrap());
        assert_eq!(find(folder.path()).unwrap(), Found::Process(std::process::id()), "the old one goes on");
        let mut new = PidFile::adopt(folder.path(), given()).unwrap();
        old.file().write_all_at(b"1234567890\n", 0).unwrap();
        old.leave();
        drop(old);
        assert_eq!(find(folder.path()).unwrap(), Found::Process(1_234_567_890));
        new.take().unwrap();
        assert_eq!(find(folder.path()).unwrap(), Found::Process(std::process::id()));
        drop(new);
        assert_eq!(find(folder.path()).unwrap(), Found::Nobody);
    }

    #[tokio::test]
    async fn a_file_that_nobody_holds_is_stale_even_when_its_process_lives_and_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "1\n").unwrap();
        assert_eq!(find(folder.path()).unwrap(), Found::Stale);
        let _held = PidFile::hold(folder.path()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
    }

    #[test]
    fn a_held_file_without_a_process_id_is_a_fault_and_no_number() {
        for text in ["", "12", "0\n", "-1\n", "one\n", "99999999999999999999999999999999999999\n"] {
            let folder = tempfile::tempdir().unwrap();
            let path = path(folder.path());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            let holder = File::open(&path).unwrap();
            holder.lock().unwrap();
            let fault = find(folder.path()).unwrap_err().to_string();
            assert!(fault.ends_with("keybound.pid: is locked, and holds no process id"), "{text:?}: {fault}");
        }
    }
}
