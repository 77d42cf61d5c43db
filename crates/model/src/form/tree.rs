use std::collections::BTreeMap;

use super::FormValue;
use super::key::Step;

/// The arguments as a tree, before a schema says what each part is.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Values given for this very name, in order.
    pub(super) values: Vec<FormValue>,
    /// Parts by name or by index.
    pub(super) members: BTreeMap<String, Node>,
    /// Elements appended by `[]`, in order.
    pub(super) appended: Vec<Node>,
}

impl Node {
    pub(super) fn insert(&mut self, steps: &[Step], value: FormValue) {
        match steps.split_first() {
            None => self.values.push(value),
            Some((Step::Name(name), rest)) => {
                self.members.entry(name.clone()).or_default().insert(rest, value)
            }
            Some((Step::Next, rest)) => {
                let mut element = Self::default();
                element.insert(rest, value);
                self.appended.push(element);
            }
        }
    }

    /// Whether every part has an index from 1 for its name.
    pub(super) fn is_indexed(&self) -> bool {
        !self.members.is_empty() && self.members.keys().all(|name| index(name).is_some())
    }

    /// Its elements: the plain values, then those by index, then the appended ones.
    pub(super) fn into_elements(self) -> Vec<Self> {
        let plain = self.values.into_iter().map(|value| Self { values: vec![value], ..Self::default() });
        let mut indexed: Vec<(usize, Self)> =
            self.members.into_iter().map(|(name, node)| (index(&name).unwrap_or(usize::MAX), node)).collect();
        indexed.sort_by_key(|(index, _)| *index);
        plain.chain(indexed.into_iter().map(|(_, node)| node)).chain(self.appended).collect()
    }
}

fn index(name: &str) -> Option<usize> {
    let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| name.parse().ok()).flatten().filter(|index| *index > 0)
}
