//! Whether each case of the table has a test, by the tests' own names.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The table of cases: id, group, case, expected.
const CASES: &str = include_str!("cases.tsv");

/// Cases without a test in this suite, and why.
const ELSEWHERE: [(&str, &str); 6] = [
    ("RP-18", "needs the shared store: the suite of nodes on one Redis"),
    ("RP-19", "needs the shared store: the suite of nodes on one Redis"),
    ("RP-22", "needs the shared store and two clocks: the suite of nodes on one Redis"),
    ("RP-24", "a million signatures: benches, and the store's own tests"),
    ("OP-02", "counts by reason are not there yet"),
    ("OP-07", "a load of a minute: benches"),
];

/// Each id of the table with its group.
fn table() -> BTreeMap<&'static str, &'static str> {
    CASES
        .lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<_> = line.split('\t').collect();
            assert_eq!(columns.len(), 4, "{line}");
            (columns[0], columns[1])
        })
        .collect()
}

/// Each test of this program: its module, and the id that its name begins with.
fn tests() -> BTreeSet<(String, String)> {
    let own = std::env::current_exe().unwrap();
    let listed = Command::new(own).args(["--list", "--format", "terse"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .filter_map(|path| {
            let (module, name) = path.rsplit_once("::")?;
            let mut words = name.split('_');
            let (letters, number) = (words.next()?, words.next()?);
            let is_id = letters.len() == 2 && number.len() == 2 && number.parse::<u8>().is_ok();
            is_id.then(|| (module.to_owned(), format!("{}-{number}", letters.to_ascii_uppercase())))
        })
        .collect()
}

#[test]
fn every_case_has_a_test() {
    let (table, tests) = (table(), tests());
    assert!(table.len() > 280, "{}", table.len());
    let covered: BTreeSet<&str> = tests.iter().map(|(_, id)| id.as_str()).collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(id, _)| *id).collect();
    let missing: Vec<_> =
        table.keys().filter(|id| !covered.contains(*id) && !elsewhere.contains(*id)).collect();
    assert!(missing.is_empty(), "cases without a test: {missing:?}");
    let both: Vec<_> = covered.intersection(&elsewhere).collect();
    assert!(both.is_empty(), "excused, and yet they have a test: {both:?}");
    assert!(elsewhere.iter().all(|id| table.contains_key(id)), "an excuse for no case");
}

#[test]
fn every_test_stands_with_its_group() {
    let table = table();
    for (module, id) in tests() {
        let group = table.get(id.as_str()).map(|group| group.replace('-', "_"));
        assert_eq!(group.as_deref(), Some(module.as_str()), "{id}");
    }
}

#[test]
fn what_the_reference_names_is_there() {
    const PAGE: &str = include_str!("../../docs/reference/conformance.md");
    let known: BTreeSet<String> =
        tests().into_iter().map(|(_, id)| id.to_ascii_lowercase().replace('-', "_")).collect();
    let named: BTreeSet<String> = PAGE
        .split('`')
        .filter(|word| word.len() == 5 && word.as_bytes()[2] == b'_' && word[3..].parse::<u8>().is_ok())
        .map(ToOwned::to_owned)
        .collect();
    assert!(named.is_subset(&known), "{:?}", named.difference(&known));
    assert!(known.is_subset(&named), "without a rule: {:?}", known.difference(&named));
}
