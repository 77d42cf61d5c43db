//! The fuzzer: one program for all targets, because their linking is dear. `KEYBOUND_FUZZ_TARGET` names the one to run.

#![no_main]

use std::sync::LazyLock;

static BODY: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("KEYBOUND_FUZZ_TARGET").unwrap_or_default();
    bodies::named(&wanted).unwrap_or_else(|| {
        eprintln!("KEYBOUND_FUZZ_TARGET={wanted}: there is no such target");
        std::process::exit(2)
    })
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| BODY(data));
