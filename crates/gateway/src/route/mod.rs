//! Which route a request takes: Kong's `traditional_compatible` rules, compiled.

pub(crate) mod index;
pub(crate) mod literal;
pub(crate) mod prefix_tree;
pub(crate) mod priority;
pub(crate) mod rule;

pub(crate) use index::Index;
pub(crate) use rule::Asked;
