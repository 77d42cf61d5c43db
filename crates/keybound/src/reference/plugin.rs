use std::fmt::Write as _;

use keybound_model::schema::{Check, Kind, Schema, Type};
use keybound_plugins::descriptions;
use serde_json::Value;

/// The fields of a plugin; `None` when there is no such plugin.
pub(super) fn page(name: &str) -> Option<String> {
    let plugin = descriptions().into_iter().find(|plugin| plugin.name == name)?;
    let mut page = format!(
        "<!-- Written by `keybound reference plugin {name}`; do not edit by hand. -->\n\n# `{name}`\n\n\
         Priority {}. Runs for {}.\n",
        plugin.priority,
        plugin.protocols.join(", ")
    );
    write(&mut page, "##", "field of `config`", &plugin.config);
    Some(page)
}

/// The fields of every entity, and of every plugin without a page of its own.
pub(super) fn all() -> String {
    let mut page = String::from(
        "<!-- Written by `keybound reference fields`; do not edit by hand. -->\n\n# Fields\n\nEvery entity, then every plugin but \
         [`openid-connect`](openid-connect.md). What is particular of them stands in [entities.md](entities.md) and \
         [plugins/](plugins/).\n",
    );
    for entity in keybound_model::entity::all() {
        let _ = writeln!(page, "\n## `{}`", entity.name);
        write(&mut page, "###", "field", &entity.schema);
    }
    for plugin in descriptions().iter().filter(|plugin| plugin.name != "openid-connect") {
        let _ = writeln!(page, "\n## Plugin `{}`\n\nPriority {}.", plugin.name, plugin.priority);
        write(&mut page, "###", "field of `config`", &plugin.config);
    }
    page
}

fn write(page: &mut String, heading: &str, field: &str, schema: &Schema) {
    let (acted_on, refused): (Vec<_>, Vec<_>) =
        rows(schema, "").into_iter().partition(|(_, ty)| !ty.unsupported);
    let _ = writeln!(page, "\n{heading} Fields\n\n| {field} | type | default | meaning |\n|---|---|---|---|");
    for (path, ty) in acted_on {
        let _ = writeln!(page, "| `{path}` | {} | {} | {} |", shape(ty), default(ty), meaning(ty));
    }
    if !schema.shorthands.is_empty() {
        let _ = writeln!(
            page,
            "\n{heading} Older names and short forms\n\nAccepted on input, and stored under the new name; answers have both where only the name changed.\n"
        );
        for shorthand in &schema.shorthands {
            let new = shorthand.replaced_with().map(|path| format!(" → `{path}`")).unwrap_or_default();
            let _ = writeln!(page, "- `{}`{new}", shorthand.name);
        }
    }
    if !refused.is_empty() {
        let _ = writeln!(
            page,
            "\n{heading} Known to Kong, not acted on yet\n\nAny value but the default is refused by name.\n\n| field | type | default |\n|---|---|---|"
        );
        for (path, ty) in refused {
            let _ = writeln!(page, "| `{path}` | {} | {} |", shape(ty), default(ty));
        }
    }
}

/// Every field by its dotted path; a record's own fields stand in its place.
fn rows<'a>(schema: &'a Schema, before: &str) -> Vec<(String, &'a Type)> {
    let mut rows = Vec::new();
    for field in &schema.fields {
        let path = format!("{before}{}", field.name);
        match &field.ty.kind {
            Kind::Record(inner) if !field.ty.unsupported => {
                rows.extend(self::rows(inner, &format!("{path}.")))
            }
            _ => rows.push((path, &field.ty)),
        }
    }
    rows
}

fn shape(ty: &Type) -> String {
    let base = match &ty.kind {
        Kind::Array(element) | Kind::Set(element) => format!("{} of {}", ty.name(), shape(element)),
        Kind::Map(_, values) => format!("map to {}", shape(values)),
        _ => ty.name().to_owned(),
    };
    let checks = ty.checks.iter().filter_map(|check| match check {
        Check::OneOf(values) => Some(values.iter().map(code).collect::<Vec<_>>().join(" · ")),
        Check::Between(low, high) => Some(format!("{low} to {high}")),
        Check::Gt(low) => Some(format!("above {low}")),
        _ => None,
    });
    let checks: Vec<String> = checks.collect();
    if checks.is_empty() { base } else { format!("{base}: {}", checks.join(", ")) }
}

fn default(ty: &Type) -> String {
    match &ty.default {
        Some(value) => code(value),
        None if ty.required => "required".to_owned(),
        None => "none".to_owned(),
    }
}

fn code(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("`{}`", text.replace('|', "\\|"))
}

fn meaning(ty: &Type) -> String {
    let mut text = ty.doc.replace('|', "\\|");
    if ty.referenceable {
        text.push_str(" May be a vault reference.");
    }
    if !ty.unsupported_values.is_empty() {
        let values: Vec<String> = ty.unsupported_values.iter().map(|value| format!("`{value}`")).collect();
        let _ = write!(text, " Not acted on yet, and refused: {}.", values.join(", "));
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plugin_has_a_page_with_all_its_fields() {
        for plugin in descriptions() {
            let page = page(plugin.name).unwrap();
            for (path, _) in rows(&plugin.config, "") {
                assert!(page.contains(&format!("| `{path}` |")), "{}: {path}", plugin.name);
            }
        }
        assert_eq!(page("nobody"), None);
        let all = all();
        for entity in keybound_model::entity::all() {
            assert!(all.contains(&format!("\n## `{}`\n", entity.name)));
        }
    }
}
