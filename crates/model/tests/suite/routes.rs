use keybound_model::Route;
use keybound_model::entity::{Protocol, ROUTES};
use serde_json::{Value, json};

use crate::catalog::{ID, NOW, fields, insert, message};

#[test]
fn a_minimal_route_comes_back_complete() {
    let record = insert(&ROUTES, json!({"paths": ["/"]})).unwrap();
    assert_eq!(
        Value::Object(record),
        json!({
            "id": ID.to_string(), "created_at": NOW, "updated_at": NOW, "name": null, "protocols": ["http", "https"],
            "https_redirect_status_code": 426, "strip_path": true, "preserve_host": false, "request_buffering": true,
            "response_buffering": true, "tags": null, "service": null, "methods": null, "hosts": null, "paths": ["/"],
            "headers": null, "snis": null, "sources": null, "destinations": null, "regex_priority": 0,
            "path_handling": "v0",
        })
    );
}

#[test]
fn a_route_needs_something_to_match() {
    let https = "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'";
    let http = "must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'";
    for (input, text) in [
        (json!({}), https),
        (json!({"protocols": ["https"]}), https),
        (json!({"protocols": ["http"]}), http),
        (json!({"paths": []}), https),
    ] {
        assert_eq!(message(&ROUTES, input.clone()), format!("schema violation ({text})"), "{input}");
        assert_eq!(fields(&ROUTES, input), json!({"@entity": [text]}));
    }
}

#[test]
fn each_field_is_refused_in_kongs_words() {
    let base = |field: &str, value: Value| {
        let mut input = json!({"methods": ["GET"]});
        input[field] = value;
        input
    };
    let protocols = "grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp";
    let cases = [
        ("protocols", json!([]), "protocols: length must be at least 1".to_owned()),
        ("protocols", json!("http"), "protocols: expected a set".into()),
        ("protocols", json!(["http", "x"]), format!("protocols.2: expected one of: {protocols}")),
        (
            "protocols",
            json!(["http", "tcp"]),
            "protocols: these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp'), \
             ('tls_passthrough'), ('grpc', 'grpcs')"
                .into(),
        ),
        ("methods", json!(["get"]), "methods.1: invalid value: get".into()),
        (
            "hosts",
            json!(["a.*.b"]),
            "hosts.1: invalid wildcard: must be placed at leftmost or rightmost label".into(),
        ),
        ("hosts", json!(["*.a.*"]), "hosts.1: invalid wildcard: must have at most one wildcard".into()),
        ("hosts", json!([""]), "hosts.1: length must be at least 1".into()),
        ("paths", json!(["a"]), "paths.1: should start with: / (fixed path) or ~/ (regex path)".into()),
        ("paths", json!(["/", "/a//b"]), "paths.2: must not have empty segments".into()),
        ("paths", json!(["/a/./b"]), "paths.1: non-normalized path, consider use '/a/b' instead".into()),
        (
            "paths",
            json!(["~/a["]),
            "paths.1: invalid regex: '/a[' (PCRE returned: unclosed character class)".into(),
        ),
        ("headers", json!(["x"]), "headers: expected a map".into()),
        ("headers", json!({"x-a": "b"}), "headers: expected an array".into()),
        ("headers", json!({"x-a": [""]}), "headers.1: length must be at least 1".into()),
        (
            "headers",
            json!({"Host": ["a"]}),
            "headers: cannot contain 'host' header, which must be specified in the 'hosts' attribute".into(),
        ),
        ("snis", json!(["10.0.0.1"]), "snis.1: must not be an IP".into()),
        (
            "https_redirect_status_code",
            json!(303),
            "https_redirect_status_code: expected one of: 426, 301, 302, 307, 308".into(),
        ),
        ("regex_priority", json!("1"), "regex_priority: expected an integer".into()),
        ("path_handling", json!("v2"), "path_handling: expected one of: v0, v1".into()),
        (
            "sources",
            json!([{"ip": "10.0.0.1"}]),
            "sources: cannot set 'sources' when 'protocols' is 'http' or 'https'".into(),
        ),
        ("sources", json!([{"ip": "x"}]), "sources.1: {\n  ip = \"invalid ip or cidr range: 'x'\"\n}".into()),
        ("strip_path", json!("true"), "strip_path: expected a boolean".into()),
    ];
    for (field, value, text) in cases {
        assert_eq!(
            message(&ROUTES, base(field, value.clone())),
            format!("schema violation ({text})"),
            "{field} {value}"
        );
    }
}

#[test]
fn server_names_need_tls() {
    assert_eq!(
        message(&ROUTES, json!({"protocols": ["http"], "paths": ["/"], "snis": ["a.com"]})),
        "schema violation (snis: 'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough')"
    );
    assert!(insert(&ROUTES, json!({"protocols": ["https"], "snis": ["a.com"]})).is_ok());
}

#[test]
fn a_bad_header_pattern_is_an_error_of_the_router() {
    assert_eq!(
        message(&ROUTES, json!({"headers": {"x-a": ["~*["]}})),
        "schema violation (Router Expression failed validation: invalid regex '~*[': unclosed character class)"
    );
}

#[test]
fn references_are_an_id_or_a_name() {
    let route = |service: Value| json!({"paths": ["/"], "service": service});
    let by_id = insert(&ROUTES, route(json!({"id": ID.to_string().to_uppercase(), "name": "x"}))).unwrap();
    assert_eq!(by_id["service"], json!({"id": ID.to_string()}));
    let by_name = insert(&ROUTES, route(json!({"name": "api"}))).unwrap();
    assert_eq!(by_name["service"], json!({"name": "api"}));
    let cases = [
        (json!({"protocol": "http"}), "schema violation (service.id: missing primary key)"),
        (json!({"name": null}), "schema violation (service.id: missing primary key)"),
        (json!({}), "schema violation (service.id: missing primary key)"),
        (
            json!({"protocol": "foo"}),
            "2 schema violations (service.id: missing primary key; service.protocol: expected one of: \
             grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp)",
        ),
        (json!({"id": "x"}), "schema violation (service.id: expected a valid UUID)"),
        (json!("x"), "schema violation (service: expected a record)"),
    ];
    for (service, text) in cases {
        assert_eq!(message(&ROUTES, route(service.clone())), text, "{service}");
    }
}

#[test]
fn sets_lose_duplicates_and_arrays_keep_them() {
    let record = insert(&ROUTES, json!({"methods": ["GET", "PUT", "GET"], "hosts": ["a", "a"]})).unwrap();
    assert_eq!(record["methods"], json!(["GET", "PUT"]));
    assert_eq!(record["hosts"], json!(["a", "a"]));
}

#[test]
fn the_typed_view_has_what_the_record_says() {
    let record = insert(
        &ROUTES,
        json!({"paths": ["~/a"], "headers": {"x-a": ["1"]}, "service": {"id": ID.to_string()}, "protocols": ["https"]}),
    )
    .unwrap();
    let route = Route::try_from(&record).unwrap();
    assert_eq!(
        (route.service, route.protocols, route.paths),
        (Some(ID), vec![Protocol::Https], vec!["~/a".to_owned()])
    );
    assert_eq!(route.headers["x-a"], ["1"]);
    assert!(route.methods.is_empty() && route.strip_path && !route.preserve_host);
}

#[test]
fn a_reference_that_is_not_resolved_is_no_typed_view() {
    let record = insert(&ROUTES, json!({"paths": ["/"], "service": {"name": "api"}})).unwrap();
    let fault = Route::try_from(&record).unwrap_err().to_string();
    assert_eq!(fault, format!("stored route '{ID}' cannot be read: missing field `id`"));
}
