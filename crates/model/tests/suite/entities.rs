//! What each kind of entity is made of: a minimal record comes back complete, and each fault has its text.

use std::time::Duration;

use keybound_model::entity::{
    ACLS, BASICAUTH_CREDENTIALS, CONSUMER_GROUP_CONSUMERS, CONSUMER_GROUPS, CONSUMERS, Fresh,
    HMACAUTH_CREDENTIALS, JWT_SECRETS, KEY_SETS, KEYAUTH_CREDENTIALS, KEYS, MTLS_AUTH_CREDENTIALS, PLUGINS,
    ROUTES, ROUTES_EXPRESSIONS, SERVICES, SNIS, TARGETS, UPSTREAMS, VAULTS, all,
};
use keybound_model::schema::OnDelete;
use keybound_model::{Configuration, Descriptor, Record};
use serde_json::{Value, json};

use crate::catalog::{ID, NOW, catalog, fields, insert, message, object};

fn reference() -> Value {
    json!({"id": ID.to_string()})
}

/// The time so many seconds after the usual one.
fn at(seconds: u64) -> Duration {
    Duration::from_secs(NOW.cast_unsigned() + seconds)
}

fn seeded(entity: &Descriptor, value: Value) -> Record {
    entity.validate_insert(object(value), Fresh::new(ID, NOW).seeded([7; 32]), &catalog()).unwrap()
}

/// A minimal record of each kind, and what it is beside its id, its times and its labels when it comes back.
fn complete(entity: &Descriptor, input: Value, expected: Value) {
    let mut record = seeded(entity, input);
    assert_eq!(record.remove("id"), Some(json!(ID.to_string())), "{}", entity.name);
    let exact = entity.name == "targets";
    for time in ["created_at", "updated_at"] {
        let now = if exact { json!(NOW as f64) } else { json!(NOW) };
        if let Some(found) = record.remove(time) {
            assert_eq!(found, now, "{} {time}", entity.name);
        }
    }
    if let Some(tags) = record.remove("tags") {
        assert_eq!(tags, Value::Null);
    }
    assert_eq!(Value::Object(record), expected, "{}", entity.name);
}

#[test]
fn a_minimal_record_of_each_kind_comes_back_complete() {
    let owner = reference();
    complete(&CONSUMERS, json!({"username": "a"}), json!({"username": "a", "custom_id": null}));
    complete(&CONSUMER_GROUPS, json!({"name": "gold"}), json!({"name": "gold"}));
    let both = json!({"consumer": owner, "consumer_group": owner});
    complete(&CONSUMER_GROUP_CONSUMERS, both.clone(), both);
    complete(
        &KEYAUTH_CREDENTIALS,
        json!({"consumer": owner, "key": "k"}),
        json!({"consumer": owner, "key": "k", "expires_at": null}),
    );
    let basic = json!({"consumer": owner, "username": "a", "password": "b"});
    complete(&BASICAUTH_CREDENTIALS, basic.clone(), basic);
    let acl = json!({"consumer": owner, "group": "g"});
    complete(&ACLS, acl.clone(), acl);
    complete(
        &JWT_SECRETS,
        json!({"consumer": owner, "key": "k", "secret": "s"}),
        json!({"consumer": owner, "key": "k", "secret": "s", "rsa_public_key": null, "algorithm": "HS256"}),
    );
    let hmac = json!({"consumer": owner, "username": "a", "secret": "s"});
    complete(&HMACAUTH_CREDENTIALS, hmac.clone(), hmac);
    complete(
        &MTLS_AUTH_CREDENTIALS,
        json!({"consumer": owner, "subject_name": "a.test"}),
        json!({"consumer": owner, "subject_name": "a.test", "ca_certificate": null}),
    );
    complete(
        &TARGETS,
        json!({"upstream": owner, "target": "a.test"}),
        json!({"upstream": owner, "target": "a.test:8000", "weight": 100}),
    );
    let sni = json!({"name": "*.a.test", "certificate": owner});
    complete(&SNIS, sni.clone(), sni);
    complete(
        &VAULTS,
        json!({"prefix": "my-env", "name": "env"}),
        json!({"prefix": "my-env", "name": "env", "description": null, "config": {"prefix": null}}),
    );
    complete(&KEY_SETS, json!({}), json!({"name": null}));
    let jwk = r#"{"kid": "1", "kty": "oct", "k": "AA"}"#;
    complete(
        &KEYS,
        json!({"kid": "1", "jwk": jwk}),
        json!({"kid": "1", "jwk": jwk, "name": null, "set": null, "pem": null}),
    );
}

