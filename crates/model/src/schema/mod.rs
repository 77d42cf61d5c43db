//! The language in which entities and plugin configurations are described, and the engine that applies it.
//!
//! One description drives validation with Kong's texts, defaults, decoding of forms, merging of patches, the answers of
//! `/schemas/*` and the reference documentation.
//!
//! ```
//! use keybound_model::schema::{Schema, array, boolean, number, record, set, string};
//! use serde_json::json;
//!
//! let schema = Schema::new([
//!     ("issuer", string().required().referenceable().doc("The provider.")),
//!     ("auth_methods", set(string().one_of(["bearer", "introspection", "session"])).default(["bearer", "introspection"])),
//!     ("timeout", number().default(10000)),
//!     ("domains", array(string()).not_yet_supported()),
//!     ("cache", record([("enabled", boolean().default(true))]).required()),
//! ]);
//!
//! let config = schema.process(json!({"issuer": "https://idp"}).as_object().unwrap().clone()).unwrap();
//! assert_eq!(config["timeout"], json!(10000));
//! assert_eq!(config["cache"], json!({"enabled": true}));
//! assert_eq!(config["domains"], json!(null));
//!
//! let errors = schema.process(json!({"domains": ["a"], "x": 1}).as_object().unwrap().clone()).unwrap_err();
//! assert_eq!(
//!     errors.message(),
//!     "3 schema violations (domains: 'domains' is not supported by Keybound yet; \
//!      issuer: required field missing; x: unknown field)"
//! );
//! ```
//!
//! The order for one record: shorthand fields are expanded; absent and null fields take their default (a required record
//! the defaults of its own fields); every field is checked for its type, then by its [`Check`]s in the order in which
//! they were described; unknown fields are reported; then come the [`EntityCheck`]s, each only when none of the fields
//! that it looks at failed before.

mod build;
mod check;
mod engine;
mod entity_check;
mod merge;
mod path;
mod render;
mod shorthand;
mod types;

pub use build::{any, array, boolean, foreign, integer, map, number, record, record_of, set, string};
pub(crate) use check::is_uuid;
pub use check::{Check, CheckFn, PatternFn};
pub(crate) use engine::REQUIRED;
pub use entity_check::{AtLeastOne, EntityCheck, EntityCheckFn};
pub use shorthand::{Expand, ExpandFn, Shorthand};
pub use types::{Auto, Field, Foreign, Kind, OnDelete, Schema, Type};
