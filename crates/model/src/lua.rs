//! Tables as Kong prints them inside its messages: `{id="…"}`, and the many-line form for nested errors.

use serde_json::Value;

/// One line without spaces, members by name: `{consumer={id="…"},name="x",route=null}`.
#[must_use]
pub fn inline(value: &Value) -> String {
    let mut text = String::new();
    write(value, None, &mut text);
    text
}

/// One member or element a line, two spaces a level. Elements that are `null` are left out, and the next one then
/// carries its index.
#[must_use]
pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(value, Some(0), &mut text);
    text
}

fn write(value: &Value, depth: Option<usize>, text: &mut String) {
    let parts = match value {
        Value::Null => return text.push_str("null"),
        Value::Bool(value) => return text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => return text.push_str(&number.to_string()),
        Value::String(string) => return quote(string, text),
        Value::Array(items) => elements(items),
        Value::Object(members) => members.iter().map(|(name, value)| (Some(key(name)), value)).collect(),
    };
    if parts.is_empty() {
        return text.push_str("{}");
    }
    text.push('{');
    for (index, (key, value)) in parts.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        line(depth.map(|depth| depth + 1), text);
        if let Some(key) = key {
            text.push_str(key);
            text.push_str(if depth.is_some() { " = " } else { "=" });
        }
        write(value, depth.map(|depth| depth + 1), text);
    }
    line(depth, text);
    text.push('}');
}

fn elements(items: &[Value]) -> Vec<(Option<String>, &Value)> {
    let mut hole = false;
    let mut parts = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if item.is_null() {
            hole = true;
        } else {
            parts.push((hole.then(|| format!("[{}]", index + 1)), item));
        }
    }
    parts
}

fn line(depth: Option<usize>, text: &mut String) {
    if let Some(depth) = depth {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    }
}

fn key(name: &str) -> String {
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if word && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_owned();
    }
    let mut text = String::from("[");
    quote(name, &mut text);
    text.push(']');
    text
}

fn quote(string: &str, text: &mut String) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            c => text.push(c),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inline_has_no_spaces_and_sorts_members() {
        let key = json!({"service": null, "name": "x", "consumer": {"id": "1"}});
        assert_eq!(inline(&key), r#"{consumer={id="1"},name="x",service=null}"#);
    }

    #[test]
    fn pretty_indents_and_gives_an_index_after_a_hole() {
        assert_eq!(pretty(&json!({"a-b": [null, "x"]})), "{\n  [\"a-b\"] = {\n    [2] = \"x\"\n  }\n}");
        assert_eq!(pretty(&json!(["x", "y"])), "{\n  \"x\",\n  \"y\"\n}");
    }
}