#[test]
fn an_upstream_has_kongs_defaults() {
    let unhealthy = json!({"interval": 0, "http_statuses": [429, 404, 500, 501, 502, 503, 504, 505], "tcp_failures": 0,
        "timeouts": 0, "http_failures": 0});
    let active = json!({"type": "http", "timeout": 1, "concurrency": 10, "http_path": "/", "https_sni": null,
        "https_verify_certificate": true, "headers": null,
        "healthy": {"interval": 0, "http_statuses": [200, 302], "successes": 0}, "unhealthy": unhealthy});
    let good =
        [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308];
    let passive = json!({"type": "http", "healthy": {"http_statuses": good, "successes": 0},
        "unhealthy": {"http_statuses": [429, 500, 503], "tcp_failures": 0, "timeouts": 0, "http_failures": 0}});
    complete(
        &UPSTREAMS,
        json!({"name": "u"}),
        json!({"name": "u", "algorithm": "round-robin", "hash_on": "none", "hash_fallback": "none",
            "hash_on_header": null, "hash_fallback_header": null, "hash_on_cookie": null, "hash_on_cookie_path": "/",
            "hash_on_query_arg": null, "hash_fallback_query_arg": null, "hash_on_uri_capture": null,
            "hash_fallback_uri_capture": null, "slots": 10000, "host_header": null, "client_certificate": null,
            "use_srv_name": false, "healthchecks": {"active": active, "passive": passive, "threshold": 0}}),
    );
    let partial = json!({"name": "u", "healthchecks": {"active": {"http_path": "/up"}}});
    let record = insert(&UPSTREAMS, partial).unwrap();
    assert_eq!(record["healthchecks"]["active"]["http_path"], json!("/up"));
    assert_eq!(record["healthchecks"]["active"]["concurrency"], json!(10));
    assert_eq!(record["healthchecks"]["passive"], passive);
}

#[test]
fn what_is_hashed_and_the_algorithm_follow_each_other() {
    let cases = [
        (json!({"hash_on": "ip"}), ("consistent-hashing", "ip")),
        (json!({"hash_on": "none"}), ("round-robin", "none")),
        (json!({"algorithm": "least-connections"}), ("least-connections", "none")),
        (json!({"algorithm": "latency", "hash_on": "ip"}), ("latency", "none")),
        (json!({"algorithm": "round-robin", "hash_on": "ip"}), ("consistent-hashing", "ip")),
    ];
    for (mut input, (algorithm, hash_on)) in cases {
        input["name"] = json!("u");
        let record = insert(&UPSTREAMS, input.clone()).unwrap();
        assert_eq!(
            (&record["algorithm"], &record["hash_on"]),
            (&json!(algorithm), &json!(hash_on)),
            "{input}"
        );
    }
    let hashing = insert(&UPSTREAMS, json!({"name": "u", "hash_on": "ip"})).unwrap();
    let patch = object(json!({"algorithm": "least-connections"}));
    let record = UPSTREAMS.validate_update(&hashing, patch, at(0), &catalog()).unwrap();
    assert_eq!((&record["algorithm"], &record["hash_on"]), (&json!("least-connections"), &json!("none")));
}

