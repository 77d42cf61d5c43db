//! Any two lines as a claim and a request's URL.

use keybound_pop::htu::{self, Target};

/// A URL names itself; a normal form is its own normal form; and what names a target is equal to it part by part.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (claim, url) = text.split_once('\n').unwrap_or((text, text));
    let _ = htu::parse_authority(claim);
    if let Ok(path) = htu::normal_path(claim) {
        assert_eq!(htu::normal_path(&path).as_ref(), Ok(&path));
        assert!(path.starts_with('/') && path.is_ascii());
        assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")));
    }
    let Ok(target) = Target::parse(url) else { return };
    let written = target.to_string();
    assert_eq!(Target::parse(&written).as_ref(), Ok(&target), "{written}");
    assert_eq!(htu::compare(&written, &target, false), Ok(()));
    match htu::compare(claim, &target, false) {
        Ok(()) => assert_eq!(Target::parse(claim), Ok(target)),
        Err(_) => assert_ne!(Target::parse(claim), Ok(target)),
    }
}
