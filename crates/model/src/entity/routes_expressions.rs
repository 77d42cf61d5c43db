use std::sync::LazyLock;

use super::{Descriptor, ROUTES};
use crate::schema::{EntityCheck, Field, Schema, integer, string};

/// Which requests go to a service, in the router flavour `expressions`: by a condition in place of single fields.
pub static ROUTES_EXPRESSIONS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("routes", "route", schema())
        .endpoint_key("name")
        .prepare(super::routes_protocols::prepare)
});

/// The fields that a condition stands for.
const MATCH_FIELDS: [&str; 9] = [
    "methods",
    "hosts",
    "paths",
    "headers",
    "snis",
    "sources",
    "destinations",
    "regex_priority",
    "path_handling",
];

/// The highest priority.
const HIGHEST: i64 = (1 << 46) - 1;

fn schema() -> Schema {
    let mut fields: Vec<Field> =
        ROUTES.schema.fields.iter().filter(|field| !MATCH_FIELDS.contains(&field.name)).cloned().collect();
    let expression = string().required().doc("The condition that requests must fulfil.");
    let priority = integer().required().between(0, HIGHEST).default(0);
    fields.push(Field { name: "expression", ty: expression });
    fields.push(Field {
        name: "priority",
        ty: priority.doc("Which of several matching expressions wins: the higher."),
    });
    Schema { fields, shorthands: Vec::new(), checks: Vec::new() }.check(EntityCheck::Custom {
        name: "protocol_fields",
        fields: &["protocols", "strip_path"],
        check: super::routes_protocols::check,
    })
}