#[test]
fn each_fault_of_an_upstream_has_its_text() {
    let conditional = "failed conditional validation given value of field";
    let cases = [
        (json!({}), "schema violation (name: required field missing)".to_owned()),
        (
            json!({"name": "a b"}),
            "schema violation (name: Invalid name ('a b'); must be a valid hostname)".into(),
        ),
        (
            json!({"name": "10.0.0.1"}),
            "schema violation (name: Invalid name ('10.0.0.1'); no ip addresses allowed)".into(),
        ),
        (json!({"name": "a:80"}), "schema violation (name: Invalid name ('a:80'); no port allowed)".into()),
        (
            json!({"name": "u", "slots": 9}),
            "schema violation (slots: value should be between 10 and 65536)".into(),
        ),
        (
            json!({"name": "u", "hash_on": "header"}),
            format!("2 schema violations ({conditional} 'hash_on'; hash_on_header: required field missing)"),
        ),
        (
            json!({"name": "u", "hash_on": "ip", "hash_fallback": "ip"}),
            format!(
                "2 schema violations ({conditional} 'hash_on'; hash_fallback: expected one of: none, consumer, header, \
                 cookie, path, query_arg, uri_capture)"
            ),
        ),
        (
            json!({"name": "u", "hash_fallback": "ip"}),
            format!("2 schema violations ({conditional} 'hash_on'; hash_fallback: expected one of: none)"),
        ),
        (
            json!({"name": "u", "hash_on": "header", "hash_fallback": "header", "hash_on_header": "a",
                "hash_fallback_header": "a"}),
            "schema violation (values of these fields must be distinct: 'hash_on_header', 'hash_fallback_header')"
                .into(),
        ),
        (
            json!({"name": "u", "hash_on_cookie": "a b"}),
            "schema violation (hash_on_cookie: bad cookie name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-')"
                .into(),
        ),
        (
            json!({"name": "u", "healthchecks": {"threshold": 101}}),
            "schema violation (healthchecks.threshold: value should be between 0 and 100)".into(),
        ),
    ];
    for (input, text) in cases {
        assert_eq!(message(&UPSTREAMS, input.clone()), text, "{input}");
    }
}

#[test]
fn each_fault_of_the_other_kinds_has_its_text() {
    let owner = reference();
    let cases: Vec<(&Descriptor, Value, &str)> = vec![
        (
            &CONSUMERS,
            json!({}),
            "schema violation (at least one of these fields must be non-empty: 'custom_id', 'username')",
        ),
        (&CONSUMERS, json!({"username": ""}), "schema violation (username: length must be at least 1)"),
        (&CONSUMER_GROUPS, json!({}), "schema violation (name: required field missing)"),
        (&KEYAUTH_CREDENTIALS, json!({"key": "k"}), "schema violation (consumer: required field missing)"),
        (&KEYAUTH_CREDENTIALS, json!({"consumer": owner}), "schema violation (key: required field missing)"),
        (
            &KEYAUTH_CREDENTIALS,
            json!({"consumer": owner, "key": "k", "ttl": -1}),
            "schema violation (ttl: value should be between 0 and 100000000)",
        ),
        (
            &KEYAUTH_CREDENTIALS,
            json!({"consumer": owner, "key": "k", "expires_at": 1}),
            "schema violation (expires_at: unknown field)",
        ),
        (
            &BASICAUTH_CREDENTIALS,
            json!({"consumer": owner}),
            "2 schema violations (password: required field missing; username: required field missing)",
        ),
        (&ACLS, json!({"consumer": owner}), "schema violation (group: required field missing)"),
        (&ACLS, json!({"consumer": owner, "group": "g", "ttl": 1}), "schema violation (ttl: unknown field)"),
        (
            &JWT_SECRETS,
            json!({"consumer": owner, "key": "k", "secret": "s", "algorithm": "none"}),
            "schema violation (algorithm: expected one of: HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512, EdDSA)",
        ),
        (
            &JWT_SECRETS,
            json!({"consumer": owner, "key": "k", "secret": "s", "algorithm": "RS256"}),
            "2 schema violations (failed conditional validation given value of field 'algorithm'; rsa_public_key: required field missing)",
        ),
        (
            &JWT_SECRETS,
            json!({"consumer": owner, "key": "k", "secret": "s", "rsa_public_key": "x"}),
            "schema violation (rsa_public_key: invalid key)",
        ),
        (
            &HMACAUTH_CREDENTIALS,
            json!({"consumer": owner, "secret": "s"}),
            "schema violation (username: required field missing)",
        ),
        (
            &MTLS_AUTH_CREDENTIALS,
            json!({"consumer": owner}),
            "schema violation (subject_name: required field missing)",
        ),
        (
            &TARGETS,
            json!({"upstream": owner, "target": "a b"}),
            "schema violation (target: Invalid target; not a valid hostname or ip address)",
        ),
        (
            &TARGETS,
            json!({"upstream": owner, "target": "a", "weight": 65536}),
            "schema violation (weight: value should be between 0 and 65535)",
        ),
        (&TARGETS, json!({"target": "a"}), "schema violation (upstream: required field missing)"),
        (
            &SNIS,
            json!({"name": "a.*.b", "certificate": owner}),
            "schema violation (name: wildcard must be leftmost or rightmost character)",
        ),
        (&SNIS, json!({"name": "a"}), "schema violation (certificate: required field missing)"),
        (&VAULTS, json!({"prefix": "A", "name": "env"}), "schema violation (prefix: invalid value: A)"),
        (
            &VAULTS,
            json!({"prefix": "env", "name": "env"}),
            "schema violation (prefix: must not be one of: env, aws, gcp, hcv, azure, conjur)",
        ),
        (
            &VAULTS,
            json!({"prefix": "aa", "name": "hcv"}),
            "schema violation (name: 'hcv' is not supported by Keybound yet)",
        ),
        (
            &VAULTS,
            json!({"prefix": "aa", "name": "x"}),
            "schema violation (name: vault 'x' is not installed)",
        ),
        (
            &VAULTS,
            json!({"prefix": "aa", "name": "env", "config": {"prefix": "1"}}),
            "schema violation (config.prefix: invalid value: 1)",
        ),
        (
            &KEYS,
            json!({"kid": "1"}),
            "schema violation (at least one of these fields must be non-empty: 'jwk', 'pem')",
        ),
        (&KEYS, json!({"kid": "1", "jwk": "x"}), "schema violation (jwk: could not json decode jwk string)"),
        (
            &KEYS,
            json!({"kid": "1", "jwk": "{\"kty\": \"oct\", \"kid\": \"2\"}"}),
            "schema violation (kid in jwk.kid must be equal to keys.kid)",
        ),
        (
            &KEYS,
            json!({"kid": "1", "pem": {"public_key": "x"}}),
            "schema violation (pem.public_key: could not load public key)",
        ),
        (
            &KEYS,
            json!({"kid": "1", "pem": {"private_key": "x"}}),
            "schema violation (pem.private_key: could not load private key)",
        ),
        (
            &ROUTES,
            json!({"protocols": ["tcp"]}),
            "schema violation (must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp')",
        ),
        (
            &ROUTES,
            json!({"protocols": ["tls_passthrough"]}),
            "schema violation (must set snis when 'protocols' is 'tls_passthrough')",
        ),
        (
            &ROUTES,
            json!({"protocols": ["tcp"], "sources": [{"port": 1}], "paths": ["/"]}),
            "schema violation (paths: cannot set 'paths' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp')",
        ),
        (
            &ROUTES,
            json!({"protocols": ["grpc"], "paths": ["/"], "strip_path": true}),
            "schema violation (strip_path: cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs')",
        ),
        (&ROUTES_EXPRESSIONS, json!({}), "schema violation (expression: required field missing)"),
        (
            &ROUTES_EXPRESSIONS,
            json!({"expression": "a", "priority": 70_368_744_177_664_i64}),
            "schema violation (priority: value should be between 0 and 70368744177663)",
        ),
        (
            &ROUTES_EXPRESSIONS,
            json!({"expression": "a", "paths": ["/"]}),
            "schema violation (paths: unknown field)",
        ),
    ];
    for (entity, input, text) in cases {
        assert_eq!(message(entity, input.clone()), text, "{} {input}", entity.name);
    }
}

