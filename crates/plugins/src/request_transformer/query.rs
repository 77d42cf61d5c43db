use form_urlencoded::Serializer;

use super::rules::Filled;

/// Parameters in their order; `None` for one without an equals sign.
type Parameters = Vec<(String, Option<String>)>;

/// Edits a query or a form; `None` when nothing is left.
pub(super) fn edit(rules: &Filled<'_>, text: &str) -> Option<String> {
    let mut parameters = parse(text);
    let has = |parameters: &Parameters, name: &str| parameters.iter().any(|(other, _)| other == name);
    for name in rules.remove {
        parameters.retain(|(other, _)| other != name);
    }
    for (old, new) in rules.rename {
        if old != new && has(&parameters, old) {
            parameters.retain(|(other, _)| other != new);
            parameters
                .iter_mut()
                .filter(|(other, _)| other == old)
                .for_each(|(name, _)| name.clone_from(new));
        }
    }
    for (name, value) in &rules.replace {
        if let Some(at) = parameters.iter().position(|(other, _)| other == name) {
            parameters.retain(|(other, _)| other != name);
            parameters.insert(at.min(parameters.len()), ((*name).to_owned(), Some(value.clone())));
        }
    }
    for (name, value) in &rules.add {
        if !has(&parameters, name) {
            parameters.push(((*name).to_owned(), Some(value.clone())));
        }
    }
    for (name, value) in &rules.append {
        parameters.push(((*name).to_owned(), Some(value.clone())));
    }
    (!parameters.is_empty()).then(|| write(&parameters))
}

/// A query with the parameters of a form behind its own.
pub(super) fn joined(query: Option<String>, form: &[u8]) -> Option<String> {
    let mut parameters = parse(query.as_deref().unwrap_or_default());
    parameters.extend(parse(&String::from_utf8_lossy(form)));
    (!parameters.is_empty()).then(|| write(&parameters))
}

fn parse(text: &str) -> Parameters {
    text.split('&')
        .filter(|part| !part.is_empty())
        .filter_map(|part| {
            let (name, value) = form_urlencoded::parse(part.as_bytes()).next()?;
            Some((name.into_owned(), part.contains('=').then(|| value.into_owned())))
        })
        .collect()
}

fn write(parameters: &Parameters) -> String {
    let one = |(name, value): &(String, Option<String>)| {
        let mut one = Serializer::new(String::new());
        match value {
            Some(value) => one.append_pair(name, value),
            None => one.append_key_only(name),
        };
        one.finish()
    };
    parameters.iter().map(one).collect::<Vec<_>>().join("&")
}
