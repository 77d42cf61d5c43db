use regex_syntax::hir::{Hir, HirKind};

/// The text that every match of a pattern begins with; empty when there is none, or none that is easy to see.
pub(crate) fn literal_prefix(pattern: &str) -> String {
    let mut prefix = Vec::new();
    if let Ok(hir) = regex_syntax::parse(pattern) {
        take(&hir, &mut prefix);
    }
    String::from_utf8(prefix).unwrap_or_default()
}

/// Texts of some length that every match of a pattern has somewhere.
pub(crate) fn required_literals(pattern: &str) -> Vec<String> {
    let mut literals = Vec::new();
    if let Ok(hir) = regex_syntax::parse(pattern) {
        collect(&hir, &mut literals);
    }
    literals
}

/// The shortest literal that is worth looking for.
const SHORTEST: usize = 3;

fn collect(hir: &Hir, literals: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Literal(literal) if literal.0.len() >= SHORTEST => {
            literals.extend(String::from_utf8(literal.0.to_vec()));
        }
        HirKind::Capture(capture) => collect(&capture.sub, literals),
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect(part, literals)),
        HirKind::Repetition(repetition) if repetition.min > 0 => collect(&repetition.sub, literals),
        _ => {}
    }
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

    #[test]
    fn what_every_match_has_is_found_anywhere() {
        for (pattern, want) in [
            (r"/[a-z]+/service-1/items/(?<id>\d+)$", &["/service-1/items/"][..]),
            (r"/\w+/(abc)+(x|y)def?", &["abc"]),
            (r"/(abc|def)/\d/", &[]),
            (r"/(abc)?\d+/ghi", &["/ghi"]),
            (r"(?i)/abc/\d/def", &[]),
            (r".*", &[]),
        ] {
            assert_eq!(required_literals(pattern), want, "{pattern}");
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
