//! `keybound dpop` as a person runs it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

mod process;
use process::{error_lines, finished};

const URL: &str = "https://api.example/orders";

fn printed(arguments: &[&str]) -> String {
    let output = finished(arguments, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn new_key(folder: &Path, name: &str, algorithm: &str) -> String {
    let path = folder.join(name).display().to_string();
    printed(&["dpop", "key", "--alg", algorithm, "--out", &path]);
    path
}

#[test]
fn a_key_is_a_set_of_one_private_jwk_with_use_and_alg_in_a_file_of_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in ["ES256", "ES384", "ES512", "PS256", "RS256", "EdDSA"] {
        let path = new_key(folder.path(), algorithm, algorithm);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let set: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let key = &set["keys"][0];
        assert_eq!((key["use"].as_str(), key["alg"].as_str()), (Some("sig"), Some(algorithm)));
        assert!(key["d"].is_string() && key["kid"].as_str().unwrap().len() == 43, "{key}");
    }
    let bare: Value = serde_json::from_str(&printed(&["dpop", "key", "--jwk"])).unwrap();
    assert_eq!(bare["kty"], "EC");
}

#[test]
fn a_key_file_that_is_there_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = new_key(folder.path(), "key.json", "ES256");
    let before = std::fs::read(&path).unwrap();
    let output = finished(&["dpop", "key", "--out", &path], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(error_lines(&output), [format!("keybound: {path}: File exists (os error 17)")]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_signed_proof_passes_inspection_and_another_url_fails_it_with_the_gateways_code() {
    let folder = tempfile::tempdir().unwrap();
    for algorithm in ["ES256", "PS256", "EdDSA"] {
        let key = new_key(folder.path(), algorithm, algorithm);
        let proof = printed(&[
            "dpop",
            "proof",
            "--key",
            &key,
            "--url",
            &format!("{URL}?q=1#top"),
            "--token",
            "t0k3n",
        ]);
        let proof = proof.trim();
        let inspect = |url: &str, token: &str| {
            finished(&["dpop", "inspect", proof, "--method", "GET", "--url", url, "--token", token], &[])
        };
        let good = inspect(URL, "t0k3n");
        let page = String::from_utf8(good.stdout).unwrap();
        assert_eq!(good.status.code(), Some(0), "{page}");
        assert!(page.contains(&format!("\"htu\": \"{URL}\"")), "{page}");
        let bad = inspect("https://api.example/prices", "t0k3n");
        let page = String::from_utf8(bad.stdout).unwrap();
        assert_eq!(bad.status.code(), Some(1), "{page}");
        assert!(page.contains("refused: proof_htu_mismatch"), "{page}");
        assert!(
            page.contains("expected htu https://api.example/prices, received https://api.example/orders"),
            "{page}"
        );
        let other = String::from_utf8(inspect(URL, "an0th3r").stdout).unwrap();
        assert!(other.contains("refused: proof_ath_mismatch"), "{other}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    let name = path.display().to_string();
    let proof = || error_lines(&finished(&["dpop", "proof", "--key", &name, "--url", URL], &[]));
    assert_eq!(proof(), [format!("keybound: {name}: No such file or directory (os error 2)")]);
    std::fs::write(&path, "{").unwrap();
    assert_eq!(
        proof(),
        [format!("keybound: {name}: not JSON: EOF while parsing an object at line 1 column 1")]
    );
    std::fs::write(&path, "{\"keys\":[]}").unwrap();
    assert_eq!(proof(), [format!("keybound: {name}: neither a JWK nor a JWK set with a signing key")]);
    let lines = error_lines(&finished(&["dpop", "key", "--alg", "HS256"], &[]));
    assert_eq!(
        lines,
        [
            "keybound: --alg: 'HS256' is not an algorithm for proofs: one of ES256, ES384, ES512, PS256, PS384, PS512, \
          RS256, RS384, RS512, EdDSA, Ed25519"
        ]
    );
}
