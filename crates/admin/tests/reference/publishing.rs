use std::sync::atomic::Ordering;

use keybound_model::entity::SERVICES;
use keybound_store::config::Key;
use serde_json::json;

use crate::lab::Lab;

#[tokio::test]
async fn a_write_is_answered_after_its_configuration_serves() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"name": "a", "host": "h"})).await;
    assert_eq!(lab.plane.published.load(Ordering::SeqCst), 1);
    lab.get("/services/a").await;
    assert_eq!(lab.plane.published.load(Ordering::SeqCst), 1, "a read publishes nothing");
}

#[tokio::test]
async fn what_cannot_serve_is_refused_and_leaves_nothing_behind() {
    let lab = Lab::new().await;
    lab.plane.refused.set(Some("a"));
    let reply = lab.json("POST", "/services", json!({"name": "a", "host": "h"})).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    assert!(reply.text.contains("service 'a' cannot serve"), "{reply:?}");
    let key = Key::Unique("name", "a".to_owned());
    assert_eq!(lab.store.find(&SERVICES, &key).await.unwrap(), None);
    assert_eq!(lab.plane.published.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_data_plane_that_fails_is_our_fault_and_says_no_more() {
    let lab = Lab::new().await;
    lab.plane.broken.set(Some("the disk is on fire"));
    let reply = lab.json("POST", "/services", json!({"name": "a", "host": "h"})).await;
    reply.is(500, json!({"message": "An unexpected error occurred"}));
    assert!(!reply.text.contains("fire"));
}