#[test]
fn a_route_for_grpc_keeps_its_path() {
    let record = insert(&ROUTES, json!({"protocols": ["grpc", "grpcs"], "paths": ["/a.B/c"]})).unwrap();
    assert_eq!(record["strip_path"], json!(false));
    let record = insert(&ROUTES_EXPRESSIONS, json!({"expression": "http.path == \"/\""})).unwrap();
    assert_eq!((&record["priority"], &record["strip_path"]), (&json!(0), &json!(true)));
    assert!(!record.contains_key("paths"));
}

#[test]
fn targets_are_stored_with_their_port() {
    for (given, stored) in [
        ("10.0.0.1", "10.0.0.1:8000"),
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("::1", "[::1]:8000"),
        ("[::1]", "[::1]:8000"),
        ("[0:0::1]:80", "[::1]:80"),
        ("a.test:1", "a.test:1"),
    ] {
        let fresh = Fresh::new(ID, NOW).with_millis(250);
        let input = object(json!({"upstream": reference(), "target": given}));
        let record = TARGETS.validate_insert(input, fresh, &catalog()).unwrap();
        assert_eq!(record["target"], json!(stored));
        assert_eq!(record["created_at"], json!(1_700_000_000.25));
    }
}

#[test]
fn keys_that_are_not_given_are_made_and_differ() {
    let key = |seed: u8, entity: &Descriptor, field: &str| {
        let fresh = Fresh::new(ID, NOW).seeded([seed; 32]);
        let mut input = json!({"consumer": reference()});
        if entity.name == "hmacauth_credentials" {
            input["username"] = json!("a");
        }
        let record = entity.validate_insert(object(input), fresh, &catalog()).unwrap();
        record[field].as_str().unwrap().to_owned()
    };
    let made = [
        key(1, &KEYAUTH_CREDENTIALS, "key"),
        key(2, &KEYAUTH_CREDENTIALS, "key"),
        key(1, &JWT_SECRETS, "secret"),
        key(3, &HMACAUTH_CREDENTIALS, "secret"),
    ];
    assert!(made.iter().all(|key| key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit())));
    let mut different = made.to_vec();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), made.len());
}

