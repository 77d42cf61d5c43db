use serde_json::json;

use crate::support::{Call, World, one, refused};

#[tokio::test]
async fn each_request_gets_the_instances_id_and_its_number() {
    let chain = World::new().chain("correlation-id", json!({}));
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (head, _, response, _) = Call::get("/").through(&chain).await.passed();
        ids.push(one(&head.headers, "kong-request-id").unwrap().to_owned());
        assert!(response.is_empty());
    }
    let (first, number) = ids[0].split_once('#').unwrap();
    assert_eq!((uuid::Uuid::parse_str(first).unwrap().get_version_num(), number), (4, "1"));
    assert_eq!(ids[1], format!("{first}#2"));
}

#[tokio::test]
async fn an_id_of_the_client_stays_and_is_told_back() {
    let chain = World::new().chain("correlation-id", json!({"header_name": "X-Id", "echo_downstream": true}));
    let (head, _, response, _) = Call::get("/").header("x-id", "mine").through(&chain).await.passed();
    assert_eq!((one(&head.headers, "x-id"), one(&response, "x-id")), (Some("mine"), Some("mine")));
}

#[tokio::test]
async fn generators_make_what_they_say() {
    let world = World::new();
    let (head, ..) =
        Call::get("/").through(&world.chain("correlation-id", json!({"generator": "uuid"}))).await.passed();
    assert!(uuid::Uuid::parse_str(one(&head.headers, "kong-request-id").unwrap()).is_ok());
    let (head, ..) = Call::get("/")
        .through(&world.chain("correlation-id", json!({"generator": "tracker"})))
        .await
        .passed();
    let id = one(&head.headers, "kong-request-id").unwrap();
    let want = format!("127.0.0.1-4711-{}-4711-1-1800000000.000", std::process::id());
    assert_eq!(id, want);
}

#[tokio::test]
async fn a_field_that_frames_the_message_is_refused() {
    for name in ["Content-Length", "transfer-encoding", "Connection"] {
        let fault = refused("correlation-id", json!({"header_name": name}));
        assert!(fault.contains("frames the message"), "{fault}");
    }
}
