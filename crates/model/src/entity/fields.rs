//! Fields that every entity has, and types that several share.

use crate::checks;
use crate::schema::{Auto, OnDelete, Type, foreign, integer, set, string};

/// Every protocol that Kong knows, in the order of its texts.
pub(crate) const PROTOCOLS: [&str; 8] =
    ["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"];

pub(super) fn id() -> Type {
    string().uuid().auto(Auto::Id).doc("The id; made when absent.")
}

pub(super) fn created_at() -> Type {
    integer().auto(Auto::CreatedAt).doc("The time of creation, in seconds since 1970.")
}

pub(super) fn updated_at() -> Type {
    integer().auto(Auto::UpdatedAt).doc("The time of the last write, in seconds since 1970.")
}

pub(super) fn name() -> Type {
    string().check("name", checks::name).unique()
}

pub(super) fn tags() -> Type {
    set(string().check("tag", checks::tag)).doc("Labels, to filter lists by.")
}

pub(super) fn milliseconds() -> Type {
    integer().between(1, 2_147_483_646).default(60_000)
}

/// The consumer whose credential something is; it goes with its consumer.
pub(super) fn owner() -> Type {
    foreign("consumers").required().on_delete(OnDelete::Cascade).doc("Whose it is.")
}
