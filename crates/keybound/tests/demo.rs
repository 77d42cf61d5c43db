//! `keybound demo` as a person runs it.

mod process;
use process::finished;

#[test]
fn the_demo_walks_its_story_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let output = finished(&["demo"], &[("TMPDIR", &folder.path().display().to_string())]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "   upstream  saw GET /anything/orders",
        "   reason    proof_missing",
        "   reason    proof_key_mismatch",
        "   reason    proof_htu_mismatch",
        "   upstream  saw nothing",
        "All 10 steps ended as they should",
    ] {
        assert!(text.contains(line), "{line:?} is not in:\n{text}");
    }
    assert!(!text.contains("SURPRISE") && !text.contains('\u{1b}'), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the temporary prefix was removed");
}
