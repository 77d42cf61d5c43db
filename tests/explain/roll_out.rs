use keybound_suites::{Request, Seen, Stage};
use serde_json::{Value, json};

use crate::{admin, counted, lines_with};

/// Changes the plugin of the guarded route.
fn change(stage: &Stage, config: &Value) {
    let plugins = admin(stage, "GET", "/routes/guarded/plugins", &Value::Null);
    let id = plugins["data"][0]["id"].as_str().unwrap();
    admin(stage, "PATCH", &format!("/plugins/{id}"), &json!({ "config": config }));
}

fn bearer(stage: &Stage, token: &str) -> Request {
    stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {token}"))
}

#[test]
fn from_off_to_strict_each_step_refuses_what_the_one_before_reported() {
    let stage = Stage::start(json!({ "proof_of_possession_dpop": "off" }));
    let plain = stage.provider.token(json!({ "client_id": "legacy" }));
    let count = |sample: &str| {
        let samples = counted(&stage);
        let found = samples.iter().find_map(|line| line.strip_prefix(sample)?.trim().parse::<u64>().ok());
        found.unwrap_or(0)
    };
    let of = |family: &str, label: &str, client: &str| {
        format!(
            "keybound_binding_{family}_total{{service=\"guarded\",route=\"guarded\",{label},client=\"{client}\"}}"
        )
    };
    let unbound = of("passed", "binding=\"none\"", "legacy");
    let reported = of("reported", "code=\"binding_dpop_required\"", "legacy");

    stage.forwarded("off", &bearer(&stage, &plain), &plain);
    assert_eq!((count(&unbound), count(&reported)), (1, 0));

    change(&stage, &json!({ "proof_of_possession_dpop": "strict", "proof_of_possession_report_only": true }));
    stage.forwarded("report: unbound", &bearer(&stage, &plain), &plain);
    stage.forwarded("report: bound with its key", &stage.good(), &stage.client.token);
    let stolen = stage.differing(json!({}), json!({ "htu": "https://other.example/" }));
    stage.forwarded("report: wrong proof", &stolen, &stage.client.token);
    assert_eq!((count(&unbound), count(&reported)), (1, 1));
    assert_eq!(count(&of("passed", "binding=\"dpop\"", "suite")), 1);
    assert_eq!(count(&of("reported", "code=\"proof_htu_mismatch\"", "suite")), 1);
    let lines: Vec<_> = lines_with(&stage, "code", 2)
        .into_iter()
        .filter(|line| line["message"] == "would have been refused")
        .map(|line| (line["code"].clone(), line["client_id"].clone(), line["received_htu"].clone()))
        .collect();
    assert_eq!(
        lines,
        [
            (json!("binding_dpop_required"), json!("legacy"), Value::Null),
            (json!("proof_htu_mismatch"), json!("suite"), json!("https://other.example/")),
        ]
    );
    let records = lines_with(&stage, "reported", 2);
    assert!(
        records
            .iter()
            .all(|record| record["status"] == 200 && record.get("fault").is_none_or(Value::is_null))
    );

    change(
        &stage,
        &json!({ "proof_of_possession_dpop": "optional", "proof_of_possession_report_only": false }),
    );
    stage.forwarded("optional: unbound", &bearer(&stage, &plain), &plain);
    assert_eq!(count(&unbound), 2);
    assert_eq!(stage.send(&bearer(&stage, &stage.client.token)).status, 401);
    assert_eq!(count(&of("refused", "code=\"binding_downgrade\"", "suite")), 1);

    change(&stage, &json!({ "proof_of_possession_dpop": "strict" }));
    stage.refused("strict", &bearer(&stage, &plain), "invalid_token", "binding_dpop_required");
    stage.forwarded("strict: bound", &stage.good(), &stage.client.token);
}

#[test]
fn under_report_only_a_nonce_is_handed_out_and_not_demanded() {
    let stage = Stage::start(json!({ "proof_of_possession_report_only": true, "dpop_use_nonce": true }));
    let answer = stage.send(&stage.good());
    let _ = Seen::of(&answer);
    let nonces = answer.all("dpop-nonce");
    assert_eq!((nonces.len(), answer.all("cache-control")), (1, vec!["no-store"]));
    stage.forwarded(
        "with it",
        &stage.differing(json!({}), json!({ "nonce": nonces[0] })),
        &stage.client.token,
    );
    let samples = counted(&stage);
    assert!(
        samples.iter().any(|line| line.contains("reported_total")
            && line.contains(r#"code="proof_nonce_missing",client="suite"} 1"#)),
        "{samples:?}"
    );
    assert!(samples.iter().any(|line| line.contains(r#"binding="dpop",client="suite"} 1"#)), "{samples:?}");
}
