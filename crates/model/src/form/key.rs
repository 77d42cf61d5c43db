/// One step from a record to a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A member by name, or an element by index: the schema decides.
    Name(String),
    /// The next element.
    Next,
}

/// The deepest path; no schema has one as deep, and what a stranger sends must not decide how deep we recurse.
const DEEPEST: usize = 32;

/// The way that an argument's name describes. What is no path, or too deep, is one step of that very name.
pub(super) fn steps(name: &str) -> Vec<Step> {
    if name.starts_with('.') || name.ends_with('.') {
        return vec![Step::Name(name.to_owned())];
    }
    path(name).unwrap_or_else(|| vec![Step::Name(name.to_owned())])
}

fn path(name: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = name;
    loop {
        if steps.len() >= DEEPEST {
            return None;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return None;
        }
        steps.push(Step::Name(word.to_owned()));
        rest = after;
        while let Some(inner) = rest.strip_prefix('[') {
            let (inside, after) = inner.split_once(']')?;
            if steps.len() >= DEEPEST {
                return None;
            }
            steps.push(if inside.is_empty() { Step::Next } else { Step::Name(inside.to_owned()) });
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> Vec<String> {
        steps(name)
            .into_iter()
            .map(|step| match step {
                Step::Name(name) => name,
                Step::Next => "[]".to_owned(),
            })
            .collect()
    }

    #[test]
    fn names_are_paths() {
        for (name, steps) in [
            ("a", vec!["a"]),
            ("a.b.c", vec!["a", "b", "c"]),
            ("a[]", vec!["a", "[]"]),
            ("a[1]", vec!["a", "1"]),
            ("a.b[]", vec!["a", "b", "[]"]),
            ("config.map[foo.bar]", vec!["config", "map", "foo.bar"]),
            ("headers[x-a][]", vec!["headers", "x-a", "[]"]),
            ("a[1].b", vec!["a", "1", "b"]),
        ] {
            assert_eq!(shown(name), steps, "{name}");
        }
    }

    #[test]
    fn a_path_has_a_deepest_level() {
        for unit in [".a", "[a]", "[]"] {
            assert_eq!(steps(&format!("a{}", unit.repeat(31))).len(), 32, "{unit}");
            assert_eq!(steps(&format!("a{}", unit.repeat(32))).len(), 1, "{unit}");
        }
    }

    #[test]
    fn what_is_no_path_is_one_name() {
        for name in [".a", "a.", "a..b", "a[", "a[1]x", "[]"] {
            assert_eq!(shown(name), [name], "{name}");
        }
    }
}
