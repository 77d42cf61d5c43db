use http::HeaderValue;
use serde_json::{Map, Value};

use super::rules::Filled;
use super::{multipart, query};

/// The forms of body that are edited.
pub(super) enum Form {
    Json,
    Encoded,
    /// With its boundary.
    Multipart(String),
}

impl Form {
    /// The form that a content type tells; bodies of others pass as they are.
    pub(super) fn of(content_type: Option<&HeaderValue>) -> Option<Self> {
        let text = content_type?.to_str().ok()?;
        let media = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/json" => Some(Self::Json),
            "application/x-www-form-urlencoded" => Some(Self::Encoded),
            "multipart/form-data" => multipart::boundary(text).map(Self::Multipart),
            _ => None,
        }
    }

    /// The edited body; `None` leaves it as it is, where it is not what its type says.
    pub(super) fn edit(&self, rules: &Filled<'_>, body: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Json => json(rules, body),
            Self::Encoded => {
                let text = std::str::from_utf8(body).ok()?;
                Some(query::edit(rules, text).unwrap_or_default().into_bytes())
            }
            Self::Multipart(boundary) => multipart::edit(rules, boundary, body),
        }
    }
}

/// Edits the members of an object. An empty body counts as an empty object, as in Kong.
fn json(rules: &Filled<'_>, body: &[u8]) -> Option<Vec<u8>> {
    let mut members: Map<String, Value> =
        if body.is_empty() { Map::new() } else { serde_json::from_slice(body).ok()? };
    for name in rules.remove {
        members.remove(name);
    }
    for (old, new) in rules.rename {
        if let Some(value) = members.remove(old) {
            members.insert(new.clone(), value);
        }
    }
    for (name, value) in &rules.replace {
        if let Some(member) = members.get_mut(*name) {
            *member = value.as_str().into();
        }
    }
    for (name, value) in &rules.add {
        members.entry(*name).or_insert_with(|| value.as_str().into());
    }
    for (name, value) in &rules.append {
        crate::secret::add(&mut members, name, value.as_str().into());
    }
    serde_json::to_vec(&members).ok()
}
