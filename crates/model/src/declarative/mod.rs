//! Declarative files: a whole configuration in one YAML or JSON text.
//!
//! The order: syntax, then the keys at the top, then every entity for itself, then ids, references, uniqueness and the
//! rules between entities. A file is taken whole or not at all.
//!
//! [`export`] goes the other way: the text of a configuration, which gives the same records when it is read.
//!
//! Entities may be nested in their parents to any depth (`services[].routes[].plugins[]`) or stand at the top with a
//! reference by id or name. An entity without an id gets the one that follows from its name, as in Kong: [`ids`](crate::ids).

mod coerce;
mod collect;
mod export;
mod fault;
mod legacy;
mod load;
mod node;
mod resolve;

use std::collections::BTreeMap;

pub use export::export;
pub use fault::{DeclarativeFault, Problem};
pub use load::{parse, parse_with};

use crate::entity::{RouterFlavor, Seed};
use crate::{Configuration, Record};

/// The versions of the format that are understood.
pub const FORMAT_VERSIONS: [&str; 3] = ["1.1", "2.1", "3.0"];

/// What a file is read with.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The time of creation of its entities, in seconds since 1970.
    pub now: i64,
    /// What the keys and secrets are made of that credentials do not bring; without it each must bring its own.
    pub seed: Option<Seed>,
    /// In which form its routes say what they match.
    pub flavor: RouterFlavor,
}

impl Reading {
    /// At this time, with routes of the flavour `traditional`, and without a seed.
    #[must_use]
    pub fn at(now: i64) -> Self {
        Self { now, seed: None, flavor: RouterFlavor::Traditional }
    }
}

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
