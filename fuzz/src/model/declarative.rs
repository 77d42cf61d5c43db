//! Any text as a declarative file.

use keybound_model::catalog::NoPlugins;
use keybound_model::declarative::{export, parse};
use keybound_model::entity;

const NOW: i64 = 1_800_000_000;

/// A file that is taken gives the same records when its export is read; one that is refused says where.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text, "fuzz.yml", NOW, &NoPlugins) {
        Ok(declared) => {
            let records = declared.records.iter().flat_map(|(name, records)| {
                let descriptor = entity::by_name(name).expect("a kind that is known");
                records.iter().map(move |record| (descriptor, record))
            });
            let written = export(records, NOW);
            let again = parse(&written, "export.yml", NOW, &NoPlugins);
            let again = again.unwrap_or_else(|fault| panic!("its export is read: {fault}\n{written}"));
            assert_eq!(again.records, declared.records, "{written}");
        }
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
}
