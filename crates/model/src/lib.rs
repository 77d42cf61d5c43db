//! Kong's entities: schemas, defaults, validation texts, declarative files.
//!
//! Everything here is a function of its arguments: no I/O, no clock, no randomness. A record comes in as JSON, and goes
//! out complete (every field present, defaults filled) or as [`Errors`] with the texts that Kong's clients know.
//!
//! ```
//! use keybound_model::catalog::NoPlugins;
//! use keybound_model::entity::SERVICES;
//! use keybound_model::{Fresh, Service, ids};
//! use serde_json::json;
//!
//! let fresh = Fresh::new(ids::deterministic("services", "api"), 1_700_000_000);
//! let body = json!({"name": "api", "url": "https://example.com/anything"});
//! let record = SERVICES.validate_insert(body.as_object().unwrap().clone(), fresh, &NoPlugins).unwrap();
//! assert_eq!(record["port"], json!(443));
//! assert_eq!(Service::try_from(&record).unwrap().path.as_deref(), Some("/anything"));
//!
//! let errors = SERVICES.validate_insert(Default::default(), fresh, &NoPlugins).unwrap_err();
//! assert_eq!(errors.message(), "schema violation (host: required field missing)");
//! ```
//!
//! | module | what it has |
//! |---|---|
//! | [`entity`] | services, routes, consumers, …: descriptors, validation, typed views |
//! | [`declarative`] | whole configurations in one file |
//! | [`form`] | request bodies, decoded by schema |
//! | [`ids`] | ids that follow from names |
//! | [`tags`] | the filter of lists |
//! | [`checks`] | checks of single values that entities share |
//! | [`catalog`] | the plugins that exist, as a trait that the plugins implement |
//! | [`schema`] | the language in which entities and plugin configurations are described, and the engine behind it |
//! | [`errors`] | what is wrong with a record, as Kong's `message` and `fields` |
//! | [`vault`] | references to secrets |
//! | [`x509`] | certificates and keys, as far as entities are checked |
//! | [`lua`] | tables as Kong prints them inside its messages |

pub mod catalog;
pub mod checks;
pub mod declarative;
pub mod entity;
pub mod errors;
pub mod form;
mod hex;
pub mod ids;
pub mod lua;
pub mod schema;
pub mod tags;
pub mod vault;
pub mod x509;

pub use catalog::{PluginCatalog, PluginDescription};
pub use entity::{Configuration, Descriptor, Fresh, PluginInstance, Route, Service};
pub use errors::{Errors, Violation};

/// A JSON object: an entity, or a part of one.
pub type Record = serde_json::Map<String, serde_json::Value>;