#[test]
fn a_password_is_hashed_as_kong_does_and_only_when_it_is_sent() {
    let input = json!({"consumer": reference(), "username": "a", "password": "secret"});
    let mut record = seeded(&BASICAUTH_CREDENTIALS, input);
    BASICAUTH_CREDENTIALS.transform(&mut record, None);
    // printf 'secret11111111-2222-4333-8444-555555555555' | sha1sum
    let hash = "c750aa6f50c92c5ce18e240bf77f2f115d31e6c5";
    assert_eq!(record["password"], json!(hash));
    let patch = object(json!({"username": "b"}));
    let mut patched =
        BASICAUTH_CREDENTIALS.validate_update(&record, patch.clone(), at(0), &catalog()).unwrap();
    BASICAUTH_CREDENTIALS.transform(&mut patched, Some(&patch));
    assert_eq!((&patched["password"], &patched["username"]), (&json!(hash), &json!("b")));
    let patch = object(json!({"password": "secret"}));
    let mut patched =
        BASICAUTH_CREDENTIALS.validate_update(&record, patch.clone(), at(0), &catalog()).unwrap();
    BASICAUTH_CREDENTIALS.transform(&mut patched, Some(&patch));
    assert_eq!(patched["password"], json!(hash));
}

#[test]
fn a_lifetime_counts_down_and_a_patch_without_one_keeps_it() {
    let input = json!({"consumer": reference(), "key": "k", "ttl": 60});
    let record = insert(&KEYAUTH_CREDENTIALS, input).unwrap();
    let left = |record: &Record, now: i64| KEYAUTH_CREDENTIALS.shown(record.clone(), now)["ttl"].clone();
    assert_eq!(left(&record, NOW + 20), json!(40));
    assert!(!KEYAUTH_CREDENTIALS.shown(record.clone(), NOW).contains_key("expires_at"));
    assert!(!KEYAUTH_CREDENTIALS.is_expired(&record, NOW + 59));
    assert!(KEYAUTH_CREDENTIALS.is_expired(&record, NOW + 60));
    let patch = |patch: Value| {
        KEYAUTH_CREDENTIALS.validate_update(&record, object(patch), at(10), &catalog()).unwrap()
    };
    assert_eq!(left(&patch(json!({"tags": ["a"]})), NOW + 10), json!(50));
    assert_eq!(left(&patch(json!({"ttl": 5})), NOW + 10), json!(5));
    for endless in [json!({"ttl": null}), json!({"ttl": 0})] {
        assert_eq!(left(&patch(endless), NOW + 10), json!(null));
    }
}

