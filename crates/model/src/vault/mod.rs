//! References to secrets: `{vault://env/NAME}`, `{vault://env/NAME/member}`, `{vault://<prefix>/name}`.
//!
//! A field that may hold one is *referenceable*. The store keeps the reference; whoever uses the record resolves it
//! first, with [`resolve`], against the environment that it is handed.

mod env;
mod reference;
mod resolve;

pub use reference::{Reference, ReferenceFault, is_reference};
pub use resolve::{Cause, ResolveFault, resolve, resolve_text};

/// Reads a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;
