//! What became of the last upgrade that a process was asked for, in `<prefix>/pids/keybound.upgrade`: for the command that
//! asked. A signal carries no answer.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::pidfile;

/// More than any cause is long.
const LONGEST: u64 = 256 * 1024;

/// An upgrade that a process was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// The process that was to hand over.
    pid: u32,
    /// Which one of that process.
    number: u64,
    /// Why nobody took over; nothing as long as that is open.
    failed: Option<String>,
}

/// The upgrades that this process is asked for.
#[derive(Debug)]
pub struct Attempts {
    path: PathBuf,
    number: u64,
}

impl Attempt {
    /// The last one that this process was asked for.
    pub(super) fn last(prefix: &Path, pid: u32) -> Option<Self> {
        let mut text = String::new();
        File::open(beside(&pidfile::path(prefix))).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok().filter(|last: &Self| last.pid == pid)
    }

    pub(super) fn is_open(&self) -> bool {
        self.failed.is_none()
    }

    /// Why it failed, when it did and is not the one that was the last before.
    pub(super) fn failed_after(self, before: Option<&Self>) -> Option<String> {
        if before.is_some_and(|before| before.number == self.number) { None } else { self.failed }
    }
}

impl Attempts {
    /// Of the process that holds this prefix.
    #[must_use]
    pub fn of(prefix: &Path) -> Self {
        Self { path: beside(&pidfile::path(prefix)), number: 0 }
    }

    /// Notes that another one begins: what was noted before is no answer to who asks from now on.
    pub fn begin(&mut self) {
        self.number += 1;
        self.note(None);
    }

    /// Notes why it failed.
    pub fn failed(&self, cause: &str) {
        self.note(Some(cause.to_owned()));
    }

    fn note(&self, failed: Option<String>) {
        let attempt = Attempt { pid: std::process::id(), number: self.number, failed };
        if let Err(cause) = self.write(&attempt) {
            // No word at all is better than an old one: a command would take the attempt for open ever after.
            let _ = std::fs::remove_file(&self.path);
            let path = self.path.display();
            tracing::warn!(%path, %cause, "a command that waits for the upgrade cannot be told how it goes");
        }
    }

    /// As a whole or not at all. Only who may send the signal needs to read it.
    fn write(&self, attempt: &Attempt) -> io::Result<()> {
        let draft = self.path.with_extension("upgrade.new");
        let text = serde_json::to_vec(attempt)?;
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
        file.and_then(|mut file| file.write_all(&text)).and_then(|()| std::fs::rename(&draft, &self.path))
    }
}

/// Removes what was noted by whoever had this pid file before: the system may give its number again.
pub(super) fn forget(pid_file: &Path) {
    // Where there is nothing there is nothing to forget.
    let _ = std::fs::remove_file(beside(pid_file));
}

fn beside(pid_file: &Path) -> PathBuf {
    pid_file.with_extension("upgrade")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::PidFile;
    use super::*;

    #[tokio::test]
    async fn an_answer_is_of_this_process_and_of_an_upgrade_that_began_later() {
        let folder = tempfile::tempdir().unwrap();
        let held = PidFile::hold(folder.path()).await.unwrap();
        let last = || Attempt::last(folder.path(), std::process::id());
        assert_eq!(last(), None);
        let mut attempts = Attempts::of(folder.path());
        attempts.begin();
        let first = last().unwrap();
        assert!(first.is_open());
        assert_eq!(first.clone().failed_after(None), None, "it is open");
        attempts.failed("the first cause");
        let first = last().unwrap();
        assert!(!first.is_open());
        assert_eq!(first.clone().failed_after(None).as_deref(), Some("the first cause"));
        assert_eq!(first.clone().failed_after(Some(&first)), None, "it was there before");
        attempts.begin();
        assert_eq!(last().unwrap().failed_after(Some(&first)), None);
        attempts.failed("the second cause");
        assert_eq!(last().unwrap().failed_after(Some(&first)).as_deref(), Some("the second cause"));
        assert_eq!(Attempt::last(folder.path(), 1), None, "another process");
        let path = beside(&pidfile::path(folder.path()));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(held);
        assert!(!path.exists(), "it goes with the process");
    }

    #[tokio::test]
    async fn what_cannot_be_noted_leaves_no_older_word() {
        let folder = tempfile::tempdir().unwrap();
        let _held = PidFile::hold(folder.path()).await.unwrap();
        let mut attempts = Attempts::of(folder.path());
        attempts.begin();
        // Nothing can be written there.
        std::fs::create_dir(attempts.path.with_extension("upgrade.new")).unwrap();
        attempts.failed("the cause");
        assert_eq!(Attempt::last(folder.path(), std::process::id()), None);
    }

    #[tokio::test]
    async fn what_was_left_by_a_process_that_is_gone_is_forgotten_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        drop(PidFile::hold(folder.path()).await.unwrap());
        let mut before = Attempts::of(folder.path());
        before.begin();
        assert!(Attempt::last(folder.path(), std::process::id()).is_some());
        let mut held = PidFile::hold(folder.path()).await.unwrap();
        assert_eq!(Attempt::last(folder.path(), std::process::id()), None);
        before.begin();
        held.take().unwrap();
        assert_eq!(Attempt::last(folder.path(), std::process::id()), None, "the same where it takes over");
    }
}
