use std::collections::HashMap;
use std::path::Path;

use super::{Origin, SettingsFault};

/// One line `key = value` of a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) key: String,
    pub(super) value: String,
}

/// Takes a settings file apart: one setting a line, `#` starts a comment unless written `\#`.
///
/// The faults of all lines come back together, beside the entries that are in order.
pub(super) fn entries(path: &Path, text: &str) -> (Vec<Entry>, Vec<SettingsFault>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut faults = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let place = || Origin::File { path: path.to_owned(), line };
        let content = without_comment(raw);
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        let Some((key, value)) = content.split_once('=') else {
            faults.push(SettingsFault::Syntax { place: place() });
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            faults.push(SettingsFault::Syntax { place: place() });
            continue;
        }
        if is_quoted(value) {
            faults.push(SettingsFault::Quoted { place: place(), key: key.to_owned() });
            continue;
        }
        match seen.get(key) {
            Some(&first) => faults.push(SettingsFault::Twice { place: place(), key: key.to_owned(), first }),
            None => {
                seen.insert(key.to_owned(), line);
                entries.push(Entry { line, key: key.to_owned(), value: value.to_owned() });
            }
        }
    }
    (entries, faults)
}

fn without_comment(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'#') => {
                characters.next();
                kept.push('#');
            }
            '#' => break,
            other => kept.push(other),
        }
    }
    kept
}

fn is_quoted(value: &str) -> bool {
    value.len() >= 2
        && ((value.starts_with('"') && value.ends_with('"'))
            || (value.starts_with('\'') && value.ends_with('\'')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<(usize, String, String)>, Vec<String>) {
        let (entries, faults) = entries(Path::new("kong.conf"), text);
        (
            entries.into_iter().map(|entry| (entry.line, entry.key, entry.value)).collect(),
            faults.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn comments_blank_lines_and_escaped_hashes_are_read_as_kong_reads_them() {
        let (entries, faults) = parsed("# top\n\n  log_level = debug   # why\nproxy_url=http://a/\\#b\n");
        assert_eq!(
            entries,
            [
                (3, "log_level".to_owned(), "debug".to_owned()),
                (4, "proxy_url".to_owned(), "http://a/#b".to_owned())
            ]
        );
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn a_value_may_hold_an_equals_sign() {
        let (entries, _) = parsed("proxy_listen = 0.0.0.0:8000 backlog=16384");
        assert_eq!(entries, [(1, "proxy_listen".to_owned(), "0.0.0.0:8000 backlog=16384".to_owned())]);
    }

    #[test]
    fn every_line_that_is_no_setting_is_named() {
        let (_, faults) =
            parsed("prefix\nlog_level = \"debug\"\nlog_level = info\nlog_level = warn\n[proxy]\n");
        assert_eq!(
            faults,
            [
                "kong.conf:1: the line is not of the form key = value",
                "kong.conf:2: log_level: values are written without quotes",
                "kong.conf:4: log_level: set twice; the first time in line 3",
                "kong.conf:5: the line is not of the form key = value",
            ]
        );
    }
}
