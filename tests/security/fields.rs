use keybound_suites::Stage;
use serde_json::json;

#[test]
fn a_connection_field_cannot_take_credentials_away() {
    let stage = Stage::start(json!({}));
    for nominated in [
        "Authorization",
        "DPoP",
        "close, authorization",
        "Host",
        "Cookie",
        "X-Forwarded-For",
        "Content-Length",
    ] {
        let request = stage.good().field("Connection", nominated);
        let before = stage.upstream.requests();
        let answer = stage.send(&request);
        assert_eq!(answer.status, 400, "HT-44 {nominated}: {answer:?}");
        assert_eq!(stage.upstream.requests(), before, "HT-44 {nominated}");
    }
    let hop = stage.good().field("Connection", "close, X-Hop").field("X-Hop", "1");
    let seen = stage.forwarded("a hop-by-hop field", &hop, &stage.client.token);
    assert!(!seen.names().contains(&"x-hop"), "{seen:?}");
}

#[test]
fn names_with_underscores_are_no_credentials() {
    let stage = Stage::start(json!({}));
    let good = || stage.client.proof("GET", &stage.url(Stage::PATH));
    let twin = stage.good().without("DPoP").field("D_PoP", &good()).field("dpop_", &good());
    stage.refused("HT-46", &twin, "invalid_dpop_proof", "proof_missing");
    let aliases = stage.good().field("Authorization_", "Bearer x").field("X_Forwarded_Host", "evil.test");
    let seen = stage.forwarded("HT-46", &aliases, &stage.client.token);
    assert!(!seen.names().iter().any(|name| name.starts_with("authorization_")), "{seen:?}");
}

#[test]
fn what_a_stranger_says_of_itself_is_removed() {
    let stage = Stage::start(json!({}));
    let names = [
        "X-Consumer-ID",
        "X-Consumer-Username",
        "X-Consumer-Custom-ID",
        "X-Credential-Identifier",
        "X-Anonymous-Consumer",
        "X-Authenticated-Scope",
        "X-Authenticated-Groups",
    ];
    let mut request = stage.good();
    for name in names {
        request = request.field(name, "forged");
    }
    let seen = stage.forwarded("HT-45", &request, &stage.client.token);
    for name in names {
        let kept = seen.all(&name.to_ascii_lowercase());
        assert!(!kept.contains(&"forged"), "HT-45 {name}: {kept:?}");
    }
}

#[test]
fn forwarding_fields_of_strangers_are_replaced() {
    let stage = Stage::start(json!({}));
    let request = stage
        .good()
        .field("X-Forwarded-For", "10.0.0.1")
        .field("X-Forwarded-Proto", "https")
        .field("X-Forwarded-Host", "evil.test")
        .field("X-Real-IP", "10.0.0.1");
    let seen = stage.forwarded("strangers", &request, &stage.client.token);
    assert_eq!(seen.all("x-forwarded-proto"), ["http"], "{seen:?}");
    assert_eq!(seen.all("x-forwarded-host"), ["127.0.0.1"], "{seen:?}");
    assert_eq!(seen.all("x-real-ip"), ["127.0.0.1"], "{seen:?}");
}
