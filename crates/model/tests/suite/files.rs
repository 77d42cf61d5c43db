//! The files in `tests/declarative`: what is beside each as `.txt` is what is said of it.

use std::fs;
use std::path::{Path, PathBuf};

use keybound_model::declarative;

use crate::catalog::{NOW, catalog};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/declarative");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// With `BLESS` in the environment the texts are written anew, to be read before they are committed.
#[test]
fn every_file_is_answered_by_the_text_beside_it() {
    let files = files();
    assert!(files.len() > 30, "{}", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let said = match declarative::parse(&fs::read_to_string(&file).unwrap(), name, NOW, &catalog()) {
            Ok(declared) => {
                let counts: Vec<String> = declared
                    .records
                    .iter()
                    .map(|(kind, records)| format!("{kind}: {}", records.len()))
                    .collect();
                format!("taken\n{}\n", counts.join("\n"))
            }
            Err(fault) => format!("{fault}\n\n{}\n", serde_json::to_string_pretty(&fault.fields()).unwrap()),
        };
        let beside = file.with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&beside, &said).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if said != expected {
            wrong.push(format!("{name}:\n{said}\ninstead of\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
