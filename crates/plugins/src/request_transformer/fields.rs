use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::rules::{Filled, Rules};
use super::template::Unfilled;
use crate::contract::Notes;
use crate::typed::settable;

/// Refuses rules for fields that frame the message.
pub(super) fn check(rules: &Rules) -> Result<(), String> {
    let templates = [("replace", &rules.replace), ("add", &rules.add), ("append", &rules.append)];
    for (rule, templates) in templates {
        for (name, _) in templates {
            settable(&format!("{rule}.headers"), name)?;
        }
    }
    for (old, new) in &rules.rename {
        settable("rename.headers", old)?;
        settable("rename.headers", new)?;
    }
    for name in &rules.remove {
        settable("remove.headers", name)?;
    }
    Ok(())
}

/// Edits the request's fields. `Host` is only replaced: what the upstream is told.
pub(super) fn edit(rules: &Filled<'_>, headers: &mut HeaderMap, notes: &mut Notes) -> Result<(), Unfilled> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(|_| Unfilled);
    let field = |name: &str| HeaderName::from_bytes(name.as_bytes()).map_err(|_| Unfilled);
    for name in rules.remove {
        let name = field(name)?;
        if name != HOST {
            headers.remove(name);
        }
    }
    for (old, new) in rules.rename {
        let (old, new) = (field(old)?, field(new)?);
        if old == HOST || new == HOST {
            continue;
        }
        let values: Vec<HeaderValue> = headers.get_all(&old).iter().cloned().collect();
        if !values.is_empty() {
            headers.remove(&old);
            headers.remove(&new);
            for value in values {
                headers.append(new.clone(), value);
            }
        }
    }
    for (name, text) in &rules.replace {
        let name = field(name)?;
        if name == HOST {
            notes.upstream_host = Some(value(text)?);
        } else if headers.contains_key(&name) {
            headers.insert(name, value(text)?);
        }
    }

    for (name, text) in &rules.add {
        let name = field(name)?;
        if name != HOST && !headers.contains_key(&name) {
            headers.insert(name, value(text)?);
        }
    }
    for (name, text) in &rules.append {
        let name = field(name)?;
        if name != HOST {
            headers.append(name, value(text)?);
        }
    }
    Ok(())
}
