//! decK: the one that `DECK` names, or Debian's.

use std::path::PathBuf;

use super::debian;

pub(crate) fn install() -> PathBuf {
    let named = std::env::var_os("DECK").map(PathBuf::from);
    named.unwrap_or_else(|| debian::installed("deck", || debian::program("deck")))
}
