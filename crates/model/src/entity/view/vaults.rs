//! Where references to secrets point.

use serde::Deserialize;

use super::View;
use crate::Record;

/// A vault with settings of its own, under a prefix: `{vault://<prefix>/<name>}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Vault {
    /// The prefix in references.
    pub prefix: String,
    /// The backend: `env`.
    pub name: String,
    /// The backend's fields.
    pub config: Record,
}

impl View for Vault {
    const NAME: &'static str = "vault";
}
