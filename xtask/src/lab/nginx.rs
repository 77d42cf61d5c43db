//! nginx, from Debian.

use std::path::PathBuf;

use super::debian;

pub(crate) fn install() -> PathBuf {
    debian::installed("nginx", || debian::program("nginx"))
}
