//! Who calls, by the claims of the token: consumer, groups, credential; and what plugins behind then do.

use http::StatusCode;
use serde_json::json;

use crate::support::{Answer, Call, Company, JOHN, Refused, URL};

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

/// Asserts a 403 with this code and the challenge of the scheme that was used.
#[track_caller]
fn is_forbidden(refused: &Refused, code: &str) {
    assert_eq!((refused.status, refused.code), (StatusCode::FORBIDDEN, code));
    assert_eq!(refused.challenge_error("Bearer"), Some("insufficient_scope"));
    assert_eq!(refused.message, "Forbidden");
}

#[tokio::test]
async fn a_claim_names_the_consumer_and_the_upstream_is_told() {
    let gate = Company::with(json!({"consumer_claims": [["user", "id"], ["sub"]]})).await;
    let token = gate.provider.token(gate.now(), json!({"user": {"id": "c-1"}, "sub": "someone"}));
    let passed = gate.permit(bearer(&token)).await;
    assert_eq!(passed.field("x-consumer-id"), Some(JOHN.to_string().as_str()));
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_eq!(passed.field("x-consumer-custom-id"), Some("c-1"));
    assert_eq!(passed.field("x-credential-identifier"), Some("someone"));
    assert_eq!(passed.field("x-anonymous-consumer"), None);
    assert_eq!(passed.field("x-marker"), Some("john"));
}

#[tokio::test]
async fn a_token_that_names_nobody_is_forbidden_unless_that_is_allowed() {
    let config = |optional| json!({"consumer_claims": [["sub"]], "consumer_optional": optional});
    let gate = Company::with(config(false)).await;
    let token = gate.provider.token(gate.now(), json!({"sub": "stranger"}));
    is_forbidden(&gate.refuse(bearer(&token)).await, "authorization_consumer");
    let gate = Company::with(config(true)).await;
    let token = gate.provider.token(gate.now(), json!({"sub": "stranger"}));
    let passed = gate.permit(bearer(&token)).await;
    assert_eq!(passed.field("x-consumer-id"), None);
    assert_eq!(passed.field("x-credential-identifier"), Some("stranger"));
}

#[tokio::test]
async fn a_claim_of_groups_decides_which_plugins_run_and_who_has_no_consumer_too() {
    let gate = Company::with(json!({"consumer_groups_claim": ["plan"]})).await;
    let token = |plan| gate.provider.token(gate.now(), json!({"plan": plan}));
    assert_eq!(gate.permit(bearer(&token(json!(["gold", "x"])))).await.field("x-marker"), Some("gold"));
    assert_eq!(gate.permit(bearer(&token(json!("silver")))).await.field("x-marker"), None);
    is_forbidden(&gate.refuse(bearer(&token(json!("x")))).await, "authorization_consumer_group");
    is_forbidden(&gate.refuse(bearer(&token(json!(null)))).await, "authorization_consumer_group");
}

#[tokio::test]
async fn acl_takes_the_groups_of_the_claim_or_of_the_consumer() {
    let acl = || [("acl", json!({"allow": ["staff"]}))];
    let gate = Company::beside(json!({"authenticated_groups_claim": ["groups"]}), acl()).await;
    let token = |claims| gate.provider.token(gate.now(), claims);
    let passed = gate.permit(bearer(&token(json!({"groups": ["staff", "a, b"]})))).await;
    // A name with a comma would read as two groups.
    assert_eq!(passed.field("x-authenticated-groups"), Some("staff"));
    for claims in [json!({"groups": ["other staff"]}), json!({"groups": []}), json!({})] {
        let refused = gate.refuse(bearer(&token(claims)).header("x-authenticated-groups", "staff")).await;
        assert_eq!((refused.status, refused.code), (StatusCode::FORBIDDEN, "acl_forbidden"));
    }
    let gate = Company::beside(json!({"consumer_claims": [["sub"]]}), acl()).await;
    let token = gate.provider.token(gate.now(), json!({"sub": "john"}));
    assert_eq!(gate.permit(bearer(&token)).await.field("x-consumer-groups"), Some("staff"));
}

#[tokio::test]
async fn denied_groups_do_not_let_pass_who_has_no_claim_of_groups() {
    let acl = [("acl", json!({"deny": ["banned"]}))];
    let gate = Company::beside(json!({"authenticated_groups_claim": ["groups"]}), acl).await;
    let token = |claims| gate.provider.token(gate.now(), claims);
    gate.permit(bearer(&token(json!({"groups": ["staff"]})))).await;
    for claims in [json!({"groups": ["banned"]}), json!({}), json!({"groups": {"banned": true}})] {
        assert_eq!(gate.refuse(bearer(&token(claims))).await.code, "acl_forbidden");
    }
}

#[tokio::test]
async fn a_credential_that_would_read_as_anothers_is_not_told() {
    let gate = Company::with(json!({})).await;
    let token = gate.provider.token(gate.now(), json!({"sub": "john "}));
    let passed = gate.permit(bearer(&token).header("x-credential-identifier", "john")).await;
    assert_eq!(passed.field("x-credential-identifier"), None);
    assert_eq!(passed.notes.identity.credential.as_deref(), Some("john "));
}

#[tokio::test]
async fn groups_are_told_without_acl_too() {
    let gate = Company::with(json!({"authenticated_groups_claim": ["realm_access", "roles"]})).await;
    let token = gate.provider.token(gate.now(), json!({"realm_access": {"roles": ["a", "b"]}}));
    let passed = gate.permit(bearer(&token).header("x_authenticated_groups", "admin")).await;
    assert_eq!(passed.field("x-authenticated-groups"), Some("a, b"));
    assert_eq!(passed.field("x_authenticated_groups"), None);
}

#[tokio::test]
async fn an_introspected_token_names_its_consumer_too() {
    let gate = Company::with(json!({"consumer_claims": [["username"]]})).await;
    gate.provider.answer("opaque", Answer::Json(json!({"active": true, "username": "john", "sub": "7"})));
    let passed = gate.permit(bearer("opaque")).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_eq!(passed.field("x-credential-identifier"), Some("7"));
}

#[tokio::test]
async fn claims_of_the_token_come_before_those_of_the_answer() {
    let config =
        json!({"introspect_jwt_tokens": true, "consumer_claims": [["user"]], "credential_claim": ["sub"]});
    let gate = Company::with(config).await;
    let token = gate.provider.token(gate.now(), json!({"sub": "of the token"}));
    let answer = json!({"active": true, "user": "john", "sub": "of the answer"});
    gate.provider.answer(&token, Answer::Json(answer));
    let passed = gate.permit(bearer(&token)).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_eq!(passed.field("x-credential-identifier"), Some("of the token"));
}

#[tokio::test]
async fn a_consumer_of_another_plugin_stays_where_the_claims_say_nothing() {
    let gate = Company::beside(json!({}), [("key-auth", json!({}))]).await;
    let passed = gate.permit(bearer(&gate.bearer()).header("apikey", "johns")).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_ne!(passed.field("x-credential-identifier"), Some("john"), "the key, not the token's subject");
}
