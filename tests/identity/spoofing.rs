use keybound_suites::{Seen, Stage};
use serde_json::json;

use crate::{bearer, stage};

const SPELLINGS: [&str; 6] =
    ["X-User-Role", "x-user-role", "X_User_Role", "X_User-Role", "X.User.Role", "X-User-Role_"];

#[test]
fn what_the_upstream_is_told_no_client_can_say() {
    let stage = stage(json!({
        "upstream_headers": [{ "header": "X_User_Role", "path": ["user", "role"] }],
        "run_on_preflight": false,
    }));
    let forged = |mut request: keybound_suites::Request| {
        for name in SPELLINGS {
            request = request.field(name, "admin").field(name, "root");
        }
        request
    };
    let answer = stage.send(&forged(bearer(&stage, json!({ "user": { "role": "reader" } }))));
    assert_eq!(Seen::of(&answer).all("x-user-role"), ["reader"]);
    let preflight = stage
        .bare("OPTIONS", Stage::PATH)
        .field("Origin", "https://a.example")
        .field("Access-Control-Request-Method", "GET")
        .field("Authorization", "Bearer forged");
    for (name, request) in [
        ("missing", bearer(&stage, json!({}))),
        ("null", bearer(&stage, json!({ "user": { "role": null } }))),
        ("line break", bearer(&stage, json!({ "user": { "role": "x\r\nX-User-Role: admin" } }))),
        ("space", bearer(&stage, json!({ "user": { "role": "admin " } }))),
        ("immense", bearer(&stage, json!({ "user": { "role": "x".repeat(9000) } }))),
        ("preflight", preflight),
    ] {
        let seen = Seen::of(&stage.send(&forged(request)));
        for field in seen.names() {
            let plain: String = field.chars().filter(char::is_ascii_alphanumeric).collect();
            assert_ne!(plain, "xuserrole", "{name}: {seen:?}");
        }
        if name == "preflight" {
            assert_eq!(seen.all("authorization"), Vec::<&str>::new());
        }
    }
}

#[test]
fn trailers_cannot_say_it_either() {
    let stage = stage(json!({ "upstream_headers": [{ "header": "X-User-Role", "path": ["role"] }] }));
    let request = bearer(&stage, json!({}))
        .field("Transfer-Encoding", "chunked")
        .field("Trailer", "X-User-Role, X_User_Role, X-Checksum");
    let mut bytes = request.bytes();
    bytes.extend(b"2\r\nhi\r\n0\r\nX-User-Role: admin\r\nX_User_Role: admin\r\nX-Checksum: 7\r\n\r\n");
    let seen = Seen::of(&stage.send_bytes(&bytes));
    assert_eq!(seen.body(), "hi");
    assert_eq!(seen.all("x-user-role"), Vec::<&str>::new(), "{seen:?}");
    assert_eq!(seen.all("x_user_role"), Vec::<&str>::new(), "{seen:?}");
    assert_eq!(seen.all("x-checksum"), ["7"], "other trailers pass: {seen:?}");
}

#[test]
fn a_connection_field_cannot_take_it_away() {
    let stage = stage(json!({ "upstream_headers": [{ "header": "X-User-Role", "path": ["role"] }] }));
    let request = bearer(&stage, json!({ "role": "reader" }))
        .field("Connection", "close, X-User-Role")
        .field("X-User-Role", "admin");
    assert_eq!(Seen::of(&stage.send(&request)).all("x-user-role"), ["reader"]);
}

#[test]
fn the_client_is_told_what_is_configured() {
    let stage = stage(json!({
        "downstream_headers": [{ "header": "X-User", "path": ["sub"] }],
        "downstream_access_token_header": "X-Token",
    }));
    let token = stage.provider.token(json!({ "sub": "john" }));
    let request = stage.bare("GET", Stage::PATH).field("Authorization", &format!("Bearer {token}"));
    let answer = stage.send(&request);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.all("x-user"), ["john"]);
    assert_eq!(answer.all("x-token"), [token.as_str()]);
    assert_eq!(answer.all("cache-control"), ["no-store"]);
}

#[test]
fn framing_cannot_be_configured_as_a_claim() {
    let stage = stage(json!({}));
    for name in ["Content-Length", "Transfer_Encoding", "Host", "Connection", "DPoP"] {
        let config = json!({
            "issuer": stage.provider.issuer, "auth_methods": ["bearer"],
            "upstream_headers": [{ "header": name, "path": ["sub"] }],
        });
        let answer =
            stage.gateway.admin.post("/plugins", &json!({ "name": "openid-connect", "config": config }));
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        assert!(answer.body.contains("set by the gateway itself"), "{answer:?}");
    }
}
