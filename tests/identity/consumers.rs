use serde_json::{Value, json};

use crate::{bearer, create, stage};
use keybound_suites::Seen;

#[test]
fn a_limit_of_one_consumer_is_for_whom_the_claim_names() {
    let stage = stage(json!({ "consumer_claims": [["preferred_username"]], "consumer_optional": true }));
    create(&stage, "/consumers", json!({ "username": "john", "custom_id": "c-1" }));
    create(
        &stage,
        "/consumers/john/plugins",
        json!({ "name": "rate-limiting", "config": { "year": 1, "policy": "local" } }),
    );
    let john = json!({ "preferred_username": "john" });
    let answer = stage.send(&bearer(&stage, john.clone()));
    let seen = Seen::of(&answer);
    assert_eq!(seen.all("x-consumer-username"), ["john"]);
    assert_eq!(seen.all("x-consumer-custom-id"), ["c-1"]);
    assert_eq!(seen.all("x-credential-identifier"), ["suite"]);
    assert_eq!(stage.send(&bearer(&stage, john)).status, 429);
    for _ in 0..3 {
        let answer = stage.send(&bearer(&stage, json!({ "preferred_username": "jane" })));
        assert_eq!(Seen::of(&answer).all("x-consumer-username"), Vec::<&str>::new());
    }
}

#[test]
fn a_limit_of_a_group_is_for_whom_the_claim_puts_into_it() {
    let stage = stage(json!({ "consumer_groups_claim": ["plan"], "consumer_groups_optional": true }));
    create(&stage, "/consumer_groups", json!({ "name": "trial" }));
    create(
        &stage,
        "/plugins",
        json!({
            "name": "rate-limiting", "consumer_group": { "name": "trial" },
            "config": { "year": 1, "policy": "local", "limit_by": "credential" },
        }),
    );
    let of = |plan: Value| bearer(&stage, json!({ "plan": plan }));
    assert_eq!(stage.send(&of(json!(["trial"]))).status, 200);
    assert_eq!(stage.send(&of(json!("trial"))).status, 429);
    assert_eq!(stage.send(&of(json!("paid"))).status, 200);
    assert_eq!(stage.send(&of(json!(null))).status, 200);
}

#[test]
fn acl_takes_the_groups_of_a_claim() {
    let stage = stage(json!({ "authenticated_groups_claim": ["realm_access", "roles"] }));
    create(&stage, "/routes/guarded/plugins", json!({ "name": "acl", "config": { "allow": ["editors"] } }));
    let with = |roles: Value| bearer(&stage, json!({ "realm_access": { "roles": roles } }));
    let answer = stage.send(&with(json!(["users", "editors"])).field("X-Authenticated-Groups", "admin"));
    assert_eq!(Seen::of(&answer).all("x-authenticated-groups"), ["users, editors"]);
    for roles in [json!(["users"]), json!([]), json!(null), json!(["all editors"])] {
        let answer = stage.send(&with(roles.clone()).field("X-Authenticated-Groups", "editors"));
        assert_eq!(answer.status, 403, "{roles}: {answer:?}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["message"], "You cannot consume this service");
    }
}

#[test]
fn a_token_that_names_no_consumer_is_forbidden() {
    let stage = stage(json!({ "consumer_claims": [["preferred_username"]] }));
    let before = stage.upstream.requests();
    let answer = stage.send(&bearer(&stage, json!({ "preferred_username": "stranger" })));
    assert_eq!(answer.status, 403, "{answer:?}");
    let challenges = answer.challenges();
    assert_eq!(challenges.len(), 1);
    assert_eq!(
        (challenges[0].scheme.as_str(), challenges[0].error.as_deref()),
        ("Bearer", Some("insufficient_scope"))
    );
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&body["message"], &body["code"]), (&json!("Forbidden"), &json!("authorization_consumer")));
    assert_eq!(stage.upstream.requests(), before);
}
