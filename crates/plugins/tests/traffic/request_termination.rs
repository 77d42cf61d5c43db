use serde_json::{Value, json};

use crate::support::{Call, World, one, refused};

#[tokio::test]
async fn the_default_answer_is_503_with_its_message() {
    let ended = Call::get("/").through(&World::new().chain("request-termination", json!({}))).await.ended();
    assert_eq!((ended.status.as_u16(), ended.body.as_str()), (503, r#"{"message":"Service unavailable"}"#));
    assert_eq!(one(&ended.headers, "content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(ended.fault, None);
}

#[tokio::test]
async fn status_message_and_body_are_as_configured() {
    let world = World::new();
    for (config, status, media, body) in [
        (
            json!({"status_code": 403, "message": "So long"}),
            403,
            "application/json; charset=utf-8",
            r#"{"message":"So long"}"#,
        ),
        (json!({"status_code": 200, "body": "<p>", "content_type": "text/html"}), 200, "text/html", "<p>"),
        (
            json!({"status_code": 401}),
            401,
            "application/json; charset=utf-8",
            r#"{"message":"Unauthorized"}"#,
        ),
    ] {
        let ended = Call::get("/").through(&world.chain("request-termination", config)).await.ended();
        assert_eq!((ended.status.as_u16(), ended.body.as_str()), (status, body));
        assert_eq!(one(&ended.headers, "content-type"), Some(media));
    }
    let ended = Call::get("/")
        .through(&world.chain("request-termination", json!({"status_code": 204})))
        .await
        .ended();
    assert_eq!((ended.status.as_u16(), ended.body.as_str(), ended.headers.len()), (204, "", 0));
}

#[tokio::test]
async fn only_requests_with_the_trigger_are_answered() {
    let chain = World::new().chain("request-termination", json!({"trigger": "x-stop"}));
    Call::get("/?x=1").through(&chain).await.passed();
    Call::get("/").header("X-Stop", "1").through(&chain).await.ended();
    Call::get("/?x-stop").through(&chain).await.ended();
}

#[tokio::test]
async fn an_echo_tells_the_request_without_its_credentials() {
    let chain = World::new().chain("request-termination", json!({"echo": true, "status_code": 404}));
    let call = Call::get("/a?b=c&access_token=s3cret")
        .header("authorization", "DPoP s3cret")
        .header("dpop", "s3cret")
        .header("cookie", "a=s3cret")
        .header("x-a", "1")
        .body("text/plain", "hello");
    let ended = call.through(&chain).await.ended();
    assert!(!ended.body.contains("s3cret"), "{}", ended.body);
    let echo: Value = serde_json::from_str(&ended.body).unwrap();
    assert_eq!((ended.status.as_u16(), &echo["message"]), (404, &json!("Not found")));
    let request = &echo["request"];
    assert_eq!(
        (&request["method"], &request["path"], &request["body"]),
        (&json!("GET"), &json!("/a"), &json!("hello"))
    );
    assert_eq!((&request["query"]["b"], &request["headers"]["x-a"]), (&json!("c"), &json!("1")));
    assert_eq!(echo["matched_service"]["name"], "orders");
}

#[tokio::test]
async fn contradictions_are_refused() {
    for (config, text) in [
        (
            json!({"message": "a", "body": "b"}),
            "schema violation (config: message cannot be used with content_type or body)",
        ),
        (json!({"content_type": "text/html"}), "schema violation (config: content_type requires a body)"),
        (
            json!({"echo": true, "body": "b"}),
            "schema violation (config: echo cannot be used with content_type and body)",
        ),
        (json!({"status_code": 99}), "value should be between 100 and 599"),
        (json!({"status_code": 101}), "an interim status ends no request"),
    ] {
        let fault = refused("request-termination", config);
        assert!(fault.contains(text), "{fault}");
    }
}
