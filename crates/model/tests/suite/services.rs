use keybound_model::Service;
use keybound_model::entity::{Protocol, SERVICES};
use serde_json::{Value, json};

use crate::catalog::{ID, NOW, insert, message};

#[test]
fn a_minimal_service_comes_back_complete() {
    let record = insert(&SERVICES, json!({"host": "example.com"})).unwrap();
    assert_eq!(
        Value::Object(record),
        json!({
            "id": ID.to_string(), "created_at": NOW, "updated_at": NOW, "name": null, "retries": 5, "protocol": "http",
            "host": "example.com", "port": 80, "path": null, "connect_timeout": 60000, "write_timeout": 60000,
            "read_timeout": 60000, "tags": null, "client_certificate": null, "tls_verify": null,
            "tls_verify_depth": null, "ca_certificates": null, "enabled": true,
        })
    );
}

#[test]
fn each_field_is_refused_in_kongs_words() {
    let protocols = "grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp";
    let cases = [
        (json!({}), "schema violation (host: required field missing)".to_owned()),
        (json!({"host": null}), "schema violation (host: required field missing)".into()),
        (json!({"host": ""}), "schema violation (host: length must be at least 1)".into()),
        (json!({"host": "a:80"}), "schema violation (host: must not have a port)".into()),
        (json!({"host": "a b"}), "schema violation (host: invalid value: a b)".into()),
        (json!({"host": 1}), "schema violation (host: expected a string)".into()),
        (json!({"host": "a", "foo": 1}), "schema violation (foo: unknown field)".into()),
        (json!({"host": "a", "port": "80"}), "schema violation (port: expected an integer)".into()),
        (json!({"host": "a", "port": 1.5}), "schema violation (port: expected an integer)".into()),
        (json!({"host": "a", "port": 65536}), "schema violation (port: value should be between 0 and 65535)".into()),
        (json!({"host": "a", "retries": -1}), "schema violation (retries: value should be between 0 and 32767)".into()),
        (
            json!({"host": "a", "read_timeout": 0}),
            "schema violation (read_timeout: value should be between 1 and 2147483646)".into(),
        ),
        (json!({"host": "a", "protocol": "ftp"}), format!("schema violation (protocol: expected one of: {protocols})")),
        (
            json!({"host": "a", "name": "a b"}),
            "schema violation (name: invalid value 'a b': the only accepted ascii characters are alphanumerics \
             or ., -, _, and ~)"
                .into(),
        ),
        (json!({"host": "a", "path": "x"}), "schema violation (path: should start with: /)".into()),
        (json!({"host": "a", "enabled": "on"}), "schema violation (enabled: expected a boolean)".into()),
        (json!({"host": "a", "tags": "x"}), "schema violation (tags: expected a set)".into()),
        (
            json!({"host": "a", "tags": ["a", "b,c"]}),
            "schema violation (tags.2: invalid tag 'b,c': expected printable ascii (except `,` and `/`) or valid \
             utf-8 sequences)"
                .into(),
        ),
        (json!({"host": "a", "id": "x"}), "schema violation (id: expected a valid UUID)".into()),
        (
            json!({"name": "x", "port": "a"}),
            "2 schema violations (host: required field missing; port: expected an integer)".into(),
        ),
    ];
    for (input, text) in cases {
        assert_eq!(message(&SERVICES, input.clone()), text, "{input}");
    }
}

#[test]
fn tls_fields_need_a_tls_protocol() {
    assert_eq!(
        message(&SERVICES, json!({"host": "a", "tls_verify": true})),
        "2 schema violations (failed conditional validation given value of field 'protocol'; \
         tls_verify: value must be null)"
    );
    let record = insert(&SERVICES, json!({"host": "a", "protocol": "https", "tls_verify": false})).unwrap();
    assert_eq!(record["tls_verify"], json!(false));
    assert_eq!(record["port"], json!(80), "the port does not follow the protocol");
}

#[test]
fn the_fields_of_tls_are_for_services_that_speak_it() {
    let id = ID.to_string();
    for (field, value) in [
        ("client_certificate", json!({"id": id})),
        ("tls_verify", json!(true)),
        ("tls_verify_depth", json!(1)),
        ("ca_certificates", json!([id])),
    ] {
        for protocol in ["https", "tls"] {
            let record = insert(&SERVICES, json!({"host": "a", "protocol": protocol, field: value})).unwrap();
            assert_eq!(record[field], value);
        }
        let text = format!(
            "2 schema violations (failed conditional validation given value of field 'protocol'; {field}: value must be null)"
        );
        assert_eq!(message(&SERVICES, json!({"host": "a", "protocol": "http", field: value})), text);
    }
}

#[test]
fn every_protocol_of_kong_is_taken() {
    for protocol in ["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"] {
        assert_eq!(
            insert(&SERVICES, json!({"host": "a", "protocol": protocol})).unwrap()["protocol"],
            protocol
        );
    }
}

#[test]
fn a_url_sets_four_fields_and_is_not_kept() {
    let cases = [
        ("https://example.com/anything", json!(["https", "example.com", 443, "/anything"])),
        ("http://example.com", json!(["http", "example.com", 80, null])),
        ("http://example.com:8080/", json!(["http", "example.com", 8080, "/"])),
        ("//example.com:443", json!(["https", "example.com", 443, null])),
        ("//example.com:80/x", json!(["http", "example.com", 80, "/x"])),
        ("https://u:p@example.com/x?q=1#f", json!(["https", "example.com", 443, "/x"])),
        ("http://[::1]:9000/x", json!(["http", "[::1]", 9000, "/x"])),
        ("HTTP://example.com", json!(["http", "example.com", 80, null])),
    ];
    for (url, expected) in cases {
        let record = insert(&SERVICES, json!({"url": url})).unwrap();
        let got: Value =
            ["protocol", "host", "port", "path"].map(|field| record[field].clone()).into_iter().collect();
        assert_eq!(got, expected, "{url}");
        assert!(!record.contains_key("url"));
    }
}

#[test]
fn a_url_that_is_none_is_two_violations() {
    assert_eq!(
        message(&SERVICES, json!({"url": "not a url"})),
        "2 schema violations (host: required field missing; path: should start with: /)"
    );
    assert_eq!(
        message(&SERVICES, json!({"url": 1})),
        "2 schema violations (host: required field missing; url: expected a string)"
    );
}

#[test]
fn the_typed_view_has_what_the_record_says() {
    let record =
        insert(&SERVICES, json!({"name": "api", "url": "https://example.com/x", "read_timeout": 5})).unwrap();
    let service = Service::try_from(&record).unwrap();
    assert_eq!((service.id, service.name.as_deref(), service.protocol), (ID, Some("api"), Protocol::Https));
    assert_eq!(
        (service.host.as_str(), service.port, service.path.as_deref()),
        ("example.com", 443, Some("/x"))
    );
    assert_eq!(service.read_timeout, std::time::Duration::from_millis(5));
    assert!(service.enabled && service.tags.is_empty() && service.tls_verify.is_none());
}
