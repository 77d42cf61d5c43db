//! `anonymous`: who becomes the anonymous consumer, and who never does.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Client, Company, NOBODY, URL};

async fn gate(changes: Value) -> Company {
    let mut config = json!({"anonymous": "nobody"});
    config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    Company::with(config).await
}

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

/// Asserts that a request goes on as the anonymous consumer, without any token.
#[track_caller]
fn is_anonymous(passed: &crate::support::Passed) {
    assert_eq!(passed.field("x-consumer-id"), Some(NOBODY.to_string().as_str()));
    assert_eq!(passed.field("x-consumer-username"), Some("nobody"));
    assert_eq!(passed.field("x-anonymous-consumer"), Some("true"));
    assert_eq!(passed.field("x-credential-identifier"), None);
    assert_eq!(passed.field("x-marker"), Some("nobody"));
    assert!(!passed.notes.identity.authenticated);
    assert_eq!(passed.field("authorization"), None);
}

#[tokio::test]
async fn who_has_no_good_token_becomes_the_anonymous_consumer_and_brings_no_token_along() {
    let gate = gate(json!({})).await;
    is_anonymous(&gate.permit(Call::get(URL)).await);
    let expired = gate.provider.token(gate.now(), json!({"exp": gate.now() - 1}));
    let stranger = gate.provider.token(gate.now(), json!({"iss": "https://evil.example"}));
    let cut = gate.bearer().rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    for (token, code) in [
        (expired.as_str(), "token_expired"),
        (&stranger, "token_issuer"),
        (&cut, "token_signature"),
        ("no", "token_inactive"),
    ] {
        let passed = gate.permit(bearer(token).header("x-credential-identifier", "forged")).await;
        is_anonymous(&passed);
        assert_eq!(passed.notes.noticed, [code]);
        let passed = gate.permit(Call::get(URL).header("x-access-token", token)).await;
        is_anonymous(&passed);
        assert_eq!(passed.field("x-access-token"), None);
        let passed = gate.permit(Call::get(&format!("{URL}?a=1&access_token={token}"))).await;
        is_anonymous(&passed);
        assert_eq!(passed.head.query.as_deref(), Some("a=1"));
        let form = format!("a=1&access_token={token}");
        let passed = gate
            .permit(Call::new(http::Method::POST, URL).body("application/x-www-form-urlencoded", &form))
            .await;
        is_anonymous(&passed);
        assert_eq!(passed.body, "a=1");
    }
}

#[tokio::test]
async fn a_token_in_a_place_that_is_not_looked_at_does_not_pass_for_one_that_was() {
    let gate =
        gate(json!({"bearer_token_header_name": "x-token", "upstream_access_token_header": "x-checked"}))
            .await;
    let forged = gate.bearer();
    let call = bearer(&forged)
        .header("authorization", "Basic YTpi")
        .header("x-checked", &forged)
        .header("dpop", "x");
    let passed = gate.permit(call).await;
    assert_eq!(passed.field("authorization"), Some("Basic YTpi"), "another scheme is for another plugin");
    assert_eq!(passed.field("x-checked"), None);
    assert_eq!(passed.field("dpop"), None);
    assert_eq!(passed.field("x-anonymous-consumer"), Some("true"));
}

#[tokio::test]
async fn a_bare_value_does_not_pass_for_the_bare_token_that_the_upstream_expects() {
    let gate = gate(json!({"upstream_access_token_header": "authorization"})).await;
    let passed = gate.permit(Call::get(URL).header("authorization", &gate.bearer())).await;
    is_anonymous(&passed);
}

#[tokio::test]
async fn where_a_key_or_a_proof_is_at_fault_nobody_becomes_anonymous() {
    let client = Client::new();
    let gate = gate(json!({"proof_of_possession_dpop": "optional"})).await;
    let token = gate.bound(&client);
    gate.refuse(bearer(&token)).await.is_dpop("binding_downgrade", "invalid_token");
    let dpop = |token: &str| Call::get(URL).header("authorization", &format!("DPoP {token}"));
    gate.refuse(dpop(&token)).await.is_dpop("proof_missing", "invalid_dpop_proof");
    let other = Client::new().proof(gate.now(), &token);
    gate.refuse(dpop(&token).header("dpop", &other)).await.is_dpop("proof_key_mismatch", "invalid_token");
    let replayed = gate.dpop(&client, &token);
    let proof = client.proof(gate.now(), &token);
    gate.permit(replayed).await;
    gate.permit(dpop(&token).header("dpop", &proof)).await;
    gate.refuse(dpop(&token).header("dpop", &proof)).await.is_dpop("proof_replayed", "invalid_dpop_proof");
    let unreadable = gate.provider.token(gate.now(), json!({"cnf": {}}));
    let refused = gate.refuse(bearer(&unreadable)).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.code, "token_cnf_empty");
}

