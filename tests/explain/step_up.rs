use keybound_suites::{Stage, now};
use serde_json::json;

#[test]
fn a_stale_login_is_sent_back_with_what_is_demanded() {
    let stage = Stage::start(json!({
        "proof_of_possession_dpop": "off", "max_age": 300, "acr_values_required": ["gold"],
    }));
    let send = |claims| {
        let token = stage.provider.token(claims);
        stage.send(&stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {token}")))
    };
    assert_eq!(send(json!({ "auth_time": now() - 10, "acr": "gold" })).status, 200);
    let before = stage.upstream.requests();
    for claims in [
        json!({ "auth_time": now() - 400, "acr": "gold" }),
        json!({ "auth_time": now(), "acr": "tin" }),
        json!({}),
    ] {
        let answer = send(claims);
        assert_eq!(answer.status, 401);
        let challenge = &answer.challenges()[0];
        assert_eq!(challenge.error.as_deref(), Some("insufficient_user_authentication"));
        assert!(challenge.text.contains("acr_values=\"gold\", max_age=\"300\""), "{challenge:?}");
    }
    assert_eq!(stage.upstream.requests(), before);
}
