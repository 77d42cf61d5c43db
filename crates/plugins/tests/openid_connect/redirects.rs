//! Redirects in place of refusals.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Call, Client, Company, URL};

async fn gate(changes: Value) -> Company {
    let mut config = json!({
        "unauthorized_redirect_uri": ["https://a.example/login", "https://b.example/login"],
        "forbidden_redirect_uri": ["https://a.example/forbidden"],
        "unexpected_redirect_uri": ["https://a.example/sorry"],
    });
    config.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    Company::with(config).await
}

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn each_kind_of_refusal_leads_to_its_own_place() {
    let gate = gate(json!({"scopes_required": ["write"]})).await;
    gate.provider.answer("broken", Answer::Status(500, "{}"));
    for (call, status, place) in [
        (Call::get(URL), 401, "login"),
        (bearer("bad"), 401, "login"),
        (bearer(&gate.bearer()), 403, "forbidden"),
        (bearer("broken"), 503, "sorry"),
    ] {
        let refused = gate.refuse(call).await;
        assert_eq!((refused.status.as_u16(), refused.sent), (status, StatusCode::FOUND), "{place}");
        assert_eq!(refused.all("location"), [format!("https://a.example/{place}")]);
        // Neither a challenge nor a wait that would hold the browser up.
        assert_eq!(refused.headers.len(), 1, "{place}: {:?}", refused.headers);
    }
}

#[tokio::test]
async fn an_unknown_anonymous_consumer_is_unexpected() {
    let gate = gate(json!({"anonymous": "ghost"})).await;
    let refused = gate.refuse(Call::get(URL)).await;
    assert_eq!((refused.status.as_u16(), refused.sent), (500, StatusCode::FOUND));
    assert_eq!(refused.all("location"), ["https://a.example/sorry"]);
}

#[tokio::test]
async fn a_demand_for_a_nonce_is_never_redirected() {
    let client = Client::new();
    let gate = gate(json!({"proof_of_possession_dpop": "strict", "dpop_use_nonce": true})).await;
    let token = gate.bound(&client);
    let refused = gate.refuse(gate.dpop(&client, &token)).await;
    assert_eq!(refused.sent, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.challenge_error("DPoP"), Some("use_dpop_nonce"));
    assert_eq!(refused.all("dpop-nonce").len(), 1);
    assert_eq!(refused.all("location"), Vec::<&str>::new());
}

#[tokio::test]
async fn grpc_and_broken_requests_are_not_redirected() {
    let gate = gate(json!({})).await;
    let refused = gate.refuse(Call::get(URL).header("content-type", "application/grpc+proto")).await;
    assert_eq!((refused.sent, refused.code), (StatusCode::UNAUTHORIZED, "credential_missing"));
    let refused = gate.refuse(bearer("a").header("authorization", "Bearer b")).await;
    assert_eq!((refused.sent, refused.code), (StatusCode::BAD_REQUEST, "credential_repeated"));
    assert_eq!(refused.all("location"), Vec::<&str>::new());
}