#[tokio::test]
async fn a_client_hears_of_the_nonce_it_has_to_use() {
    let client = Client::new();
    let gate = gate(json!({"proof_of_possession_dpop": "strict", "dpop_use_nonce": true})).await;
    let token = gate.bound(&client);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!(refused.challenge_error("DPoP"), Some("use_dpop_nonce"));
    assert_eq!(refused.all("dpop-nonce").len(), 1);
    is_anonymous(&gate.permit(Call::get(URL)).await);
}

#[tokio::test]
async fn a_plain_token_where_keys_are_demanded_is_refused() {
    let gate = gate(json!({"proof_of_possession_dpop": "strict"})).await;
    let refused = gate.refuse(bearer(&gate.bearer())).await;
    assert_eq!(
        (refused.status, refused.challenge_error("DPoP")),
        (StatusCode::UNAUTHORIZED, Some("invalid_token"))
    );
}

#[tokio::test]
async fn who_is_known_and_may_not_stays_forbidden() {
    let gate = gate(json!({"scopes_required": ["write"], "consumer_claims": [["sub"]]})).await;
    let token = gate.provider.token(gate.now(), json!({"scope": "read"}));
    assert_eq!(gate.refuse(bearer(&token)).await.code, "authorization_scope");
    let token = gate.provider.token(gate.now(), json!({"scope": "write", "sub": "stranger"}));
    assert_eq!(gate.refuse(bearer(&token)).await.code, "authorization_consumer");
}

#[tokio::test]
async fn broken_credentials_and_a_broken_provider_are_not_anonymous() {
    let gate = gate(json!({})).await;
    let twice = bearer("a").header("authorization", "Bearer b");
    let refused = gate.refuse(twice).await;
    assert_eq!((refused.status, refused.code), (StatusCode::BAD_REQUEST, "credential_repeated"));
    gate.provider.answer("opaque", Answer::Status(500, "{}"));
    let refused = gate.refuse(bearer("opaque")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.challenges(), Vec::<&str>::new());
}

#[tokio::test]
async fn an_anonymous_consumer_that_is_not_there_is_our_fault() {
    let gate = gate(json!({"anonymous": "ghost"})).await;
    let refused = gate.refuse(Call::get(URL)).await;
    assert_eq!((refused.status, refused.code), (StatusCode::INTERNAL_SERVER_ERROR, "anonymous_unknown"));
    assert_eq!(refused.message, "anonymous consumer ghost is unknown/does not exist");
    assert_eq!(refused.challenges(), Vec::<&str>::new());
    // By id too.
    let gate = self::gate(json!({"anonymous": NOBODY})).await;
    is_anonymous(&gate.permit(Call::get(URL)).await);
}

#[tokio::test]
async fn one_of_two_ways_to_authenticate_is_enough() {
    let key_auth = [("key-auth", json!({"anonymous": "nobody"}))];
    let gate = Company::beside(json!({"anonymous": "nobody", "consumer_claims": [["sub"]]}), key_auth).await;
    // Known by its key: the token is not looked at, and does not pass for one that was.
    let passed = gate.permit(bearer("bad").header("apikey", "johns")).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_eq!(passed.field("x-anonymous-consumer"), None);
    assert_eq!(passed.field("authorization"), None);
    // Known by its token only.
    let passed = gate.permit(bearer(&gate.bearer())).await;
    assert_eq!(passed.field("x-consumer-username"), Some("john"));
    assert_eq!(passed.field("x-credential-identifier"), Some("john"));
    assert_eq!(passed.field("x-anonymous-consumer"), None);
    assert_eq!(passed.field("x-marker"), Some("john"));
    is_anonymous(&gate.permit(Call::get(URL)).await);
}
