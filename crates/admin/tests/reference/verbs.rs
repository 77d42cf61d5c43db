use keybound_model::entity::PLUGINS;
use keybound_store::config::Key;
use serde_json::{Value, json};

use crate::lab::{Lab, NOW, id};

fn service(number: u32, name: &str) -> Value {
    json!({
        "id": id(number), "name": name, "created_at": NOW, "updated_at": NOW, "retries": 5, "protocol": "http",
        "host": "h", "port": 80, "path": null, "connect_timeout": 60000, "write_timeout": 60000, "read_timeout": 60000,
        "tags": null, "client_certificate": null, "tls_verify": null, "tls_verify_depth": null, "ca_certificates": null,
        "enabled": true,
    })
}

fn route(number: u32, service: Value) -> Value {
    json!({
        "id": id(number), "name": null, "created_at": NOW, "updated_at": NOW, "protocols": ["http", "https"],
        "https_redirect_status_code": 426, "strip_path": true, "preserve_host": false, "request_buffering": true,
        "response_buffering": true, "tags": null, "service": service, "methods": null, "hosts": null, "paths": ["/a"],
        "headers": null, "snis": null, "sources": null, "destinations": null, "regex_priority": 0, "path_handling": "v0",
    })
}

fn with(mut entity: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        entity[name] = value.clone();
    }
    entity
}

#[tokio::test]
async fn post_answers_the_whole_entity() {
    let lab = Lab::new().await;
    lab.json("POST", "/services", json!({"id": id(1), "name": "a", "host": "h"}))
        .await
        .is(201, service(1, "a"));
    lab.json("POST", "/routes", json!({"id": id(2), "paths": ["/a"]})).await.is(201, route(2, Value::Null));
    let bound = json!({"id": id(3), "paths": ["/a"], "service": {"name": "a"}});
    lab.json("POST", "/routes", bound).await.is(201, route(3, json!({"id": id(1)})));
}

#[tokio::test]
async fn a_fresh_id_is_a_random_uuid() {
    let lab = Lab::new().await;
    let one = lab.post("/services", json!({"host": "h"})).await;
    let two = lab.post("/services", json!({"host": "h"})).await;
    assert_ne!(one["id"], two["id"]);
    let text = one["id"].as_str().unwrap();
    assert!(text.len() == 36 && text.as_bytes()[14] == b'4' && text == text.to_ascii_lowercase(), "{text}");
}

#[tokio::test]
async fn an_entity_is_read_by_id_in_any_case_and_by_name() {
    let lab = Lab::new().await;
    let own = "aaaaaaaa-AAAA-4aaa-8aaa-AAAAAAAAAAAA";
    lab.post("/services", json!({"id": own, "name": "a", "host": "h"})).await;
    for key in [own.to_ascii_lowercase(), own.to_ascii_uppercase(), "a".to_owned()] {
        assert_eq!(
            lab.get(&format!("/services/{key}")).await.body["id"],
            json!(own.to_ascii_lowercase()),
            "{key}"
        );
    }
    lab.get("/services/b").await.is(404, json!({"message": "Not found"}));
    lab.get(&format!("/services/{}", id(9))).await.is(404, json!({"message": "Not found"}));
}

#[tokio::test]
async fn put_creates_and_replaces_with_200() {
    let lab = Lab::new().await;
    let path = format!("/services/{}", id(1));
    lab.json("PUT", &path, json!({"name": "a", "host": "h"})).await.is(200, service(1, "a"));
    lab.json("PATCH", &path, json!({"retries": 9, "tags": ["x"]})).await;
    lab.pass(5);
    // What the body leaves out goes back to its default; the creation stays.
    let replaced = with(service(1, "b"), json!({"updated_at": NOW + 5}));
    lab.json("PUT", &path, json!({"name": "b", "host": "h"})).await.is(200, replaced);
    let dated = lab.json("PUT", &path, json!({"name": "b", "host": "h", "created_at": 7})).await;
    assert_eq!(dated.body["created_at"], json!(7));
}

#[tokio::test]
async fn what_the_path_says_wins_over_the_body() {
    let lab = Lab::new().await;
    let reply = lab.json("PUT", &format!("/services/{}", id(1)), json!({"id": id(2), "host": "h"})).await;
    assert_eq!((reply.status, &reply.body["id"]), (200, &json!(id(1))));
    let reply = lab.json("PUT", "/services/a", json!({"id": id(3), "name": "other", "host": "h"})).await;
    reply.is(200, service(3, "a"));
    // By name an existing entity keeps its id.
    let reply = lab.json("PUT", "/services/a", json!({"id": id(4), "host": "h2"})).await;
    reply.is(200, with(service(3, "a"), json!({"host": "h2"})));
}

