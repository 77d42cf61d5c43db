//! Prometheus's text form (version 0.0.4), read as strictly as `promtool check metrics` does.

use std::collections::{BTreeMap, BTreeSet};

/// A family of samples.
#[derive(Debug, Clone, Default)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// What it means.
    pub help: String,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// One sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its name, with the suffix that a histogram gives it.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: f64,
}

/// What Kong names as no linter would have it, and clients of Kong expect so.
const NAMED_BY_KONG: [&str; 3] =
    ["kong_bandwidth_bytes", "kong_nginx_connections_total", "kong_nginx_requests_total"];

/// Reads all of it.
///
/// # Panics
/// When anything is not as it must be.
#[must_use]
pub fn exposition(text: &str) -> BTreeMap<String, Family> {
    assert!(text.ends_with('\n'), "the last line ends");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = Family::default();
    let mut series = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or_else(|| panic!("no help: {line}"));
            finish(&mut families, std::mem::take(&mut current));
            current = Family { name: name.to_owned(), help: help.to_owned(), ..Family::default() };
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("no type: {line}"));
            assert_eq!(name, current.name, "a type follows its help: {line}");
            assert!(
                current.kind.is_empty() && current.samples.is_empty(),
                "one type, before samples: {line}"
            );
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            kind.clone_into(&mut current.kind);
        } else {
            let sample = sample(line);
            assert!(!current.kind.is_empty(), "a sample without help and type: {line}");
            let own = sample.name.strip_prefix(&current.name);
            let fits = match own {
                Some("") => current.kind != "histogram",
                Some("_bucket" | "_sum" | "_count") => current.kind == "histogram",
                _ => false,
            };
            assert!(fits, "{line} is not of {}", current.name);
            assert!(series.insert((sample.name.clone(), sample.labels.clone())), "twice: {line}");
            current.samples.push(sample);
        }
    }
    finish(&mut families, current);
    families
}

fn finish(families: &mut BTreeMap<String, Family>, family: Family) {
    if family.name.is_empty() {
        return;
    }
    let name = family.name.clone();
    assert!(is_name(&name) && !family.help.trim().is_empty() && !family.kind.is_empty(), "{family:?}");
    if !NAMED_BY_KONG.contains(&name.as_str()) {
        assert_eq!(name.ends_with("_total"), family.kind == "counter", "counters end in _total: {name}");
    }
    for suffix in ["_bucket", "_sum", "_count", "_info"] {
        assert!(!name.ends_with(suffix) || name.ends_with("_info"), "{name}");
    }
    if family.kind == "counter" {
        assert!(family.samples.iter().all(|sample| sample.value >= 0.0), "{family:?}");
    }
    if family.kind == "histogram" {
        histogram(&family);
    }
    assert!(families.insert(name.clone(), family).is_none(), "a family twice: {name}");
}

fn histogram(family: &Family) {
    let mut buckets: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
    let mut ends: BTreeMap<(&str, BTreeMap<String, String>), f64> = BTreeMap::new();
    for sample in &family.samples {
        let mut labels = sample.labels.clone();
        match labels.remove("le") {
            Some(bound) => {
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().expect("a bound") };
                buckets.entry(labels).or_default().push((bound, sample.value));
            }
            None => {
                let suffix = sample.name.strip_prefix(&family.name).unwrap_or_default();
                ends.insert((suffix, labels), sample.value);
            }
        }
    }
    for (labels, buckets) in buckets {
        assert!(
            buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1),
            "{buckets:?}"
        );
        let (bound, count) = *buckets.last().expect("buckets");
        assert!(bound.is_infinite(), "{buckets:?}");
        assert_eq!(ends.get(&("_count", labels.clone())), Some(&count), "{}", family.name);
        assert!(ends.contains_key(&("_sum", labels)), "{}", family.name);
    }
}

fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no sample: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(mut inside) = rest.strip_prefix('{') {
        while !inside.starts_with('}') {
            let (label, value) = inside.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(label) && !label.contains(':') && !label.starts_with("__"), "{line}");
            let (text, after) = quoted(value).unwrap_or_else(|| panic!("an open label: {line}"));
            assert!(labels.insert(label.to_owned(), text).is_none(), "a label twice: {line}");
            inside = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &inside[1..];
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    Sample { name: name.to_owned(), labels, value: value.parse().unwrap_or_else(|_| panic!("{line}")) }
}

/// A label's value, and what follows its closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                same @ ('\\' | '"') => value.push(same),
                _ => return None,
            },
            other => value.push(other),
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':';
    name.bytes().next().is_some_and(letter) && name.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}
