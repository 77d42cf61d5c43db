//! Running it: logs, reloads, and configurations that make no sense.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keybound_suites::{Gateway, Stage};
use serde_json::json;

use crate::stage;

#[test]
fn op_03_nothing_secret_is_logged_and_the_reason_is() {
    let stage = stage();
    let client = stage.provider.client();
    let good = stage.by(&client, "GET", Stage::PATH);
    stage.forwarded("OP-03", &good, &client.token);
    stage.refused("OP-03", &good, "invalid_dpop_proof", "proof_replayed");
    let (jkt, x) = (client.jkt(), client.key.public().to_jwk()["x"].as_str().unwrap().to_owned());
    let says = |log: &str| log.lines().any(|line| line.contains(&jkt) && line.contains("proof_replayed"));
    let (since, mut log) = (Instant::now(), String::new());
    // A line is written after its answer was sent, and other tests share the gateway.
    while !says(&log) && since.elapsed() < Duration::from_secs(20) {
        thread::yield_now();
        log = stage.gateway.log();
    }
    assert!(says(&log), "no line for {jkt}");
    let proof = String::from_utf8(good.bytes()).unwrap();
    let proof = proof.lines().find_map(|line| line.strip_prefix("DPoP: ")).unwrap().to_owned();
    for secret in [&client.token, &proof, &x] {
        let part = &secret[secret.len() - 40..];
        assert!(!log.contains(part), "{part} was logged");
    }
}

#[test]
fn op_04_a_new_configuration_drops_no_request_and_forgets_no_proof() {
    let stage = Stage::start(json!({}));
    let before = stage.good();
    stage.forwarded("before", &before, &stage.client.token);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let running: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut sent = 0;
                    while !done.load(Ordering::Relaxed) || sent < 5 {
                        stage.forwarded("during", &stage.good(), &stage.client.token);
                        sent += 1;
                    }
                })
            })
            .collect();
        for number in 0..10 {
            stage.guard(&format!("more-{number}"), &format!("/more-{number}"), json!({}));
        }
        done.store(true, Ordering::Relaxed);
        running.into_iter().for_each(|one| one.join().unwrap());
    });
    stage.refused("after", &before, "invalid_dpop_proof", "proof_replayed");
}

#[test]
fn op_05_configurations_that_make_no_sense_are_refused_by_name() {
    let usual = json!({ "issuer": stage().provider.issuer, "auth_methods": ["bearer"], "proof_of_possession_dpop": "strict" });
    for (field, value) in [
        ("dpop_public_origins", json!(["ftp://api.example"])),
        ("dpop_public_origins", json!(["https://api.example/?a"])),
        ("dpop_public_origins", json!(["api.example"])),
        ("dpop_signing_algorithms", json!(["none"])),
        ("dpop_signing_algorithms", json!(["HS256"])),
        ("dpop_proof_lifetime", json!(0)),
        ("dpop_proof_leeway", json!(-1)),
        ("dpop_nonce_rotation", json!(301)),
        ("dpop_replay_protection", json!("sometimes")),
        ("proof_of_possession_dpop", json!("required")),
        ("access_token_types", json!(["dpop+jwt"])),
        ("access_token_algorithms", json!(["none"])),
        ("no_such_field", json!(1)),
    ] {
        let mut config = usual.clone();
        config[field] = value.clone();
        let answer = stage()
            .gateway
            .admin
            .post("/routes/guarded/plugins", &json!({ "name": "openid-connect", "config": config }));
        assert_eq!(answer.status, 400, "{field} {value}: {answer:?}");
        assert!(answer.body.contains(field), "{field} {value}: {answer:?}");
    }
}

#[test]
fn op_05_a_file_that_makes_no_sense_starts_nothing_and_names_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kong.yml");
    let text = "\
_format_version: \"3.0\"
services:
- name: guarded
  url: http://127.0.0.1:9/
  plugins:
  - name: openid-connect
    config:
      issuer: http://127.0.0.1:9
      auth_methods: [bearer]
      dpop_public_origins: [\"ftp://api.example\"]
";
    std::fs::write(&file, text).unwrap();
    let settings = [("database", "off"), ("declarative_config", file.to_str().unwrap())];
    let log = Gateway::try_start(&settings).expect_err("it does not start");
    assert!(log.contains("kong.yml:10:") && log.contains("dpop_public_origins"), "{log}");
}

#[test]
fn op_06_a_refusal_says_what_time_it_is() {
    let stale = stage().differing(json!({}), json!({ "iat": 1 }));
    let answer = stage().refused("OP-06", &stale, "invalid_dpop_proof", "proof_iat_too_old");
    let date = answer.all("date");
    assert!(date.len() == 1 && date[0].ends_with(" GMT"), "{answer:?}");
}
