//! The text that is signed: one line for each name.

use http::Version;

use crate::contract::Head;

/// The lines of these names: fields with their values, `@request-target` and `request-line`. `None` when a field is there
/// twice: one of the two would not be signed.
pub(super) fn signed(head: &Head, names: &[String]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            text.push(b'\n');
        }
        let mut lines = head.headers.get_all(name.as_str()).iter();
        let value = lines.next();
        if lines.next().is_some() {
            return None;
        }
        match (value, name.as_str()) {
            (Some(value), _) => {
                text.extend_from_slice(name.as_bytes());
                text.extend_from_slice(b": ");
                text.extend_from_slice(value.as_bytes());
            }
            (None, "@request-target") => {
                let method = head.method.as_str().to_lowercase();
                text.extend_from_slice(format!("{name}: {method} {}", target(head)).as_bytes());
            }
            (None, "request-line") => {
                let line = format!("{} {} HTTP/{}", head.method, target(head), version(head.version));
                text.extend_from_slice(line.as_bytes());
            }
            (None, _) => {
                text.extend_from_slice(name.as_bytes());
                text.push(b':');
            }
        }
    }
    Some(text)
}

/// Path and query, the path in its normal form.
fn target(head: &Head) -> String {
    match &head.query {
        None => head.path.escaped.clone(),
        Some(query) => format!("{}?{query}", head.path.escaped),
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2.0",
        _ => "1.1",
    }
}
