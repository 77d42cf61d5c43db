use serde::Deserialize;

use super::template::{Facts, Template, Unfilled};

/// What one of the five records of the configuration gives.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    pub(super) body: Vec<String>,
    pub(super) headers: Vec<String>,
    pub(super) querystring: Vec<String>,
    pub(super) uri: Option<String>,
}

/// What is done to one part of the request, in this order.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) remove: Vec<String>,
    pub(super) rename: Vec<(String, String)>,
    pub(super) replace: Vec<(String, Template)>,
    pub(super) add: Vec<(String, Template)>,
    pub(super) append: Vec<(String, Template)>,
}

/// The same with the values of one request. A value that came out empty is left out.
pub(super) struct Filled<'a> {
    pub(super) remove: &'a [String],
    pub(super) rename: &'a [(String, String)],
    pub(super) replace: Vec<(&'a str, String)>,
    pub(super) add: Vec<(&'a str, String)>,
    pub(super) append: Vec<(&'a str, String)>,
}

impl<'a> Filled<'a> {
    /// Rules with one parameter to add.
    pub(super) fn of(remove: &'a [String], rename: &'a [(String, String)], add: (&'a str, &str)) -> Self {
        let add = vec![(add.0, add.1.to_owned())];
        Self { remove, rename, replace: Vec::new(), add, append: Vec::new() }
    }
}

impl Rules {
    /// Reads `remove`, `rename`, `replace`, `add` and `append` of one part.
    pub(super) fn new([remove, rename, replace, add, append]: [&[String]; 5]) -> Result<Self, String> {
        let pair = |text: &String| {
            let (name, value) = split(text);
            let value = value.ok_or_else(|| format!("key '{name}' has no value"))?;
            Ok::<_, String>((plain(name)?, value.to_owned()))
        };
        let templates = |texts: &[String]| {
            let read = |text| {
                let (name, value) = pair(text)?;
                Ok((name, Template::parse(&value)?))
            };
            texts.iter().map(read).collect::<Result<Vec<_>, String>>()
        };
        let renamed = |text| {
            let (name, new) = pair(text)?;
            Ok::<_, String>((name, plain(&new)?))
        };
        Ok(Self {
            remove: remove.iter().map(|name| plain(name)).collect::<Result<_, _>>()?,
            rename: rename.iter().map(renamed).collect::<Result<_, _>>()?,
            replace: templates(replace)?,
            add: templates(add)?,
            append: templates(append)?,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.remove.is_empty()
            && self.rename.is_empty()
            && self.replace.is_empty()
            && self.add.is_empty()
            && self.append.is_empty()
    }

    pub(super) fn fill(&self, facts: &Facts) -> Result<Filled<'_>, Unfilled> {
        Ok(Filled {
            remove: &self.remove,
            rename: &self.rename,
            replace: fill(&self.replace, facts)?,
            add: fill(&self.add, facts)?,
            append: fill(&self.append, facts)?,
        })
    }
}

fn fill<'a>(templates: &'a [(String, Template)], facts: &Facts) -> Result<Vec<(&'a str, String)>, Unfilled> {
    let filled = templates.iter().map(|(name, template)| Ok((name.as_str(), template.fill(facts)?)));
    let mut filled = filled.collect::<Result<Vec<_>, Unfilled>>()?;
    filled.retain(|(_, value)| !value.is_empty());
    Ok(filled)
}

/// A name and what follows its colon, where something does.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((name, value)) => (name, Some(value).filter(|value| !value.is_empty())),
        None => (text, None),
    }
}

fn plain(name: &str) -> Result<String, String> {
    if name.contains("$(") {
        return Err(format!("a template in the name '{name}' is not supported by Keybound yet"));
    }
    Ok(name.to_owned())
}
