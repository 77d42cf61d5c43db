use serde_json::{Value, json};

use crate::lab::{Lab, id};

const YAML: [(&str, &str); 1] = [("Content-Type", "text/yaml")];

fn text() -> String {
    format!("_format_version: \"3.0\"\nservices:\n- {{id: {}, name: a, host: h}}\n", id(1))
}

#[tokio::test]
async fn a_configuration_is_taken_as_a_whole_and_shown_again() {
    let lab = Lab::declarative().await;
    let reply = lab.ask("POST", "/config", &YAML, text().as_bytes()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.body["services"][id(1)]["name"], "a");
    lab.get("/config").await.is(200, json!({"config": text()}));
    assert_eq!(lab.get("/services/a").await.body["host"], "h");
    let again = lab.ask("POST", "/config?check_hash=1", &YAML, text().as_bytes()).await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
}

#[tokio::test]
async fn a_broken_configuration_names_the_place_and_changes_nothing() {
    let lab = Lab::declarative().await;
    lab.ask("POST", "/config", &YAML, text().as_bytes()).await;
    let broken = text().replace("host: h", "host: h, port: x");
    let reply = lab.ask("POST", "/config", &YAML, broken.as_bytes()).await;
    assert_eq!((reply.status, &reply.body["code"]), (400, &json!(14)), "{reply:?}");
    assert_eq!(reply.body["fields"], json!({"services": [{"port": "expected an integer"}]}));
    let reply = lab.ask("POST", "/config?flatten_errors=1", &YAML, broken.as_bytes()).await;
    assert_eq!(reply.body["fields"], json!({}));
    let flattened = &reply.body["flattened_errors"][0];
    assert_eq!((&flattened["entity_type"], &flattened["entity_name"]), (&json!("service"), &json!("a")));
    let error = json!({"type": "field", "field": "port", "message": "expected an integer"});
    assert_eq!(flattened["errors"], json!([error]));
    lab.get("/config").await.is(200, json!({"config": text()}));
}

#[tokio::test]
async fn the_entities_of_a_file_cannot_be_written() {
    let lab = Lab::declarative().await;
    lab.ask("POST", "/config", &YAML, text().as_bytes()).await;
    let refused = |message: &str| json!({"code": 12, "name": "operation unsupported", "message": message, "fields": {}});
    for (method, path, body, message) in [
        (
            "POST",
            "/services",
            json!({"host": "h"}),
            "cannot create 'services' entities when not using a database",
        ),
        (
            "PUT",
            "/services/a",
            json!({"host": "h"}),
            "cannot create or update 'services' entities by 'name' when not using a database",
        ),
    ] {
        lab.json(method, path, body).await.is(405, refused(message));
    }
    assert_eq!(lab.delete(&format!("/services/{}", id(9))).await.status, 204);
    assert_ne!(lab.get("/services/a").await.body, Value::Null);
}
