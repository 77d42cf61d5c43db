use serde_json::json;

use crate::lab::{Lab, id};

async fn furnished() -> Lab {
    let lab = Lab::new().await;
    lab.post("/services", json!({"id": id(1), "name": "a", "host": "h"})).await;
    lab.post("/services", json!({"id": id(2), "name": "b", "host": "h"})).await;
    lab.post("/services/a/routes", json!({"id": id(3), "name": "ra", "paths": ["/a"]})).await;
    lab.post("/services/b/routes", json!({"id": id(4), "name": "rb", "paths": ["/b"]})).await;
    lab.post("/routes", json!({"id": id(5), "name": "free", "paths": ["/c"]})).await;
    lab
}

#[tokio::test]
async fn a_child_belongs_to_the_parent_of_the_path_whatever_it_says() {
    let lab = furnished().await;
    let body = json!({"id": id(6), "paths": ["/x"], "service": {"id": id(2)}});
    assert_eq!(lab.post("/services/a/routes", body).await["service"], json!({"id": id(1)}));
    let put =
        lab.json("PUT", "/services/a/routes/new", json!({"paths": ["/y"], "service": {"id": id(2)}})).await;
    assert_eq!(
        (put.status, &put.body["service"], &put.body["name"]),
        (200, &json!({"id": id(1)}), &json!("new"))
    );
    let patch = lab.json("PATCH", "/services/a/routes/ra", json!({"service": {"id": id(2)}})).await;
    assert_eq!((patch.status, &patch.body["service"]), (200, &json!({"id": id(1)})));
}

#[tokio::test]
async fn a_list_below_a_parent_has_only_its_children() {
    let lab = furnished().await;
    for key in ["a".to_owned(), id(1)] {
        let reply = lab.get(&format!("/services/{key}/routes")).await;
        let names: Vec<_> =
            reply.body["data"].as_array().unwrap().iter().map(|route| &route["name"]).collect();
        assert_eq!(names, [&json!("ra")], "{key}");
    }
    // Kong's lists below a parent do not filter by tags.
    assert_eq!(lab.get("/services/a/routes?tags=none").await.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_absent_parent_hides_everything_below_it() {
    let lab = furnished().await;
    let absent = json!({"message": "Not found"});
    for parent in ["nobody".to_owned(), id(9)] {
        for tail in ["routes", "routes/ra", "plugins", "plugins/x"] {
            lab.get(&format!("/services/{parent}/{tail}")).await.is(404, absent.clone());
        }
        lab.json("POST", &format!("/services/{parent}/routes"), json!({"paths": ["/"]}))
            .await
            .is(404, absent.clone());
        for method in ["PUT", "PATCH"] {
            let path = format!("/services/{parent}/routes/ra");
            lab.json(method, &path, json!({"paths": ["/"]})).await.is(404, absent.clone());
        }
        lab.delete(&format!("/services/{parent}/routes/ra")).await.is(404, absent.clone());
    }
}

#[tokio::test]
async fn the_child_of_another_parent_is_not_there() {
    let lab = furnished().await;
    let absent = json!({"message": "Not found"});
    for child in ["rb".to_owned(), id(4), "free".to_owned()] {
        let path = format!("/services/a/routes/{child}");
        lab.get(&path).await.is(404, absent.clone());
        lab.json("PATCH", &path, json!({"paths": ["/"]})).await.is(404, absent.clone());
        lab.json("PUT", &path, json!({"paths": ["/"]})).await.is(404, absent.clone());
        lab.delete(&path).await.is(404, absent.clone());
    }
    assert_eq!(lab.get("/routes/rb").await.body["paths"], json!(["/b"]), "untouched");
    assert_eq!(lab.get("/services/a/routes/ra").await.status, 200);
    assert_eq!(lab.delete("/services/a/routes/ra").await.status, 204);
}

#[tokio::test]
async fn the_parent_is_read_and_changed_through_its_child() {
    let lab = furnished().await;
    assert_eq!(lab.get("/routes/ra/service").await.body["id"], json!(id(1)));
    let patch = lab.json("PATCH", "/routes/ra/service", json!({"retries": 1})).await;
    assert_eq!((patch.status, &patch.body["retries"], &patch.body["name"]), (200, &json!(1), &json!("a")));
    let put = lab.json("PUT", "/routes/ra/service", json!({"id": id(8), "host": "new"})).await;
    assert_eq!((put.status, &put.body["id"], &put.body["retries"]), (200, &json!(id(1)), &json!(5)));
    lab.delete("/routes/ra/service").await.is(405, json!({"message": "Method not allowed"}));
}

#[tokio::test]
async fn a_child_without_a_parent_gets_one_by_put_only() {
    let lab = furnished().await;
    let absent = json!({"message": "Not found"});
    lab.get("/routes/free/service").await.is(404, absent.clone());
    lab.json("PATCH", "/routes/free/service", json!({"retries": 1})).await.is(404, absent.clone());
    lab.delete("/routes/free/service").await.is(404, absent.clone());
    lab.json("PUT", "/routes/nobody/service", json!({"host": "h"})).await.is(404, absent);
    let made = lab.json("PUT", "/routes/free/service", json!({"name": "made", "host": "h"})).await;
    assert_eq!((made.status, &made.body["name"]), (200, &json!("made")));
    assert_eq!(lab.get("/routes/free").await.body["service"], json!({"id": made.body["id"]}));
}

#[tokio::test]
async fn a_parent_that_is_refused_leaves_the_child_alone() {
    let lab = furnished().await;
    let reply = lab.json("PUT", "/routes/free/service", json!({"name": "a", "host": "h"})).await;
    assert_eq!((reply.status, &reply.body["code"]), (409, &json!(5)));
    assert_eq!(lab.get("/routes/free").await.body["service"], json!(null));
}

#[tokio::test]
async fn plugins_are_reached_through_service_and_route() {
    let lab = furnished().await;
    lab.post("/services/a/plugins", json!({"id": id(10), "name": "mark"})).await;
    lab.post("/routes/ra/plugins", json!({"id": id(11), "name": "mark", "instance_name": "mine"})).await;
    assert_eq!(lab.get(&format!("/services/a/plugins/{}", id(10))).await.status, 200);
    assert_eq!(lab.get("/routes/ra/plugins/mine").await.body["id"], json!(id(11)));
    assert_eq!(lab.get(&format!("/plugins/{}/service", id(10))).await.body["name"], json!("a"));
    assert_eq!(lab.get("/plugins/mine/route").await.body["name"], json!("ra"));
    lab.get("/plugins/mine/service").await.is(404, json!({"message": "Not found"}));
    let absent = format!("/services/a/plugins/{}", id(99));
    lab.delete(&absent).await.is(404, json!({"message": "Not found"}));
}
