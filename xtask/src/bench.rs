//! `cargo xtask bench`.

use crate::fault::Fault;

pub(crate) fn run(_arguments: &[String]) -> Result<bool, Fault> {
    Err(Fault::new("not yet"))
}
