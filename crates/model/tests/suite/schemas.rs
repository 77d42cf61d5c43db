use keybound_model::PluginCatalog;
use keybound_model::entity::{self, ROUTES, SERVICES, plugin_schema_json};
use keybound_model::schema::{
    AtLeastOne, Check, EntityCheck, OnDelete, Schema, Shorthand, array, integer, map, number, record_of, set,
    string,
};
use serde_json::{Value, json};

use crate::catalog::{catalog, object};

fn field(schema: &Value, name: &str) -> Value {
    let fields = schema["fields"].as_array().unwrap();
    fields.iter().find_map(|field| field.get(name)).unwrap_or_else(|| panic!("no field {name}")).clone()
}

fn shape(schema: &Value, name: &str) -> Value {
    let mut field = field(schema, name);
    field.as_object_mut().unwrap().remove("description");
    field
}

#[test]
fn fields_are_shown_as_an_array_of_objects_with_one_member() {
    let schema = SERVICES.schema.to_json();
    assert!(schema["fields"].as_array().unwrap().iter().all(|field| field.as_object().unwrap().len() == 1));
    assert_eq!(shape(&schema, "id"), json!({"type": "string", "uuid": true, "auto": true}));
    assert_eq!(shape(&schema, "created_at"), json!({"type": "integer", "timestamp": true, "auto": true}));
    assert_eq!(shape(&schema, "name"), json!({"type": "string", "unique": true}));
    assert_eq!(
        shape(&schema, "port"),
        json!({"type": "integer", "required": true, "default": 80, "between": [0, 65535]})
    );
    assert_eq!(shape(&schema, "client_certificate"), json!({"type": "foreign", "reference": "certificates"}));
    assert_eq!(shape(&schema, "tags"), json!({"type": "set", "elements": {"type": "string"}}));
    assert_eq!(schema["shorthand_fields"][0]["url"]["type"], json!("string"));
    assert_eq!(schema["entity_checks"][0]["conditional"]["then_match"], json!({"eq": null}));
    let headers = shape(&ROUTES.schema.to_json(), "headers");
    let array = json!({"type": "array", "elements": {"type": "string"}});
    assert_eq!(headers, json!({"type": "map", "keys": {"type": "string"}, "values": array}));
}

#[test]
fn a_plugin_shows_what_it_changes() {
    let catalog = catalog();
    let schema = plugin_schema_json(catalog.plugin("demo-auth").unwrap());
    assert_eq!(schema["fields"].as_array().unwrap().len(), 4);
    assert_eq!(shape(&schema, "consumer"), json!({"type": "foreign", "reference": "consumers", "eq": null}));
    let protocols = json!(["grpc", "grpcs", "http", "https"]);
    assert_eq!(shape(&schema, "protocols")["default"], protocols);
    let config = field(&schema, "config");
    assert_eq!((&config["type"], &config["required"]), (&json!("record"), &json!(true)));
    let secrets =
        json!({"type": "array", "elements": {"type": "string", "referenceable": true, "encrypted": true}});
    assert_eq!(shape(&config, "secrets"), secrets);
    let redis = shape(&config, "redis");
    assert_eq!((&redis["type"], shape(&redis, "port")["default"].clone()), (&json!("record"), json!(6379)));
    let old = &config["shorthand_fields"][0]["redis_host"];
    assert_eq!(old["translate_backwards"], json!(["redis", "host"]));
    assert_eq!(old["deprecation"], json!({"replaced_with": [{"path": ["redis", "host"]}]}));
}

#[test]
fn old_names_are_shown_at_every_depth_and_can_be_sent_back() {
    let old = || {
        Schema::new([("host", string()), ("port", integer().default(1)), ("peers", array(string()))])
            .shorthand(Shorthand::renamed("server", string(), "host"))
            .shorthand(Shorthand::renamed("number", integer(), "port"))
            .shorthand(Shorthand::reshaped("peer", string(), "peers", |peer| json!([peer])))
    };
    let schema = Schema::new([
        ("one", record_of(old()).required()),
        ("list", array(record_of(old()))),
        ("map", map(string(), record_of(old()))),
        ("none", record_of(old())),
    ])
    .shorthand(Shorthand::renamed("one_host", string(), "one.host"))
    .shorthand(Shorthand::renamed("none_host", string(), "none.host"));
    let input =
        json!({"one": {"host": "h", "peers": ["p"]}, "list": [{"port": 2}], "map": {"a": {"server": "m"}}});
    let stored = schema.process(object(input)).unwrap();
    let mut shown = stored.clone();
    schema.show_old_names(&mut shown);
    let of = |host: Value, port: u16, peers: Value| json!({"host": host, "server": host, "port": port, "number": port, "peers": peers});
    assert_eq!(
        Value::Object(shown.clone()),
        json!({
            "one": of(json!("h"), 1, json!(["p"])), "one_host": "h", "none": null, "none_host": null,
            "list": [of(Value::Null, 2, Value::Null)], "map": {"a": of(json!("m"), 1, Value::Null)},
        })
    );
    assert_eq!(schema.process(shown).unwrap(), stored);
    let rendered = &old().to_json()["shorthand_fields"];
    assert_eq!(rendered[0]["server"]["translate_backwards"], json!(["host"]));
    assert_eq!(rendered[2]["peer"]["deprecation"], json!({"replaced_with": [{"path": ["peers"]}]}));
    assert_eq!(rendered[2]["peer"].get("translate_backwards"), None, "it has another form");
}

