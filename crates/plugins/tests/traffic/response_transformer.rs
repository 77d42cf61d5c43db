use serde_json::{Value, json};

use crate::support::{World, all, one, refused, respond};

#[tokio::test]
async fn fields_are_removed_renamed_replaced_added_and_appended() {
    let config = json!({
        "remove": {"headers": ["a", "set-cookie:x=1"]}, "rename": {"headers": ["b:c"]},
        "replace": {"headers": ["d:new", "none:x"]}, "add": {"headers": ["e:1", "f:2"]}, "append": {"headers": ["g:3"]},
    });
    let chain = World::new().chain("response-transformer", config);
    let upstream = [
        ("a", "x"),
        ("set-cookie", "x=1"),
        ("set-cookie", "y=2"),
        ("b", "old"),
        ("d", "x"),
        ("e", "there"),
        ("g", "0"),
    ];
    let (headers, body) = respond(&chain, &upstream, "untouched");
    let fields = |name| all(&headers, name);
    assert_eq!(
        (fields("a"), fields("set-cookie"), fields("b"), fields("c")),
        (vec![], vec!["y=2"], vec![], vec!["old"])
    );
    assert_eq!((fields("d"), fields("none"), fields("e")), (vec!["new"], vec![], vec!["there"]));
    assert_eq!((fields("f"), fields("g"), body.as_str()), (vec!["2"], vec!["0", "3"], "untouched"));
}

#[tokio::test]
async fn members_of_json_bodies_are_edited_with_their_types() {
    let config = json!({
        "remove": {"json": ["a"]}, "rename": {"json": ["b:c"]},
        "replace": {"json": ["d:7", "none:1"], "json_types": ["number"]},
        "add": {"json": ["e:true", "f:text"], "json_types": ["boolean", "string"]},
        "append": {"json": ["g:1.5"], "json_types": ["number"]},
    });
    let chain = World::new().chain("response-transformer", config);
    let upstream = [("content-type", "application/json; charset=utf-8"), ("etag", "\"1\"")];
    let (headers, body) = respond(&chain, &upstream, r#"{"a":1,"b":{"x":[]},"d":0,"g":1}"#);
    let edited: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(edited, json!({"c": {"x": []}, "d": 7, "e": true, "f": "text", "g": [1, 1.5]}));
    assert_eq!(one(&headers, "etag"), None);
}

#[tokio::test]
async fn bodies_that_are_no_json_objects_pass_as_they_are() {
    let chain = World::new().chain("response-transformer", json!({"remove": {"json": ["a"]}}));
    for (fields, body) in [
        (vec![("content-type", "text/html")], r#"{"a":1}"#),
        (vec![("content-type", "application/json"), ("content-encoding", "gzip")], r#"{"a":1}"#),
        (vec![("content-type", "application/json")], "[1]"),
        (vec![("content-type", "application/json")], "{"),
        (vec![], r#"{"a":1}"#),
    ] {
        assert_eq!(respond(&chain, &fields, body).1, body, "{fields:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    for (config, text) in [
        (json!({"add": {"headers": ["content-length:3"]}}), "frames the message"),
        (json!({"remove": {"headers": ["set-cookie:/x=.*/"]}}), "is not supported by Keybound yet"),
        (json!({"add": {"json": ["a:x"], "json_types": ["number"]}}), "'x' is no number"),
        (json!({"add": {"json": ["a"]}}), "key 'a' has no value"),
    ] {
        let fault = refused("response-transformer", config);
        assert!(fault.contains(text), "{fault}");
    }
}
