//! Which route a request takes: Kong's rules of the flavours `traditional_compatible` and `expressions`, compiled.

pub(crate) mod bucket;
pub(crate) mod expression;
pub(crate) mod index;
pub(crate) mod literal;
mod not_in;
pub(crate) mod prefix_tree;
pub(crate) mod priority;
pub(crate) mod rule;

pub(crate) use index::{Found, Index};
pub(crate) use rule::Asked;
