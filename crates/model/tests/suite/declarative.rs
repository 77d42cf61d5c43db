use keybound_model::declarative::{self, Declared, Reading};
use keybound_model::entity::{RouterFlavor, Seed};
use keybound_model::ids;
use serde_json::{Value, json};

use crate::catalog::{NOW, catalog};

const SAMPLE: &str = r#"_format_version: "3.0"
_transform: yes
_comment: a sample
services:
- name: api
  url: http://127.0.0.1:9000
  _comment: the first
  routes:
  - name: r1
    protocols: [http, https]
    paths: [/api]
    strip_path: off
    plugins:
    - name: demo-auth
      config: {issuer: "https://idp/", modes: [bearer], strict: no}
routes:
- name: r2
  service: api
  hosts: [yes.example.com]
  tags: ["on"]
plugins:
- name: plain
  service: {name: api}
"#;

fn load(text: &str) -> Result<Declared, String> {
    declarative::parse(text, "kong.yml", NOW, &catalog()).map_err(|fault| fault.to_string())
}

fn refused(text: &str) -> String {
    load(text).unwrap_err()
}

fn with(rest: &str) -> String {
    format!("_format_version: \"3.0\"\n{rest}")
}

#[test]
fn nested_and_flat_entities_are_taken() {
    let declared = load(SAMPLE).unwrap();
    let service = ids::deterministic("services", "api");
    let configuration = &declared.configuration;
    assert_eq!(configuration.services.len(), 1);
    assert_eq!((configuration.services[0].id, configuration.services[0].port), (service, 9000));
    let routes: Vec<_> = configuration.routes.iter().map(|r| (r.id, r.service, r.strip_path)).collect();
    let (r1, r2) = (ids::deterministic("routes", "r1"), ids::deterministic("routes", "r2"));
    assert_eq!(routes, [(r2, Some(service), true), (r1, Some(service), false)]);
    let plugins: Vec<_> =
        configuration.plugins.iter().map(|p| (p.name.as_str(), p.route, p.service)).collect();
    assert_eq!(plugins, [("plain", None, Some(service)), ("demo-auth", Some(r1), None)]);
    assert_eq!(configuration.plugins[1].config["strict"], json!(false));
    assert_eq!(configuration.routes[0].tags, ["on"], "text stays text");
    assert_eq!(declared.records["services"][0]["created_at"], json!(NOW));
}

#[test]
fn json_is_the_same_as_yaml() {
    let yaml = load("_format_version: \"3.0\"\nservices: [{name: a, host: b}]").unwrap();
    let json =
        load("{\n\t\"_format_version\": \"3.0\",\n\t\"services\": [{\"name\": \"a\", \"host\": \"b\"}]\n}")
            .unwrap();
    assert_eq!(yaml.records, json.records);
    assert_ne!(yaml.hash, json.hash);
}

#[test]
fn the_hash_is_the_md5_of_the_text() {
    assert_eq!(declarative::hash(""), "d41d8cd98f00b204e9800998ecf8427e");
    let text = with("services: []");
    assert_eq!(load(&text).unwrap().hash, declarative::hash(&text));
}

