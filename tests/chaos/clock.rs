//! A clock that steps under the running gateway: an hour ahead, and back.

use std::path::PathBuf;

use keybound_suites::{Stage, debian, now, unique};
use serde_json::json;

use crate::told;

const HOUR: i64 = 3600;

/// libfaketime, which answers for the clock.
fn library() -> PathBuf {
    debian::installed("libfaketime", || {
        ["x86_64-linux-gnu", "aarch64-linux-gnu"]
            .iter()
            .map(|machine| PathBuf::from(format!("/usr/lib/{machine}/faketime/libfaketimeMT.so.1")))
            .find(|file| file.is_file())
    })
}

#[test]
#[ignore = "installs a package: cargo xtask chaos"]
fn when_the_clock_steps_proofs_are_judged_by_the_new_time_and_used_ones_stay_used() {
    let file = std::env::temp_dir().join(format!("keybound-clock-{}", unique()));
    let step = |seconds: i64| std::fs::write(&file, format!("{seconds:+}")).unwrap();
    step(0);
    let library = format!("LD_PRELOAD={}", library().display());
    let clock = format!("FAKETIME_TIMESTAMP_FILE={}", file.display());
    let program = ["env", &library, &clock, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"];
    let stage = Stage::start_under(&program, &[], json!({}));
    // A token that holds all the time.
    let token = stage.provider.token(json!({
        "iat": now() - 2 * HOUR, "exp": now() + 3 * HOUR, "cnf": { "jkt": stage.client.jkt() },
    }));
    let client = stage.client.holding(token.clone());
    let at =
        |offset: i64| stage.proved(&client, "GET", Stage::PATH, json!({}), json!({ "iat": now() + offset }));
    let used = at(0);
    stage.forwarded("before the step", &used, &token);
    stage.refused("used twice", &used, "invalid_dpop_proof", "proof_replayed");

    step(HOUR);
    stage.refused("an hour ahead, a proof of before", &at(0), "invalid_dpop_proof", "proof_iat_too_old");
    stage.forwarded("an hour ahead, a proof of then", &at(HOUR), &token);
    stage.refused("an hour ahead, the used one", &used, "invalid_dpop_proof", "proof_iat_too_old");

    step(0);
    stage.refused("back again, the used one", &used, "invalid_dpop_proof", "proof_replayed");
    stage.refused(
        "back again, a proof of an hour ahead",
        &at(HOUR),
        "invalid_dpop_proof",
        "proof_iat_too_new",
    );

    step(-HOUR);
    stage.refused("an hour back, a proof of now", &at(0), "invalid_dpop_proof", "proof_iat_too_new");
    stage.forwarded("an hour back, a proof of then", &at(-HOUR), &token);
    let _ = std::fs::remove_file(&file);
    told(
        "clock steps: an hour ahead, back, and an hour back",
        "401 with a challenge for proofs that are not of the new time, 200 for those that are",
        "nothing: a used proof stayed used",
    );
}
