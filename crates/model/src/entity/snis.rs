use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use crate::checks;
use crate::schema::{OnDelete, Schema, foreign, string};

/// A server name for which a certificate is shown.
pub static SNIS: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("snis", "sni", schema()).endpoint_key("name"));

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        (
            "name",
            string()
                .required()
                .unique()
                .check("sni", checks::sni)
                .doc("The name: exact, `*.x`, `x.*`, or `*` for all others."),
        ),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("tags", tags()),
        (
            "certificate",
            foreign("certificates").required().on_delete(OnDelete::Cascade).doc("The certificate."),
        ),
    ])
}