#[test]
fn ids_are_the_same_on_every_load_and_given_ones_stay() {
    let text = with("routes: [{paths: [/a]}, {paths: [/a]}, {paths: [/b]}]\nplugins: [{name: plain}]\n");
    let (first, second) = (load(&text).unwrap(), load(&text).unwrap());
    assert_eq!(first.records, second.records);
    let mut ids: Vec<_> = first.configuration.routes.iter().map(|route| route.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    let given = "AAAAAAAA-2222-4333-8444-555555555555";
    let text =
        with(&format!("services: [{{id: {given}, host: a}}]\nroutes: [{{paths: [/], service: {given}}}]"));
    let declared = load(&text).unwrap();
    assert_eq!(declared.configuration.services[0].id.to_string(), given.to_lowercase());
    assert_eq!(declared.configuration.routes[0].service, Some(declared.configuration.services[0].id));
}

#[test]
fn ids_follow_from_what_kong_makes_them_of() {
    let text = with(
        "consumers:\n- username: a\n  acls: [{group: g}]\n  keyauth_credentials: [{key: k}]\n  plugins: [{name: plain}]\n\
         upstreams:\n- name: u\n  targets: [{target: 10.0.0.1}]\nservices: [{name: s, host: a}]\n\
         plugins: [{name: plain}, {name: plain, service: s}]\nvaults: [{prefix: v1, name: env}]\n",
    );
    let declared = load(&text).unwrap();
    let consumer = ids::deterministic("consumers", "a");
    let upstream = ids::deterministic("upstreams", "u");
    let expected = [
        ("consumers", "a".to_owned()),
        ("keyauth_credentials", "k".into()),
        ("acls", format!("acls:{consumer}:g")),
        ("targets", format!("10.0.0.1:{upstream}")),
        ("vaults", "v1".into()),
        ("plugins", "plugins:plain:::".into()),
        ("plugins", "plugins:plain::s:".into()),
        ("plugins", format!("plugins:plain:::{consumer}")),
    ];
    for (kind, key) in expected {
        let id = json!(ids::deterministic(kind, &key).to_string());
        assert!(declared.records[kind].iter().any(|record| record["id"] == id), "{kind} {key}");
    }
}

#[test]
fn passwords_are_hashed_unless_the_file_says_that_they_are() {
    let credentials = "consumers:\n- username: a\n  basicauth_credentials: [{username: u, password: p}]\n";
    let password = |text: &str| load(text).unwrap().configuration.basicauth_credentials[0].password.clone();
    let hashed = password(&with(credentials));
    assert!(
        hashed.len() == 40 && hashed != password(&with(&credentials.replace("username: a", "username: b")))
    );
    assert_eq!(password(&with(&format!("_transform: false\n{credentials}"))), "p");
}

#[test]
fn keys_are_made_where_there_is_a_seed() {
    let text = with("consumers:\n- username: a\n  keyauth_credentials: [{tags: [x]}, {tags: [y]}]\n");
    let reading = Reading { seed: Some(Seed::new([1; 32])), ..Reading::at(NOW) };
    let declared = declarative::parse_with(&text, "f", reading, &catalog()).unwrap();
    let keys: Vec<_> = declared.configuration.keyauth_credentials.iter().map(|c| c.key.len()).collect();
    assert_eq!(keys, [32, 32]);
    assert_ne!(
        declared.configuration.keyauth_credentials[0].key,
        declared.configuration.keyauth_credentials[1].key
    );
}

#[test]
fn a_file_may_have_routes_of_the_other_flavour() {
    let text = with("routes: [{name: r, expression: 'http.path == \"/\"', priority: 7}]");
    let reading = Reading { flavor: RouterFlavor::Expressions, ..Reading::at(NOW) };
    let declared = declarative::parse_with(&text, "f", reading, &catalog()).unwrap();
    assert_eq!(declared.configuration.routes[0].priority, Some(7));
    assert_eq!(
        refused(&text),
        "kong.yml:2:10: routes[1]: must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is \
         'https'\nkong.yml:2:32: routes[1].expression: unknown field\nkong.yml:2:62: routes[1].priority: unknown field"
    );
}

#[test]
fn formats_before_3_mark_their_patterns() {
    for (version, path) in [("1.1", "~/a/\\d+"), ("2.1", "~/a/\\d+")] {
        let text = format!("_format_version: \"{version}\"\nroutes: [{{paths: [/b-c_d~e%20, '/a/\\d+']}}]");
        let error = refused(&text);
        assert!(error.ends_with("non-normalized path, consider use '/b-c_d~e ' instead"), "{error}");
        let text = format!("_format_version: \"{version}\"\nroutes: [{{paths: [/b-c_d~e, '/a/\\d+']}}]");
        assert_eq!(load(&text).unwrap().configuration.routes[0].paths, ["/b-c_d~e", path]);
    }
}

#[test]
fn each_fault_is_one_line_with_its_place() {
    let cases = [
        ("", "kong.yml:1:1: expected a declarative configuration"),
        ("- a", "kong.yml:1:1: expected a declarative configuration"),
        ("services: []", "kong.yml:1:1: _format_version: required field missing"),
        ("_format_version: 3.0", "kong.yml:1:18: _format_version: expected a string"),
        ("_format_version: \"4.0\"", "kong.yml:1:18: _format_version: expected one of: 1.1, 2.1, 3.0"),
        ("_format_version: \"3.0\"\nservice: []", "kong.yml:2:10: service: unknown field"),
        ("_format_version: \"3.0\"\n_transform: 1", "kong.yml:2:13: _transform: expected a boolean"),
        ("_format_version: \"3.0\"\nservices: {}", "kong.yml:2:11: services: expected an array"),
        ("_format_version: \"3.0\"\nservices: [a]", "kong.yml:2:12: services[1]: expected a record"),
        (
            "_format_version: \"3.0\"\npartials:\n- name: a",
            "kong.yml:3:3: partials: 'partials' are not supported by Keybound yet",
        ),
        (
            "_format_version: \"3.0\"\nservices:\n- name: a\n  hots: b",
            "kong.yml:3:3: services[1].host: required field missing\nkong.yml:4:9: services[1].hots: unknown field",
        ),
        (
            "_format_version: \"3.0\"\nservices:\n- host: a\n- host: b\n  routes:\n  - paths:\n    - /ok\n    - bad",
            "kong.yml:8:7: services[2].routes[1].paths[2]: should start with: / (fixed path) or ~/ (regex path)",
        ),
        (
            "_format_version: \"3.0\"\nroutes:\n- name: a",
            "kong.yml:3:3: routes[1]: must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is \
             'https'",
        ),
        (
            "_format_version: \"3.0\"\nroutes:\n- paths: [/]\n  service: x",
            "kong.yml:4:12: routes[1].service: invalid reference 'service: x' (no such entry in 'services')",
        ),
        (
            "_format_version: \"3.0\"\nservices:\n- {name: foo, host: a}\n- {name: foo, host: b}",
            "kong.yml:4:10: services[2].name: uniqueness violation: 'services' entity with name set to 'foo' already declared",
        ),
        (
            "_format_version: \"3.0\"\nplugins:\n- name: plain\n- name: plain",
            "kong.yml:4:3: plugins[2]: uniqueness violation: 'plugins' entity with the same name, route, service, consumer, \
             consumer_group already declared",
        ),
        (
            "_format_version: \"3.0\"\nplugins:\n- name: foo",
            "kong.yml:3:9: plugins[1].name: plugin 'foo' not enabled; add it to the 'plugins' configuration property",
        ),
        (
            "_format_version: \"3.0\"\nplugins:\n- name: demo-auth\n  config:\n    issuer: a\n    later: [x]",
            "kong.yml:6:12: plugins[1].config.later: 'later' is not supported by Keybound yet",
        ),
        (
            "_format_version: \"3.0\"\nplugins:\n- name: plain\n  consumer: john",
            "kong.yml:4:13: plugins[1].consumer: invalid reference 'consumer: john' (no such entry in 'consumers')",
        ),
        (
            "_format_version: \"3.0\"\nroutes:\n- protocols: [http]\n  paths: [/]\n  plugins:\n  - name: plain\n    protocols: [https]",
            "kong.yml:7:16: routes[1].plugins[1].protocols: must match the associated route's protocols",
        ),
        (
            "_format_version: \"3.0\"\nservices:\n- {name: a, host: a}\n- {name: b, host: b, routes: [{paths: [/], service: a}]}",
            "kong.yml:4:53: services[2].routes[1].service: invalid reference 'service: a' (the entry stands inside another one)",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn broken_syntax_is_one_line_with_line_and_column() {
    for text in [
        "_format_version: \"3.0\"\nservices:\n - a: [1\n",
        "_format_version: \"3.0\"\nservices: [}\n",
        "_format_version: \"3.0\"\na: 1\na: 2\n",
        "a: \"\n",
        "a:\n\tb: 1\n",
        "{\"a\": 1,\n \"b\" 2}",
        "a: *b\n",
    ] {
        let error = refused(text);
        eprintln!("{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let mut parts = error.splitn(4, ':');
        assert_eq!(parts.next(), Some("kong.yml"));
        assert!(parts.next().is_some_and(|line| line.parse::<u64>().is_ok()), "{error}");
        assert!(parts.next().is_some_and(|column| column.parse::<u64>().is_ok()), "{error}");
        assert!(parts.next().is_some_and(|rest| rest.starts_with(" cannot parse: ")), "{error}");
    }
}

#[test]
fn faults_nest_by_position_in_fields() {
    let text = with("services:\n- {name: a, host: a}\n- host: b\n  routes: [{paths: [x]}, {name: n}]\n");
    let fault = declarative::parse(&text, "f", NOW, &catalog()).unwrap_err();
    let path = "should start with: / (fixed path) or ~/ (regex path)";
    let whole = "must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'";
    let expected: Value = json!({"services": [null, {"routes": [{"paths": [path]}, {"@entity": [whole]}]}]});
    assert_eq!(fault.fields(), expected);
    assert!(
        fault
            .message()
            .starts_with("declarative config is invalid: {services={[2]={routes={{paths={\"should start")
    );
}

#[test]
fn empty_lists_of_unsupported_kinds_and_remarks_are_taken() {
    let text = with("partials: []\nfilter_chains:\n_ignore: [x]\nservices: [{host: a, _ignore: [y]}]");
    assert_eq!(load(&text).unwrap().configuration.services.len(), 1);
    let error = refused(&with("services:\n- host: a\n  _comment: 1"));
    assert_eq!(error, "kong.yml:4:13: services[1]._comment: expected a string");
}

#[test]
fn a_large_file_is_taken() {
    let mut text = with("routes:\n");
    for n in 0..20_000 {
        text.push_str(&format!("- name: r{n}\n  paths: [/p{n}, /q{n}]\n  hosts: [h{n}.example.com]\n"));
    }
    assert_eq!(load(&text).unwrap().configuration.routes.len(), 20_000);
}
