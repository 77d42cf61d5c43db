use std::borrow::Cow;

/// The same expression with one space in every `not in`. The grammar takes any white space there and none, and the engine's
/// reader panics over all but one space.
pub(super) fn with_one_space(text: &str) -> Cow<'_, str> {
    let mut written = String::new();
    // Up to where the text is written already.
    let mut done = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let starts_word = !text.get(..at).is_some_and(|before| before.ends_with(is_word));
        let space = rest.strip_prefix("not").filter(|_| starts_word).and_then(space_before_in);
        at += match (space, literal(rest)) {
            (Some(space), _) => {
                if space != " " {
                    written.push_str(text.get(done..at).unwrap_or_default());
                    written.push_str("not in");
                    done = at + "not".len() + space.len() + "in".len();
                }
                "not".len() + space.len() + "in".len()
            }
            (None, Some(length)) => length,
            (None, None) => rest.chars().next().map_or(1, char::len_utf8),
        };
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    written.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(written)
}

/// What stands between `not` and `in`.
fn space_before_in(after: &str) -> Option<&str> {
    let rest = after.trim_start_matches([' ', '\t', '\r', '\n']);
    rest.starts_with("in").then(|| after.get(..after.len() - rest.len())).flatten()
}

/// The length of the text that begins here, raw or with escapes; what is left where it does not end.
fn literal(rest: &str) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix("r#\"") {
        return Some(inner.find("\"#").map_or(rest.len(), |end| 3 + end + 2));
    }
    let inner = rest.strip_prefix('"')?;
    let mut escaped = false;
    for (at, letter) in inner.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(1 + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("net.src.ip not in 10.0.0.0/8", "net.src.ip not in 10.0.0.0/8")]
    #[case("net.src.ip notin 10.0.0.0/8", "net.src.ip not in 10.0.0.0/8")]
    #[case("a not \t\n in 1.2.3.4/8 && b notin 1.2.3.4/8", "a not in 1.2.3.4/8 && b not in 1.2.3.4/8")]
    #[case("lower(a)notin 1.2.3.4/8", "lower(a)not in 1.2.3.4/8")]
    #[case(
        r#"a == "b notin \" notin" && c  notin 1.2.3.4/8"#,
        r#"a == "b notin \" notin" && c  not in 1.2.3.4/8"#
    )]
    #[case(r##"a == r#"\" notin "# || ü notin"##, r##"a == r#"\" notin "# || ü not in"##)]
    #[case("a.notin == 1 && knotin == 2", "a.notin == 1 && knotin == 2")]
    #[case(r#"a == "notin"#, r#"a == "notin"#)]
    #[case("not", "not")]
    fn every_not_in_has_one_space_and_texts_stay(#[case] text: &str, #[case] want: &str) {
        assert_eq!(with_one_space(text), want);
    }
}
