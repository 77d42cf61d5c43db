use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use aho_corasick::AhoCorasick;
use http::HeaderName;

use super::rule::{Asked, HostPattern, PathPattern, Rule, ValueRule};

/// Up to how many candidates are simply looked at one by one.
const FEW: usize = 8;

/// Candidates that share host and the start of the path. Where they are many, those that a field's value, a server name
/// or a text within the path tells apart stand under that, so that a request meets only the ones it may be for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket {
    /// Ascending.
    plain: Vec<u32>,
    by_header: Vec<(HeaderName, HashMap<Box<str>, Vec<u32>>)>,
    by_sni: HashMap<Box<str>, Vec<u32>>,
    /// All of `by_sni`: server names count only over TLS.
    without_sni: Vec<u32>,
    by_text: Option<ByText>,
}

/// A candidate, as far as it tells where it stands.
pub(crate) struct Entry<'r, T> {
    pub(crate) rule: &'r Rule<T>,
    pub(crate) pattern: Option<&'r PathPattern>,
}

/// Patterns by a text that each of their matches has.
#[derive(Debug, Clone)]
struct ByText {
    texts: AhoCorasick,
    /// By the number of the text.
    lists: Vec<Vec<u32>>,
}

impl Bucket {
    /// Adds a candidate; each comes once, and higher than those before.
    pub(crate) fn add(&mut self, number: u32) {
        if self.plain.last() != Some(&number) {
            self.plain.push(number);
        }
    }

    /// Arranges what was added.
    pub(crate) fn arrange<'r, T: 'r>(&mut self, entry_of: impl Fn(u32) -> Option<Entry<'r, T>>) {
        if self.plain.len() <= FEW {
            return;
        }
        for number in std::mem::take(&mut self.plain) {
            let Some(Entry { rule, .. }) = entry_of(number) else { continue };
            if let Some((name, values)) = told_by_header(rule) {
                let place = self.by_header.iter().position(|(known, _)| known == name);
                let place = place.unwrap_or_else(|| {
                    self.by_header.push((name.clone(), HashMap::new()));
                    self.by_header.len() - 1
                });
                let Some((_, map)) = self.by_header.get_mut(place) else { continue };
                for value in values {
                    let list = map.entry(value.to_ascii_lowercase().into()).or_default();
                    // Two values of one rule may differ in case only.
                    if list.last() != Some(&number) {
                        list.push(number);
                    }
                }
            } else if let Some(names) = told_by_sni(rule) {
                for name in names {
                    self.by_sni.entry(name.into()).or_default().push(number);
                }
                self.without_sni.push(number);
            } else {
                self.plain.push(number);
            }
        }
        if self.plain.len() > FEW {
            let plain = std::mem::take(&mut self.plain);
            let (rest, by_text) = ByText::of(plain, |number| entry_of(number)?.pattern);
            (self.plain, self.by_text) = (rest, by_text);
        }
    }

    /// Calls `visit` with each list, ascending, of candidates that the request may be for.
    pub(crate) fn lists<'a>(&'a self, asked: &Asked<'_>, mut visit: impl FnMut(&'a [u32])) {
        if !self.plain.is_empty() {
            visit(&self.plain);
        }
        for (name, values) in &self.by_header {
            for value in asked.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
                let value = match value.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    true => Cow::Owned(value.to_ascii_lowercase()),
                    false => Cow::Borrowed(value),
                };
                if let Some(list) = values.get(&*value) {
                    visit(list);
                }
            }
        }
        if let Some(ByText { texts, lists }) = &self.by_text {
            for found in texts.find_overlapping_iter(asked.path) {
                if let Some(list) = lists.get(found.pattern().as_usize()) {
                    visit(list);
                }
            }
        }
        if self.without_sni.is_empty() {
            return;
        }
        if !asked.tls {
            visit(&self.without_sni);
        } else if let Some(list) = asked.sni.and_then(|sni| self.by_sni.get(sni)) {
            visit(list);
        }
    }
}

impl ByText {
    /// Takes those that have a text; each stands under that of its texts which the fewest share.
    fn of<'r>(
        numbers: Vec<u32>,
        pattern: impl Fn(u32) -> Option<&'r PathPattern>,
    ) -> (Vec<u32>, Option<Self>) {
        let texts_of = |number| pattern(number).map_or(&[][..], |pattern| &*pattern.inner);
        let mut shared: HashMap<&str, usize> = HashMap::new();
        for text in numbers.iter().flat_map(|number| texts_of(*number)) {
            *shared.entry(text).or_default() += 1;
        }
        let mut rest = Vec::new();
        let mut lists: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for number in &numbers {
            match texts_of(*number).iter().min_by_key(|text| shared.get(text.as_str())) {
                Some(text) => lists.entry(text).or_default().push(*number),
                None => rest.push(*number),
            }
        }
        // One that cannot be built for its size leaves everything to be looked at one by one.
        match AhoCorasick::new(lists.keys()) {
            Ok(texts) if !lists.is_empty() => {
                (rest, Some(Self { texts, lists: lists.into_values().collect() }))
            }
            _ => (numbers, None),
        }
    }
}

/// The values of one field, one of which the rule demands.
fn told_by_header<T>(rule: &Rule<T>) -> Option<(&HeaderName, Vec<&str>)> {
    rule.headers.iter().find_map(|header| {
        let [name] = &*header.names else { return None };
        let texts = header.values.iter().map(|value| match value {
            ValueRule::Equal(text) => Some(&**text),
            ValueRule::Pattern(_) => None,
        });
        Some((name, texts.collect::<Option<Vec<_>>>()?))
    })
}

/// The server names, one of which the rule demands over TLS.
fn told_by_sni<T>(rule: &Rule<T>) -> Option<Vec<&str>> {
    let names = rule.snis.iter().map(|sni| match sni {
        HostPattern::Exact(name) => Some(&**name),
        HostPattern::EndsWith(_) | HostPattern::StartsWith(_) => None,
    });
    names.collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())
}
