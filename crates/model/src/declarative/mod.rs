//! Declarative files: a whole configuration in one YAML or JSON text.
//!
//! The order: syntax, then the keys at the top, then every entity for itself, then ids, references, uniqueness and the
//! rules between entities. A file is taken whole or not at all.
//!
//! Entities may be nested in their parents to any depth (`services[].routes[].plugins[]`) or stand at the top with a
//! reference by id or name. An entity without an id gets the one that follows from its name, as in Kong: [`ids`](crate::ids).

mod coerce;
mod collect;
mod fault;
mod legacy;
mod load;
mod node;
mod resolve;

use std::collections::BTreeMap;

pub use fault::{DeclarativeFault, Problem};
pub use load::parse;

use crate::{Configuration, Record};

/// The versions of the format that are understood.
pub const FORMAT_VERSIONS: [&str; 3] = ["1.1", "2.1", "3.0"];

/// A declarative file that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// The complete records, by the plural name of their entity, in the order of the file.
    pub records: BTreeMap<&'static str, Vec<Record>>,
    /// The same for the data plane.
    pub configuration: Configuration,
    /// The MD5 of the text, 32 hexadecimal digits: Kong's `configuration_hash`.
    pub hash: String,
}

/// The MD5 of a text as Kong shows it: 32 lower-case hexadecimal digits.
#[must_use]
pub fn hash(text: &str) -> String {
    use md5::{Digest, Md5};

    crate::hex::lower(&Md5::digest(text.as_bytes()))
}
