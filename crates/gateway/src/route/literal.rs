use regex_syntax::hir::{Hir, HirKind};

/// The text that every match of a pattern begins with; empty when there is none, or none that is easy to see.
pub(crate) fn literal_prefix(pattern: &str) -> String {
    let mut prefix = Vec::new();
    if let Ok(hir) = regex_syntax::parse(pattern) {
        take(&hir, &mut prefix);
    }
    String::from_utf8(prefix).unwrap_or_default()
}

/// Appends what a match of `hir` begins with, and says whether that is all of what it matches.
fn take(hir: &Hir, prefix: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            prefix.extend_from_slice(&literal.0);
            true
        }
        HirKind::Capture(capture) => take(&capture.sub, prefix),
        HirKind::Concat(parts) => parts.iter().all(|part| take(part, prefix)),
        HirKind::Repetition(repetition) => {
            if repetition.min > 0 {
                take(&repetition.sub, prefix);
            }
            false
        }
        HirKind::Class(_) | HirKind::Alternation(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_start_of_a_pattern_is_found() {
        for (pattern, want) in [
            ("/users/(\\d+)/orders", "/users/"),
            ("^/a(?<n>b)c", "/abc"),
            ("/a+b", "/a"),
            ("/(ab)+c", "/ab"),
            ("/a?b", "/"),
            ("/ab*", "/a"),
            ("/(a|b)", "/"),
            ("(?i)/abc", "/"),
            ("/a\\.b$", "/a.b"),
            (".*", ""),
            ("(", ""),
        ] {
            assert_eq!(literal_prefix(pattern), want, "{pattern}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_match_begins_with_the_literal(
            pattern in "/[abc]{0,2}(\\(a\\|b\\)|c\\*|[ab]\\+|\\(\\?i\\)a|b\\?|\\[ab\\]|\\.)[abc]{0,2}",
            text in "/[abcABC]{0,6}",
        ) {
            let regex = regex::Regex::new(&format!("^(?:{pattern})")).unwrap();
            if regex.is_match(&text) {
                proptest::prop_assert!(text.starts_with(&literal_prefix(&pattern)));
            }
        }
    }
}
