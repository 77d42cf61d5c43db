//! A byte for the entity, and any bytes as a body for it: a form, or JSON.

use keybound_model::catalog::NoPlugins;
use keybound_model::tags::TagFilter;
use keybound_model::{Fresh, entity, form, ids, vault};
use serde_json::Value;

/// What is taken is complete, is taken again as it is, and comes out the same; what is refused says where.
pub fn run(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let all = entity::all();
    let descriptor = all[usize::from(*choice) % all.len()];
    let fresh = Fresh::new(ids::deterministic("services", "fuzz"), 1_800_000_000).seeded([7; 32]);
    let decoded = form::decode(body, &descriptor.schema);
    if let Ok(record) = &decoded {
        assert!(depth(&Value::Object(record.clone())) <= 34, "nobody decides how deep we recurse");
    }
    for record in [decoded, form::json_object(body)].into_iter().flatten() {
        match descriptor.validate_insert(record, fresh, &NoPlugins) {
            Ok(taken) => {
                for field in &descriptor.schema.fields {
                    assert!(taken.contains_key(field.name), "{} has every field", descriptor.name);
                }
            }
            Err(errors) => assert!(!errors.message().is_empty()),
        }
    }
    let Ok(text) = std::str::from_utf8(body) else { return };
    if let Ok(filter) = TagFilter::parse(text) {
        let _ = filter.matches(&keybound_model::Record::new());
    }
    if vault::is_reference(text) {
        assert_eq!(vault::Reference::parse(text), vault::Reference::parse(text), "the same twice");
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 1,
    }
}