#[tokio::test]
async fn patch_changes_what_it_names() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"id": id(1), "name": "a", "host": "h", "path": "/p", "tags": ["x"]})).await;
    lab.pass(3);
    let reply =
        lab.json("PATCH", "/services/a", json!({"retries": 1, "path": null, "read_timeout": null})).await;
    let expected = json!({"retries": 1, "tags": ["x"], "updated_at": NOW + 3});
    reply.is(200, with(service(1, "a"), expected));
    let reply = lab.json("PATCH", "/services/a", json!({"url": "https://other"})).await;
    let expected = json!({
        "retries": 1, "tags": ["x"], "updated_at": NOW + 3, "protocol": "https", "host": "other", "port": 443,
    });
    reply.is(200, with(service(1, "a"), expected));
    assert_eq!(lab.json("PATCH", "/services/a", json!({"name": "b"})).await.status, 200);
    lab.get("/services/a").await.is(404, json!({"message": "Not found"}));
}

#[tokio::test]
async fn delete_answers_204_also_for_what_is_not_there() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"id": id(1), "name": "a", "host": "h"})).await;
    for path in ["/services/a".to_owned(), "/services/a".to_owned(), format!("/services/{}", id(1))] {
        let reply = lab.delete(&path).await;
        assert_eq!((reply.status, reply.text.as_str()), (204, ""));
        assert_eq!(reply.field("content-type"), None);
    }
}

#[tokio::test]
async fn deleting_a_parent_takes_its_plugins_and_not_its_routes() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"id": id(1), "name": "a", "host": "h"})).await;
    lab.post("/routes", json!({"id": id(2), "name": "r", "paths": ["/"], "service": {"id": id(1)}})).await;
    lab.post("/services/a/plugins", json!({"id": id(3), "name": "mark"})).await;
    lab.post("/routes/r/plugins", json!({"id": id(4), "name": "mark"})).await;
    let refused = json!({
        "code": 4, "name": "foreign key violation", "fields": {"@referenced_by": "routes"},
        "message": "an existing 'routes' entity references this 'services' entity",
    });
    lab.delete("/services/a").await.is(400, refused);
    assert_eq!(lab.get(&format!("/plugins/{}", id(3))).await.status, 200, "nothing was deleted");
    assert_eq!(lab.delete("/routes/r").await.status, 204);
    assert_eq!(lab.delete("/services/a").await.status, 204);
    lab.get("/plugins").await.is(200, json!({"data": [], "next": null}));
}

#[tokio::test]
async fn patches_at_the_same_time_lose_nothing() {
    let lab = Lab::new().await;
    lab.post("/services", json!({"id": id(1), "name": "a", "host": "h"})).await;
    let fields = ["retries", "port", "connect_timeout", "write_timeout", "read_timeout"];
    let patches = fields.iter().map(|field| lab.json("PATCH", "/services/a", json!({ *field: 77 })));
    for reply in futures_util::future::join_all(patches).await {
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let stored = lab.get("/services/a").await.body;
    for field in fields {
        assert_eq!(stored[field], json!(77), "{field}");
    }
}

#[tokio::test]
async fn of_puts_at_the_same_time_one_creates_and_the_others_replace() {
    let lab = Lab::new().await;
    for path in [format!("/services/{}", id(1)), "/services/by-name".to_owned()] {
        let puts = (0..8).map(|n| lab.json("PUT", &path, json!({"host": format!("h{n}")})));
        for reply in futures_util::future::join_all(puts).await {
            assert_eq!(reply.status, 200, "{path} {reply:?}");
        }
    }
    assert_eq!(lab.get("/services").await.body["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_answer_has_the_old_names_of_a_plugins_fields_and_they_are_not_stored() {
    let lab = Lab::new().await;
    let config = |host: &str, port: Value| json!({"redis": {"host": host, "port": port}, "redis_host": host, "redis_port": port});
    let path = format!("/plugins/{}", id(1));
    let made =
        lab.post("/plugins", json!({"id": id(1), "name": "store", "config": {"redis_host": "a"}})).await;
    assert_eq!(made["config"], config("a", Value::Null));
    let read = lab.get(&path).await.body;
    assert_eq!(read["config"], config("a", Value::Null));
    assert_eq!(lab.get("/plugins").await.body["data"][0]["config"], config("a", Value::Null));
    let put = lab.json("PUT", &path, read.clone()).await;
    assert_eq!((put.status, &put.body["config"]), (200, &read["config"]), "an answer can be sent back");
    let patched =
        lab.json("PATCH", &path, json!({"config": {"redis_host": "b", "redis": {"port": 7}}})).await;
    assert_eq!((patched.status, &patched.body["config"]), (200, &config("b", json!(7))));
    let stored = lab.store.find(&PLUGINS, &Key::Id(id(1).parse().unwrap())).await.unwrap().unwrap();
    assert_eq!(stored["config"], json!({"redis": {"host": "b", "port": 7}}));
}
