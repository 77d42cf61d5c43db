//! decK: the one that `DECK` names, the one on PATH, or Debian's.

use std::path::PathBuf;
use std::process::Command;

use crate::fault::Fault;
use crate::run;

pub(crate) fn install() -> Result<PathBuf, Fault> {
    if let Some(named) = std::env::var_os("DECK") {
        return Ok(named.into());
    }
    if !run::on_path("deck") {
        let mut update = Command::new("apt-get");
        update.args(["update", "-qq"]);
        let mut install = Command::new("apt-get");
        install.args(["install", "-y", "-qq", "--no-install-recommends", "deck"]).env("DEBIAN_FRONTEND", "noninteractive");
        if !(run::succeeds(&mut update)? && run::succeeds(&mut install)?) {
            return Err(Fault::new("decK is not on PATH, and apt-get does not install it (package deck)"));
        }
    }
    Ok("deck".into())
}
