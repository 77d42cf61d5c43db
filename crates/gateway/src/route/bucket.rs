use std::borrow::Cow;
use std::collections::HashMap;

use http::{HeaderMap, HeaderName};

use super::rule::{HostPattern, Rule, ValueRule};

/// Up to how many candidates are simply looked at one by one.
const FEW: usize = 8;

/// Candidates that share host and path. Where they are many, those that a field's value or a server name tells apart
/// stand under that, so that a request meets only the ones it may be for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket {
    /// Ascending.
    plain: Vec<u32>,
    by_header: Vec<(HeaderName, HashMap<Box<str>, Vec<u32>>)>,
    by_sni: HashMap<Box<str>, Vec<u32>>,
    /// All of `by_sni`: server names count only over TLS.
    without_sni: Vec<u32>,
}

impl Bucket {
    /// Adds a candidate; each comes once, and higher than those before.
    pub(crate) fn add(&mut self, number: u32) {
        if self.plain.last() != Some(&number) {
            self.plain.push(number);
        }
    }

    /// Arranges what was added.
    pub(crate) fn arrange<'r, T: 'r>(&mut self, rule_of: impl Fn(u32) -> Option<&'r Rule<T>>) {
        if self.plain.len() <= FEW {
            return;
        }
        for number in std::mem::take(&mut self.plain) {
            let Some(rule) = rule_of(number) else { continue };
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
    }

    /// Calls `visit` with each list, ascending, of candidates that the request may be for.
    pub(crate) fn lists<'a>(
        &'a self,
        headers: &HeaderMap,
        tls: bool,
        sni: Option<&str>,
        mut visit: impl FnMut(&'a [u32]),
    ) {
        if !self.plain.is_empty() {
            visit(&self.plain);
        }
        for (name, values) in &self.by_header {
            for value in headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
                let value = match value.bytes().any(|byte| byte.is_ascii_uppercase()) {
                    true => Cow::Owned(value.to_ascii_lowercase()),
                    false => Cow::Borrowed(value),
                };
                if let Some(list) = values.get(&*value) {
                    visit(list);
                }
            }
        }
        if self.without_sni.is_empty() {
            return;
        }
        if !tls {
            visit(&self.without_sni);
        } else if let Some(list) = sni.and_then(|sni| self.by_sni.get(sni)) {
            visit(list);
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
