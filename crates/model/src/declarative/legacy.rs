use serde_json::Value;

use crate::Record;

/// Marks the paths of a route that are regular expressions. Formats before 3.0 have no mark: every path with a character
/// beyond those of plain paths is one.
pub(super) fn mark_regex_paths(route: &mut Record) {
    let Some(Value::Array(paths)) = route.get_mut("paths") else { return };
    for path in paths {
        if let Value::String(text) = path
            && !text.starts_with('~')
            && !text.bytes().all(is_plain)
        {
            text.insert(0, '~');
        }
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_~/%".contains(&byte)
}