#[test]
fn descriptors_say_what_refers_to_what() {
    let found: Vec<_> = SERVICES.referrers().iter().map(|r| (r.entity.name, r.field, r.on_delete)).collect();
    assert_eq!(found, [("routes", "service", OnDelete::Restrict), ("plugins", "service", OnDelete::Cascade)]);
    assert_eq!(SERVICES.unique_fields().collect::<Vec<_>>(), ["name"]);
    assert_eq!(entity::by_name("routes").map(|e| e.endpoint_key), Some(Some("name")));
    assert!(entity::by_name("route").is_none());
}

#[test]
fn each_check_has_its_text() {
    let cases = [
        (integer().gt(0), json!(0), "value must be greater than 0"),
        (number().between(0, 1), json!(1.5), "value should be between 0 and 1"),
        (string().not_one_of(["a", "b"]), json!("a"), "must not be one of: a, b"),
        (string().len_max(2), json!("abc"), "length must be at most 2"),
        (string().len_min(2), json!(""), "length must be at least 2"),
        (string().starts_with("/"), json!("x"), "should start with: /"),
        (string().matches("^a", |text| text.starts_with('a')), json!("x"), "invalid value: x"),
        (string().uuid(), json!("x"), "expected a valid UUID"),
        (array(string()).contains("a"), json!(["b"]), "expected to contain: a"),
        (string().eq("a"), json!("b"), "value must be a"),
        (string().ne("a"), json!("a"), "value must not be a"),
        (string().check("odd", |_| Err("is odd".into())), json!("x"), "is odd"),
        (string().required(), json!(null), "required field missing"),
        (set(string()), json!({}), "expected a set"),
        (number(), json!("1"), "expected a number"),
    ];
    for (ty, value, text) in cases {
        let fault = Schema::new([("f", ty)]).process(object(json!({"f": value}))).unwrap_err();
        assert_eq!(fault.message(), format!("schema violation (f: {text})"));
    }
    assert!(Schema::new([("f", string().len_min(0))]).process(object(json!({"f": ""}))).is_ok());
    let whole = Schema::new([("f", integer())]).process(object(json!({"f": 5.0}))).unwrap();
    assert_eq!(whole["f"].to_string(), "5");
    let upper = "AAAAAAAA-2222-4333-8444-555555555555";
    let lower = Schema::new([("f", string().uuid())]).process(object(json!({"f": upper}))).unwrap();
    assert_eq!(lower["f"], json!(upper.to_lowercase()));
}

#[test]
fn each_check_across_fields_has_its_text() {
    const AB: &[&str] = &["a", "b"];
    let cases = [
        (
            EntityCheck::AtLeastOneOf(AB),
            json!({}),
            "at least one of these fields must be non-empty: 'a', 'b'",
        ),
        (
            EntityCheck::OnlyOneOf(AB),
            json!({"a": "1", "b": "2"}),
            "exactly one of these fields must be non-empty: 'a', 'b'",
        ),
        (
            EntityCheck::MutuallyRequired(AB),
            json!({"a": "1"}),
            "all or none of these fields must be set: 'a', 'b'",
        ),
        (
            EntityCheck::MutuallyExclusive(AB),
            json!({"a": "1", "b": "2"}),
            "only one or none of these fields must be set: 'a', 'b'",
        ),
        (
            EntityCheck::Distinct(AB),
            json!({"a": "1", "b": "1"}),
            "values of these fields must be distinct: 'a', 'b'",
        ),
        (
            EntityCheck::ConditionalAtLeastOneOf {
                if_field: "a",
                cases: vec![AtLeastOne { if_match: Check::Eq("x".into()), fields: &["b"], text: "needs %s" }],
            },
            json!({"a": "x"}),
            "needs 'b'",
        ),
    ];
    for (check, input, text) in cases {
        let schema = Schema::new([("a", string()), ("b", string())]).check(check);
        let fault = schema.process(object(input.clone())).unwrap_err();
        assert_eq!(fault.message(), format!("schema violation ({text})"), "{input}");
        assert!(
            schema.process(object(json!({"a": "1"}))).is_ok()
                || schema.process(object(json!({"a": "1", "b": "2"}))).is_ok()
        );
    }
}

#[test]
fn a_check_across_fields_is_left_out_when_one_of_them_failed() {
    let schema =
        Schema::new([("a", string()), ("b", string())]).check(EntityCheck::AtLeastOneOf(&["a", "b"]));
    let fault = schema.process(object(json!({"a": 1}))).unwrap_err();
    assert_eq!(fault.message(), "schema violation (a: expected a string)");
}
