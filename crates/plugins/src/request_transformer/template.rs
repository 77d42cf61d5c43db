use http::HeaderMap;

use crate::contract::{Head, UriCaptures};

/// Text with look-ups in it: `$(headers.x)`, `$(query_params['x'])`, `$(headers.x or query_params.x or 'none')`.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    /// The first of these that has a value; nothing when none has.
    FirstOf(Vec<Term>),
}

#[derive(Debug)]
enum Term {
    Header(String),
    Parameter(String),
    /// A group of the route's pattern, by name or number.
    Capture(String),
    Text(String),
}

/// What look-ups look into.
pub(super) struct Facts {
    headers: HeaderMap,
    query: Option<String>,
    captures: UriCaptures,
}

/// A value that cannot stand where its template is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unfilled;

impl Facts {
    pub(super) fn of(head: &Head, captures: &UriCaptures) -> Self {
        Self { headers: head.headers.clone(), query: head.query.clone(), captures: captures.clone() }
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What Keybound does not compute: anything but look-ups, quoted text and `or`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("$(") {
            let (before, found) = rest.split_at(at);
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let inner = found.get(2..).unwrap_or_default();
            let end = closing(inner).ok_or_else(|| format!("value '{text}' has a '$(' without its ')'"))?;
            let (expression, after) = inner.split_at(end);
            let terms = expression.split(" or ").map(|term| Term::parse(term.trim(), expression));
            pieces.push(Piece::FirstOf(terms.collect::<Result<_, _>>()?));
            rest = after.get(1..).unwrap_or_default();
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// The text for a request.
    pub(super) fn fill(&self, facts: &Facts) -> Result<String, Unfilled> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::FirstOf(terms) => {
                    for term in terms {
                        if let Some(value) = term.value(facts)? {
                            text.push_str(&value);
                            break;
                        }
                    }
                }
            }
        }
        Ok(text)
    }
}

/// Where the parenthesis that is open ends, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (None, ')') => return Some(at),
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), character) if open == character => quote = None,
            _ => {}
        }
    }
    None
}

impl Term {
    fn parse(term: &str, expression: &str) -> Result<Self, String> {
        if let Some(text) = unquoted(term) {
            return Ok(Self::Text(text.to_owned()));
        }
        let at = term.find(['.', '[']).unwrap_or(term.len());
        let (table, rest) = term.split_at(at);
        let name = match rest.strip_prefix('.') {
            Some(name) if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => Some(name),
            Some(_) => None,
            None => rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(key),
        };
        match (table, name.filter(|name| !name.is_empty())) {
            // As in Kong, `x_y` finds the field `x-y`.
            ("headers", Some(name)) => Ok(Self::Header(name.replace('_', "-").to_ascii_lowercase())),
            ("query_params", Some(name)) => Ok(Self::Parameter(name.to_owned())),
            ("uri_captures", Some(group)) => Ok(Self::Capture(group.to_owned())),
            _ => Err(format!(
                "template '$({expression})' is not supported by Keybound: it computes only headers.NAME, query_params.NAME, uri_captures.NAME, quoted text and 'or'"
            )),
        }
    }

    fn value(&self, facts: &Facts) -> Result<Option<String>, Unfilled> {
        match self {
            Self::Text(text) => Ok(Some(text.clone())),
            Self::Capture(group) => Ok(facts.captures.get(group).map(str::to_owned)),
            Self::Header(name) => match facts.headers.get(name.as_str()) {
                None => Ok(None),
                Some(value) => value.to_str().map(|value| Some(value.to_owned())).map_err(|_| Unfilled),
            },
            Self::Parameter(name) => {
                let query = facts.query.as_deref().unwrap_or_default();
                let mut found =
                    form_urlencoded::parse(query.as_bytes()).filter(|(other, _)| other == name.as_str());
                Ok(found.next().map(|(_, value)| value.into_owned()))
            }
        }
    }
}

/// What stands between brackets: quoted text or a number.
fn key(text: &str) -> Option<&str> {
    unquoted(text).or_else(|| Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())))
}

fn unquoted(text: &str) -> Option<&str> {
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote));
    inner('\'').or_else(|| inner('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("x-user", "john".parse().unwrap());
        let captured = [("1", "o"), ("id", "o")].map(|(name, value)| (name.into(), value.into()));
        let captures = UriCaptures::new(captured.to_vec());
        let facts = Facts { headers, query: Some("id=7%2F8&id=9".to_owned()), captures };
        Template::parse(template).unwrap().fill(&facts).unwrap()
    }

    #[test]
    fn look_ups_alternatives_and_text_are_filled_in() {
        for (template, want) in [
            ("plain", "plain"),
            ("a-$(headers.x_user)-b", "a-john-b"),
            ("$(headers['X-User'])$(query_params[\"id\"])", "john7/8"),
            ("$(headers.none or query_params.id or 'x')", "7/8"),
            ("$(headers.none or ')')", ")"),
            ("$(headers.none)", ""),
            ("$(uri_captures.id)$(uri_captures[1])$(uri_captures['id'])$(uri_captures[2])", "ooo"),
        ] {
            assert_eq!(filled(template), want, "{template}");
        }
    }

    #[test]
    fn whatever_is_more_than_a_look_up_is_refused_by_name() {
        for template in
            ["$(headers.x:upper())", "$((function() return 1 end)())", "$(1+1)", "$(shared.x)", "$(headers)"]
        {
            let fault = Template::parse(template).unwrap_err();
            assert!(fault.contains("is not supported by Keybound"), "{template}: {fault}");
        }
        assert!(Template::parse("$(headers.x").unwrap_err().contains("without its ')'"));
    }
}
