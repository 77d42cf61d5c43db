use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::headers::pair;
use crate::secret;

/// What one of the records of the configuration gives for bodies.
#[derive(Deserialize)]
pub(super) struct MembersGiven {
    json: Vec<String>,
    #[serde(default)]
    json_types: Vec<String>,
}

/// What is done to the members of a JSON object, in this order.
pub(super) struct Members {
    remove: Vec<String>,
    rename: Vec<(String, String)>,
    replace: Vec<(String, Value)>,
    add: Vec<(String, Value)>,
    append: Vec<(String, Value)>,
}

impl Members {
    pub(super) fn new(
        remove: MembersGiven,
        rename: &MembersGiven,
        replace: &MembersGiven,
        add: &MembersGiven,
        append: &MembersGiven,
    ) -> Result<Self, String> {
        let renamed = |text: &String| pair(text).map(|(old, new)| (old.to_owned(), new.to_owned()));
        Ok(Self {
            remove: remove.json,
            rename: rename.json.iter().map(renamed).collect::<Result<_, _>>()?,
            replace: replace.values("replace")?,
            add: add.values("add")?,
            append: append.values("append")?,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.remove.is_empty()
            && self.rename.is_empty()
            && self.replace.is_empty()
            && self.add.is_empty()
            && self.append.is_empty()
    }

    /// The edited body; `None` when it is no JSON object, which passes as it is, as in Kong.
    pub(super) fn edit(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut members: Map<String, Value> = serde_json::from_slice(body).ok()?;
        for name in &self.remove {
            members.remove(name);
        }
        for (old, new) in &self.rename {
            if let Some(value) = members.remove(old) {
                members.insert(new.clone(), value);
            }
        }
        for (name, value) in &self.replace {
            if let Some(member) = members.get_mut(name) {
                member.clone_from(value);
            }
        }
        for (name, value) in &self.add {
            members.entry(name).or_insert_with(|| value.clone());
        }
        for (name, value) in &self.append {
            secret::add(&mut members, name, value.clone());
        }
        serde_json::to_vec(&members).ok()
    }
}

impl MembersGiven {
    /// Names and values, each of the type that stands at its place in `json_types`; text where none does.
    fn values(&self, rule: &str) -> Result<Vec<(String, Value)>, String> {
        let types = self.json_types.iter().map(|kind| Some(kind.as_str())).chain(std::iter::repeat(None));
        let one = |(text, kind): (&String, Option<&str>)| {
            let (name, value) = pair(text)?;
            let fits =
                |given: Option<Value>| given.ok_or_else(|| format!("{rule}.json: '{value}' is no number"));
            let value = match kind {
                Some("number") => fits(number(value))?,
                Some("boolean") => Value::Bool(value == "true"),
                _ => value.into(),
            };
            Ok((name.to_owned(), value))
        };
        self.json.iter().zip(types).map(one).collect()
    }
}

/// A number, whole where it is written so.
fn number(text: &str) -> Option<Value> {
    let whole = text.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64)).map(Value::Number)
}
