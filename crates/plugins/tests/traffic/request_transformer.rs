use http::Method;
use keybound_plugins::contract::UriCaptures;
use serde_json::{Value, json};

use crate::support::{Call, World, all, one, refused};

const FORM: &str = "application/x-www-form-urlencoded";

fn rules(part: &str) -> Value {
    json!({
        "remove": {part: ["a"]}, "rename": {part: ["b:c"]}, "replace": {part: ["d:new", "none:x"]},
        "add": {part: ["e:1", "f:2"]}, "append": {part: ["g:3"]},
    })
}

#[tokio::test]
async fn fields_are_removed_renamed_replaced_added_and_appended() {
    let chain = World::new().chain("request-transformer", rules("headers"));
    let call = Call::get("/")
        .header("a", "x")
        .header("b", "old")
        .header("d", "x")
        .header("d", "y")
        .header("e", "there")
        .header("g", "0");
    let (head, ..) = call.through(&chain).await.passed();
    let fields = |name| all(&head.headers, name);
    assert_eq!((fields("a"), fields("b"), fields("c")), (vec![], vec![], vec!["old"]));
    assert_eq!((fields("d"), fields("none")), (vec!["new"], vec![]));
    assert_eq!((fields("e"), fields("f"), fields("g")), (vec!["there"], vec!["2"], vec!["0", "3"]));
}

#[tokio::test]
async fn parameters_are_edited_and_keep_their_order() {
    let chain = World::new().chain("request-transformer", rules("querystring"));
    let (head, ..) = Call::get("/?z=%26&a=x&b=old&d=x&flag&e=there").through(&chain).await.passed();
    assert_eq!(head.query.as_deref(), Some("z=%26&c=old&d=new&flag&e=there&f=2&g=3"));
}

#[tokio::test]
async fn json_form_and_multipart_bodies_are_edited() {
    let chain = World::new().chain("request-transformer", rules("body"));
    let json = Call::new(Method::POST, "/")
        .body("application/json; charset=utf-8", r#"{"a":1,"b":{"x":1},"d":2,"g":0}"#);
    let (_, body, ..) = json.through(&chain).await.passed();
    let edited: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(edited, json!({"c": {"x": 1}, "d": "new", "e": "1", "f": "2", "g": [0, "3"]}));
    let (_, body, ..) = Call::new(Method::POST, "/").body(FORM, "a=1&b=2&d=3").through(&chain).await.passed();
    assert_eq!(body, "c=2&d=new&e=1&f=2&g=3");
    let part = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\nContent-Type: image/png\r\n\r\n\u{1}\r\n\u{2}\r\n";
    let sent = format!("{}{}{}{file}--B--\r\n", part("a", "1"), part("b", "2"), part("d", "3"));
    let (_, body, ..) = Call::new(Method::POST, "/")
        .body("multipart/form-data; boundary=B", &sent)
        .through(&chain)
        .await
        .passed();
    let want = format!(
        "{}{}{file}{}{}{}--B--\r\n",
        part("c", "2"),
        part("d", "new"),
        part("e", "1"),
        part("f", "2"),
        part("g", "3")
    );
    assert_eq!(body, want);
}

#[tokio::test]
async fn a_body_that_is_not_what_its_type_says_passes_as_it_is() {
    let chain = World::new().chain("request-transformer", rules("body"));
    for (media, sent) in [
        ("application/json", "[1]"),
        ("application/json", "{"),
        ("text/plain", "a=1"),
        ("multipart/form-data; boundary=B", "x"),
    ] {
        let (_, body, ..) = Call::new(Method::POST, "/").body(media, sent).through(&chain).await.passed();
        assert_eq!(body, sent, "{media}");
    }
}

#[tokio::test]
async fn templates_take_values_of_the_request_as_it_came() {
    let config = json!({
        "remove": {"headers": ["x-user"]},
        "replace": {"uri": "/users/$(query_params.id)", "headers": ["host:$(headers['x-tenant']).example"]},
        "add": {"headers": ["x-who:$(headers.x_user or 'nobody')", "x-none:$(headers.none)"]},
    });
    let chain = World::new().chain("request-transformer", config);
    let call = Call::get("/?id=7").header("x-user", "john").header("x-tenant", "t1");
    let (head, _, _, notes) = call.through(&chain).await.passed();
    assert_eq!(
        (one(&head.headers, "x-who"), one(&head.headers, "x-none"), one(&head.headers, "x-user")),
        (Some("john"), None, None)
    );
    assert_eq!(notes.upstream_path.as_deref(), Some("/users/7"));
    assert_eq!(notes.upstream_host.unwrap(), "t1.example");
}

#[tokio::test]
async fn templates_take_what_the_routes_pattern_captured() {
    let config = json!({"replace": {"uri": "/v2/$(uri_captures.id)"}, "add": {"headers": ["x-id:$(uri_captures[1])"]}});
    let chain = World::new().chain("request-transformer", config);
    let mut call = Call::get("/users/7");
    call.notes.uri_captures = UriCaptures::new(vec![("1".into(), "7".into()), ("id".into(), "7".into())]);
    let (head, _, _, notes) = call.through(&chain).await.passed();
    assert_eq!((one(&head.headers, "x-id"), notes.upstream_path.as_deref()), (Some("7"), Some("/v2/7")));
}

#[tokio::test]
async fn a_value_that_cannot_stand_in_a_field_is_refused() {
    let chain =
        World::new().chain("request-transformer", json!({"add": {"headers": ["x:$(query_params.v)"]}}));
    let ended = Call::get("/?v=a%0d%0aauthorization:%20x").through(&chain).await.ended();
    assert_eq!(
        (ended.status.as_u16(), ended.body.as_str(), ended.fault.unwrap().0),
        (400, "Bad request", "plugin_template")
    );
}

#[tokio::test]
async fn a_method_changes_and_a_form_moves_into_the_query_of_a_get() {
    let chain = World::new().chain("request-transformer", json!({"http_method": "GET"}));
    let (head, ..) = Call::new(Method::POST, "/?a=1").body(FORM, "b=2").through(&chain).await.passed();
    assert_eq!((head.method.as_str(), head.query.as_deref()), ("GET", Some("a=1&b=2")));
}

#[tokio::test]
async fn fields_that_frame_the_message_and_templates_beyond_look_ups_are_refused() {
    for (config, text) in [
        (json!({"add": {"headers": ["Content-Length:3"]}}), "frames the message"),
        (json!({"remove": {"headers": ["transfer-encoding"]}}), "frames the message"),
        (json!({"rename": {"headers": ["x-a:Connection"]}}), "frames the message"),
        (json!({"append": {"headers": ["TE:trailers"]}}), "frames the message"),
        (json!({"add": {"headers": ["x-a"]}}), "key 'x-a' has no value"),
        (json!({"add": {"headers": ["x a:1"]}}), "'x a' is not a valid header"),
        (json!({"add": {"body": ["a:$(os.time())"]}}), "is not supported by Keybound"),
        (json!({"replace": {"uri": "/$(shared.x)"}}), "is not supported by Keybound"),
        (json!({"http_method": "get"}), "invalid value: get"),
    ] {
        let fault = refused("request-transformer", config);
        assert!(fault.contains(text), "{fault}");
    }
}
