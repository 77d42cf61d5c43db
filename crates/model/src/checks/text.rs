use serde_json::Value;

/// The name of an entity: ASCII letters, digits, `.`, `-`, `_`, `~`, and anything beyond ASCII.
///
/// # Errors
/// `invalid value 'a b': the only accepted ascii characters are alphanumerics or ., -, _, and ~`
pub fn name(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if text.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~'))
    {
        return Ok(());
    }
    Err(format!(
        "invalid value '{text}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
    ))
}

/// A tag: printable ASCII except `,` and `/`, and anything beyond ASCII. Both exceptions separate tags in a filter.
///
/// # Errors
/// ``invalid tag 'x': expected printable ascii (except `,` and `/`) or valid utf-8 sequences``
pub fn tag(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    if text.chars().all(|c| !c.is_ascii() || (matches!(c, ' '..='~') && !matches!(c, ',' | '/'))) {
        return Ok(());
    }
    Err(format!(
        "invalid tag '{text}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_take_url_safe_ascii_and_letters_beyond() {
        for good in ["a", "A-1_b.c~d", "größe"] {
            assert_eq!(name(&json!(good)), Ok(()), "{good}");
        }
        for bad in ["a b", "a/b", "a:b", "a\n"] {
            let text = format!(
                "invalid value '{bad}': the only accepted ascii characters are alphanumerics or ., -, _, and ~"
            );
            assert_eq!(name(&json!(bad)), Err(text));
        }
    }

    #[test]
    fn tags_take_everything_but_separators_and_controls() {
        for good in ["a b", "a:b", "été", "~!@"] {
            assert_eq!(tag(&json!(good)), Ok(()), "{good}");
        }
        for bad in ["a,b", "a/b", "a\u{7}"] {
            let text = format!(
                "invalid tag '{bad}': expected printable ascii (except `,` and `/`) or valid utf-8 sequences"
            );
            assert_eq!(tag(&json!(bad)), Err(text));
        }
    }
}
