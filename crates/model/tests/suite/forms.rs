use keybound_model::entity::{PLUGINS, ROUTES, SERVICES};
use keybound_model::form::{self, BodyFault, FormValue};
use keybound_model::schema::Schema;
use serde_json::{Value, json};

use crate::catalog::catalog;

fn decoded(schema: &Schema, body: &str) -> Value {
    Value::Object(form::decode(body.as_bytes(), schema).unwrap())
}

#[test]
fn every_way_to_write_an_array_is_understood() {
    let cases = [
        ("paths[]=/a&paths[]=/b", json!({"paths": ["/a", "/b"]})),
        ("paths%5B%5D=%2Fa", json!({"paths": ["/a"]})),
        ("paths=/a&paths=/b", json!({"paths": ["/a", "/b"]})),
        ("paths=/a", json!({"paths": ["/a"]})),
        ("paths[2]=/b&paths[1]=/a&paths[10]=/c", json!({"paths": ["/a", "/b", "/c"]})),
        ("paths.1=/a&paths.2=/b", json!({"paths": ["/a", "/b"]})),
        ("protocols=http", json!({"protocols": ["http"]})),
    ];
    for (body, expected) in cases {
        assert_eq!(decoded(&ROUTES.schema, body), expected, "{body}");
    }
}

#[test]
fn records_maps_and_references_are_understood() {
    let cases = [
        ("headers[x-a][]=1&headers[x-a][]=2", json!({"headers": {"x-a": ["1", "2"]}})),
        ("headers.x-a=1", json!({"headers": {"x-a": ["1"]}})),
        ("headers[foo.bar]=1", json!({"headers": {"foo.bar": ["1"]}})),
        ("headers[1]=a", json!({"headers": {"1": ["a"]}})),
        ("service.id=x", json!({"service": {"id": "x"}})),
        ("service[name]=x", json!({"service": {"name": "x"}})),
    ];
    for (body, expected) in cases {
        assert_eq!(decoded(&ROUTES.schema, body), expected, "{body}");
    }
}

#[test]
fn types_follow_the_schema_and_what_does_not_parse_stays_text() {
    let cases = [
        ("port=80&enabled=false", json!({"port": 80, "enabled": false})),
        ("port=x&enabled=on", json!({"port": "x", "enabled": "on"})),
        ("port=8.5", json!({"port": 8.5})),
        ("path=", json!({"path": null})),
        ("name=a&name=b", json!({"name": ["a", "b"]})),
        ("name=80", json!({"name": "80"})),
        ("unknown=80&other[]=1&deep.a=1", json!({"unknown": "80", "other": ["1"], "deep": {"a": "1"}})),
        (".name=a&name.=b", json!({".name": "a", "name.": "b"})),
        ("url=http%3A%2F%2Fa.com", json!({"url": "http://a.com"})),
        ("name=a+b%20c", json!({"name": "a b c"})),
    ];
    for (body, expected) in cases {
        assert_eq!(decoded(&SERVICES.schema, body), expected, "{body}");
    }
}

#[test]
fn a_plugins_config_is_typed_by_its_schema() {
    let body = "name=demo-auth&config.issuer=https%3A%2F%2Fidp&config.modes=bearer&config.timeout=1.5&config.strict=true\
                &config.redis.port=1&config.headers[1].header=x&config.headers[1].path=a&config.labels[a.b]=3";
    let name = form::peek(body.as_bytes(), "name");
    assert_eq!(name.as_deref(), Some("demo-auth"));
    let catalog = catalog();
    let schema = PLUGINS.effective_schema(name.as_deref(), &catalog);
    assert_eq!(
        decoded(&schema, body),
        json!({"name": "demo-auth", "config": {
            "issuer": "https://idp", "modes": ["bearer"], "timeout": 1.5, "strict": true, "redis": {"port": 1},
            "headers": [{"header": "x", "path": ["a"]}], "labels": {"a.b": 3}}})
    );
}

#[test]
fn a_json_part_of_a_multipart_form_is_taken_as_it_is() {
    let parts =
        [("name".to_owned(), FormValue::Text("a".into())), ("port".to_owned(), FormValue::Json(json!("80")))];
    let record = form::decode_pairs(parts, &SERVICES.schema).unwrap();
    assert_eq!(Value::Object(record), json!({"name": "a", "port": "80"}));
}

#[test]
fn too_many_arguments_are_refused() {
    let body = |count: usize| "a=1&".repeat(count);
    assert!(form::decode(body(1000).as_bytes(), &SERVICES.schema).is_ok());
    let fault = form::decode(body(1001).as_bytes(), &SERVICES.schema).unwrap_err();
    assert_eq!((fault, fault.to_string().as_str()), (BodyFault::TooManyArguments, "Too many arguments"));
}

#[test]
fn a_json_body_is_one_object_without_inference() {
    assert_eq!(form::json_object(br#"{"port":"80"}"#).unwrap()["port"], json!("80"));
    for body in ["", "[]", "1", "{", "{}x"] {
        let fault = form::json_object(body.as_bytes()).unwrap_err();
        assert_eq!(fault.to_string(), "Cannot parse JSON body", "{body}");
    }
}