#[test]
fn every_kind_is_complete_enough_for_the_data_plane() {
    let owner = reference();
    let records = [
        (&*CONSUMERS, json!({"username": "a"})),
        (&*CONSUMER_GROUPS, json!({"name": "a"})),
        (&*CONSUMER_GROUP_CONSUMERS, json!({"consumer": owner, "consumer_group": owner})),
        (&*KEYAUTH_CREDENTIALS, json!({"consumer": owner, "ttl": 10})),
        (&*BASICAUTH_CREDENTIALS, json!({"consumer": owner, "username": "a", "password": "b"})),
        (&*ACLS, json!({"consumer": owner, "group": "a"})),
        (&*JWT_SECRETS, json!({"consumer": owner})),
        (&*HMACAUTH_CREDENTIALS, json!({"consumer": owner, "username": "a"})),
        (&*MTLS_AUTH_CREDENTIALS, json!({"consumer": owner, "subject_name": "a"})),
        (&*UPSTREAMS, json!({"name": "a", "hash_on": "query_arg", "hash_on_query_arg": "q"})),
        (&*TARGETS, json!({"upstream": owner, "target": "a"})),
        (&*SNIS, json!({"certificate": owner, "name": "a"})),
        (&*VAULTS, json!({"prefix": "aa", "name": "env"})),
        (&*ROUTES_EXPRESSIONS, json!({"expression": "a"})),
        (&*PLUGINS, json!({"name": "plain", "consumer_group": owner})),
    ];
    let mut configuration = Configuration::default();
    for (entity, input) in records {
        configuration.add(entity.name, &seeded(entity, input)).unwrap();
    }
    assert_eq!(configuration.keyauth_credentials[0].expires_at, Some(NOW + 10));
    assert_eq!(configuration.plugins[0].consumer_group, Some(ID));
    assert_eq!(configuration.routes[0].expression.as_deref(), Some("a"));
    assert_eq!(configuration.targets[0].target, "a:8000");
}

#[test]
fn kinds_come_after_what_they_refer_to() {
    let names: Vec<&str> = all().iter().map(|entity| entity.name).collect();
    for (place, entity) in all().into_iter().enumerate() {
        for (field, foreign) in entity.foreign_keys() {
            let parent = names.iter().position(|name| *name == foreign.entity).unwrap();
            assert!(parent < place, "{}.{field}", entity.name);
        }
    }
}

#[test]
fn what_goes_with_a_parent_and_what_holds_it_back() {
    let rules = |entity: &Descriptor, on_delete: OnDelete| -> Vec<&str> {
        let found = entity.referrers().into_iter().filter(|referrer| referrer.on_delete == on_delete);
        found.map(|referrer| referrer.entity.name).collect()
    };
    assert_eq!(
        rules(&CONSUMERS, OnDelete::Cascade),
        [
            "consumer_group_consumers",
            "keyauth_credentials",
            "basicauth_credentials",
            "acls",
            "jwt_secrets",
            "hmacauth_credentials",
            "mtls_auth_credentials",
            "plugins"
        ]
    );
    assert_eq!(rules(&UPSTREAMS, OnDelete::Cascade), ["targets"]);
    let certificates = keybound_model::entity::by_name("certificates").unwrap();
    assert_eq!(rules(certificates, OnDelete::Cascade), ["snis"]);
    assert_eq!(rules(certificates, OnDelete::Restrict), ["upstreams", "services"]);
    let authorities = keybound_model::entity::by_name("ca_certificates").unwrap();
    let arrays: Vec<_> =
        authorities.array_referrers().into_iter().map(|(entity, field)| (entity.name, field)).collect();
    assert_eq!(arrays, [("services", "ca_certificates"), ("plugins", "config.ca_certificates")]);
    assert_eq!(
        authorities.still_referenced("1", &SERVICES, "2"),
        "ca certificate 1 is still referenced by services (id = 2)"
    );
    let service =
        insert(&SERVICES, json!({"host": "a", "protocol": "https", "ca_certificates": [ID.to_string()]}));
    assert!(Descriptor::names(&service.unwrap(), "ca_certificates", &ID.to_string()));
    let plugin = object(json!({"config": {"ca_certificates": ["a"]}}));
    assert!(Descriptor::names(&plugin, "config.ca_certificates", "a"));
    assert!(!Descriptor::names(&plugin, "config.ca_certificates", "b"));
    assert!(!Descriptor::names(&object(json!({"config": null})), "config.ca_certificates", "a"));
}

#[test]
fn the_admin_api_has_its_own_names_for_some() {
    let paths: Vec<_> = [&KEYAUTH_CREDENTIALS, &BASICAUTH_CREDENTIALS, &ACLS, &TARGETS, &KEY_SETS]
        .iter()
        .map(|entity| (entity.top_path, entity.nested_path))
        .collect();
    assert_eq!(
        paths,
        [
            (Some("key-auths"), Some("key-auth")),
            (Some("basic-auths"), Some("basic-auth")),
            (Some("acls"), Some("acls")),
            (None, Some("targets")),
            (Some("key-sets"), Some("key-sets")),
        ]
    );
    assert_eq!(fields(&KEY_SETS, json!({"x": 1})), json!({"x": "unknown field"}));
}
