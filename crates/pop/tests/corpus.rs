//! Every committed fuzz input once more, on the stable toolchain. The bodies are those of the fuzz targets.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the last line names the input that failed")]

#[path = "../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, clippy::panic, reason = "the fuzz crate's own, which is a library there")]
mod bodies;

use std::fs;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Runs a body over its folder of the corpus; how many inputs there were.
fn replay(name: &str, body: fn(&[u8])) -> usize {
    let mut inputs = 0;
    for entry in fs::read_dir(fuzz().join("corpus").join(name)).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        body(&fs::read(&path).unwrap());
        inputs += 1;
    }
    inputs
}

#[test]
fn every_input_of_the_corpus_keeps_what_its_target_asserts() {
    for (name, body) in bodies::TARGETS {
        assert!(replay(name, body) >= 10, "{name} has a corpus");
    }
}

#[test]
fn every_fuzz_target_is_replayed() {
    let files = fs::read_dir(fuzz().join("fuzz_targets")).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, bodies::TARGETS.map(|(name, _)| name));
}

#[test]
fn the_empty_input_and_every_single_byte_do_no_harm() {
    for (_, body) in bodies::TARGETS {
        body(&[]);
        (0..=255).for_each(|byte| body(&[byte]));
    }
}
