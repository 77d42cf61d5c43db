//! The filter `?tags=` of lists.

use serde_json::Value;

use crate::Record;

/// The most tags that one filter may name.
const MOST: usize = 5;

/// Which entities a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagFilter {
    /// `a,b`: those with every one of these tags.
    All(Vec<String>),
    /// `a/b`: those with at least one of these tags.
    Any(Vec<String>),
}

/// A filter that cannot be used; the text is Kong's, for `options.tags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagFilterFault {
    /// There is no tag in it.
    #[error("cannot be null")]
    Empty,
    /// It mixes `,` and `/`, or has an empty or unprintable tag.
    #[error("invalid filter syntax")]
    Syntax,
    /// It names more than five tags.
    #[error("cannot query more than 5 tags")]
    TooMany,
}

impl TagFilter {
    /// Reads the value of `tags`, percent-decoded.
    ///
    /// # Errors
    /// In this order: nothing in it; mixed separators, an empty or an unprintable tag; more than five tags.
    pub fn parse(text: &str) -> Result<Self, TagFilterFault> {
        if text.is_empty() {
            return Err(TagFilterFault::Empty);
        }
        let any = text.contains('/');
        if any && text.contains(',') {
            return Err(TagFilterFault::Syntax);
        }
        let tags: Vec<String> = text.split([',', '/']).map(str::to_owned).collect();
        if tags.iter().any(|tag| tag.is_empty() || tag.chars().any(|c| c.is_ascii_control())) {
            return Err(TagFilterFault::Syntax);
        }
        if tags.len() > MOST {
            return Err(TagFilterFault::TooMany);
        }
        Ok(if any { Self::Any(tags) } else { Self::All(tags) })
    }

    /// Whether an entity is shown.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        let own: Vec<&str> = record
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let has = |tag: &String| own.contains(&tag.as_str());
        match self {
            Self::All(tags) => tags.iter().all(has),
            Self::Any(tags) => tags.iter().any(has),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tagged(tags: Value) -> Record {
        Record::from_iter([("tags".to_owned(), tags)])
    }

    #[test]
    fn a_comma_demands_all_and_a_slash_any() {
        let entity = tagged(json!(["a", "b"]));
        for (filter, shown) in [("a", true), ("a,b", true), ("a,c", false), ("a/c", true), ("c/d", false)] {
            assert_eq!(TagFilter::parse(filter).unwrap().matches(&entity), shown, "{filter}");
        }
        assert!(!TagFilter::parse("a").unwrap().matches(&tagged(Value::Null)));
    }

    #[test]
    fn a_bad_filter_is_named_in_kongs_words() {
        for (filter, text) in [
            ("", "cannot be null"),
            ("a,b/c", "invalid filter syntax"),
            ("a,,b", "invalid filter syntax"),
            ("a,", "invalid filter syntax"),
            ("a,b,c,d,e,f", "cannot query more than 5 tags"),
        ] {
            assert_eq!(TagFilter::parse(filter).unwrap_err().to_string(), text, "{filter}");
        }
        assert!(TagFilter::parse("a,b,c,d,e").is_ok());
    }
}
