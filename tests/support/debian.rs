//! Programs of Debian's packages, installed when they are not there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What `find` finds, after the package that brings it was installed if need be.
///
/// # Panics
/// When it is not there and cannot be installed.
pub fn installed<T>(package: &str, find: impl Fn() -> Option<T>) -> T {
    find().unwrap_or_else(|| {
        // Several suites may want it at once, and only one can install it.
        let lock = File::create(lab().join("apt.lock")).expect("a lock file");
        lock.lock().expect("the lock");
        find().unwrap_or_else(|| {
            install(package);
            find().unwrap_or_else(|| panic!("the package {package} does not bring what is needed"))
        })
    })
}

/// A program on PATH, or where Debian keeps servers; `None` when it is not there.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

fn install(package: &str) {
    let wanted = format!(
        "this needs Debian's package {package} (apt-get install {package}), which cannot be installed here"
    );
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", package]] {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        let done = apt.output().unwrap_or_else(|error| panic!("{wanted}: apt-get: {error}"));
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        assert!(done.status.success(), "{wanted}: {said}");
    }
}

/// `target/lab`, wherever the target folder of this build is.
pub(crate) fn lab() -> PathBuf {
    let own = std::env::current_exe().expect("the test's path");
    let profile = own.ancestors().find(|folder| folder.ends_with("debug") || folder.ends_with("release"));
    let lab = profile.and_then(Path::parent).expect("the target folder").join("lab");
    fs::create_dir_all(&lab).expect("a folder");
    lab
}
