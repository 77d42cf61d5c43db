use http::{HeaderMap, HeaderName, HeaderValue};

use crate::typed::settable;

type Pairs = Vec<(HeaderName, HeaderValue)>;

/// What is done to the fields, in this order.
pub(super) struct Headers {
    /// A field, or only its lines of one value.
    remove: Vec<(HeaderName, Option<HeaderValue>)>,
    rename: Vec<(HeaderName, HeaderName)>,
    replace: Pairs,
    add: Pairs,
    append: Pairs,
}

impl Headers {
    /// Reads `remove`, `rename`, `replace`, `add` and `append`.
    pub(super) fn new([remove, rename, replace, add, append]: [&[String]; 5]) -> Result<Self, String> {
        let renamed = |text: &String| {
            let (old, new) = pair(text)?;
            Ok((settable("rename.headers", old)?, settable("rename.headers", new)?))
        };
        Ok(Self {
            remove: remove.iter().map(|text| removed(text)).collect::<Result<_, _>>()?,
            rename: rename.iter().map(renamed).collect::<Result<_, String>>()?,
            replace: pairs("replace.headers", replace)?,
            add: pairs("add.headers", add)?,
            append: pairs("append.headers", append)?,
        })
    }

    pub(super) fn edit(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.remove {
            match value {
                None => {
                    headers.remove(name);
                }
                Some(value) => keep(headers, name, |line| line != value),
            }
        }
        for (old, new) in &self.rename {
            let values: Vec<HeaderValue> = headers.get_all(old).iter().cloned().collect();
            if !values.is_empty() {
                headers.remove(old);
                headers.remove(new);
                for value in values {
                    headers.append(new.clone(), value);
                }
            }
        }
        for (name, value) in &self.replace {
            if headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        for (name, value) in &self.add {
            if !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
        for (name, value) in &self.append {
            headers.append(name.clone(), value.clone());
        }
    }
}

fn keep(headers: &mut HeaderMap, name: &HeaderName, keeps: impl Fn(&HeaderValue) -> bool) {
    let kept: Vec<HeaderValue> = headers.get_all(name).iter().filter(|line| keeps(line)).cloned().collect();
    headers.remove(name);
    for line in kept {
        headers.append(name.clone(), line);
    }
}

/// A name and its value.
pub(super) fn pair(text: &str) -> Result<(&str, &str), String> {
    match text.split_once(':') {
        Some((name, value)) if !value.is_empty() => Ok((name, value)),
        _ => Err(format!("key '{}' has no value", text.trim_end_matches(':'))),
    }
}

/// A name, or one with a value.
pub(super) fn removed(text: &str) -> Result<(HeaderName, Option<HeaderValue>), String> {
    let (name, value) = text.split_once(':').map_or((text, None), |(name, value)| (name, Some(value)));
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    if value.is_some_and(|value| value.len() > 1 && value.starts_with('/') && value.ends_with('/')) {
        return Err("a pattern in 'remove.headers' is not supported by Keybound yet".to_owned());
    }
    let value =
        value.map(HeaderValue::from_str).transpose().map_err(|_| "remove.headers: bad header value")?;
    Ok((settable("remove.headers", name)?, value))
}

pub(super) fn pairs(field: &str, texts: &[String]) -> Result<Pairs, String> {
    let one = |text: &String| {
        let (name, value) = pair(text)?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| format!("{field}: bad header value"))?;
        Ok((settable(field, name)?, value))
    };
    texts.iter().map(one).collect()
}
