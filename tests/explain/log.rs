use keybound_suites::{Stage, now};
use serde_json::json;

use crate::{counted, lines_with};

#[test]
fn the_access_record_of_a_refusal_says_what_was_expected_and_what_came() {
    let stage = Stage::start(json!({}));
    let url = "https://edge.example/elsewhere?access_token=secret#secret";
    let proof = stage.client.proof_with("GET", url, json!({}), json!({ "iat": now() - 5 }));
    stage.refused("another URL", &stage.request(&proof), "invalid_dpop_proof", "proof_htu_mismatch");
    let record = &lines_with(&stage, "fault", 1)[0];
    let thumbprint = stage.client.key.public().thumbprint().to_string();
    assert_eq!(record["fault"], "proof_htu_mismatch");
    assert_eq!(record["expected_htu"], stage.url(Stage::PATH));
    assert_eq!(record["received_htu"], "https://edge.example/elsewhere");
    assert_eq!((&record["jkt"], &record["proof_jkt"]), (&json!(thumbprint), &json!(thumbprint)));
    assert_eq!((&record["client_id"], &record["route"]), (&json!("suite"), &json!("guarded")));
    let difference = record["clock_difference"].as_i64().unwrap();
    assert!((-65..=-5).contains(&difference), "{record}");
    assert!(!record.to_string().contains("secret"), "{record}");
}

#[test]
fn what_a_client_sends_makes_no_line_of_its_own_and_no_long_one() {
    let stage = Stage::start(json!({}));
    let client = format!("app\r\n{{\"message\":\"forged\"}}{}", "x".repeat(5000));
    let jkt = stage.client.key.public().thumbprint().to_string();
    let token = stage.provider.token(json!({ "client_id": client, "cnf": { "jkt": jkt } }));
    let url = format!("https://edge.example/{}", "y".repeat(3000));
    let proof = stage.client.proof_with("GET", &url, json!({}), json!({}));
    let request =
        stage.bare("GET", Stage::PATH).field("Authorization", &format!("DPoP {token}")).field("DPoP", &proof);
    stage.refused("long", &request, "invalid_dpop_proof", "proof_htu_mismatch");
    let record = &lines_with(&stage, "fault", 1)[0];
    assert_eq!(record["received_htu"].as_str().unwrap().len(), 259);
    assert_eq!(record["client_id"].as_str().unwrap().len(), 259);
    assert!(!stage.gateway.log().lines().any(|line| line.starts_with("{\"message\":\"forged")));
    // A name that no label bears is counted with the others.
    let samples = counted(&stage);
    assert!(
        samples.iter().any(|line| line.contains(r#"code="proof_htu_mismatch",client="(other)"} 1"#)),
        "{samples:?}"
    );
}
