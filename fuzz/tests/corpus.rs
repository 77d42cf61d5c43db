//! Every committed fuzz input once more, without a fuzzer. The bodies are those of the fuzz targets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the last line names the input that failed")]

use std::fs;
use std::path::{Path, PathBuf};

/// Most bytes of all of the corpus.
const LARGEST: u64 = 200 * 1024;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The inputs of a target.
fn inputs(name: &str) -> Vec<PathBuf> {
    fs::read_dir(corpus().join(name)).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_input_of_the_corpus_keeps_what_its_target_asserts() {
    for (name, body) in bodies::TARGETS {
        let inputs = inputs(name);
        assert!(inputs.len() >= 5, "{name} has a corpus");
        for path in inputs {
            println!("{}", path.display());
            body(&fs::read(&path).unwrap());
        }
    }
}

#[test]
fn every_folder_of_the_corpus_has_its_target_and_all_of_it_is_small() {
    let mut folders: Vec<String> = fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, bodies::TARGETS.map(|(name, _)| name));
    let size: u64 =
        folders.iter().flat_map(|name| inputs(name)).map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(size < LARGEST, "{size} bytes");
}

#[test]
fn the_empty_input_and_every_single_byte_do_no_harm() {
    for (_, body) in bodies::TARGETS {
        body(&[]);
        (0..=255).for_each(|byte| body(&[byte]));
    }
}
