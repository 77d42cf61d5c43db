//! `keybound config`: parse, init, db_import.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

mod process;
use process::{Gateway, error_lines, keybound};

const SERVICE: &str = "_format_version: \"3.0\"\nservices:\n- name: api\n  url: http://127.0.0.1:1\n  routes:\n  - name: api\n    \
                       paths: [/a]\n";

/// Runs `keybound config` in a folder, with the prefix below it.
fn config(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let arguments = [&["config", "-p", "kb"], arguments].concat();
    keybound(&arguments, environment).current_dir(folder).output().unwrap()
}

fn printed(output: &Output) -> (Option<i32>, String, Vec<String>) {
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap(), error_lines(output))
}

fn file(folder: &Path, text: &str) {
    std::fs::write(folder.join("kong.yml"), text).unwrap();
}

#[test]
fn parse_says_that_a_file_is_in_order_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), SERVICE);
    let output = config(folder.path(), &["parse", "kong.yml"], &[]);
    assert_eq!(printed(&output), (Some(0), "parse successful\n".to_owned(), vec![]));
    assert!(!folder.path().join("kb").exists());
}

#[test]
fn parse_says_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    for (text, line) in [
        (format!("{SERVICE}    pahts: [/]\n"), "kong.yml:8:12: services[1].routes[1].pahts: unknown field"),
        (SERVICE.replace("3.0", "4.0"), "kong.yml:1:18: _format_version: expected one of: 1.1, 2.1, 3.0"),
    ] {
        file(folder.path(), &text);
        let (code, out, lines) = printed(&config(folder.path(), &["parse", "kong.yml"], &[]));
        assert_eq!((code, out), (Some(1), String::new()));
        assert_eq!(lines, [format!("keybound: {line}")]);
    }
    let (code, _, lines) = printed(&config(folder.path(), &["parse", "none.yml"], &[]));
    assert_eq!(code, Some(1));
    assert_eq!(
        lines,
        ["keybound: none.yml: the declarative file cannot be read: No such file or directory (os error 2)"]
    );
}

#[test]
fn init_writes_a_sample_that_parses_and_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = config(folder.path(), &["init"], &[]);
    assert_eq!(printed(&output), (Some(0), "wrote a sample to kong.yml\n".to_owned(), vec![]));
    let output = config(folder.path(), &["parse"], &[]);
    assert_eq!(printed(&output), (Some(0), "parse successful\n".to_owned(), vec![]));
    let output = config(folder.path(), &["init"], &[]);
    assert_eq!(
        printed(&output),
        (
            Some(1),
            String::new(),
            vec!["keybound: kong.yml already exists, and is not overwritten".to_owned()]
        )
    );
}

#[test]
fn the_sample_is_in_order_with_its_comments_taken_away_too() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(config(folder.path(), &["init"], &[]).status.code(), Some(0));
    let text = std::fs::read_to_string(folder.path().join("kong.yml")).unwrap();
    let yaml: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if ["services:", "routes:", "-", "  "].iter().any(|start| rest.starts_with(start)) => {
                rest
            }
            _ => line,
        })
        .filter(|line| !line.starts_with("  keybound") && !line.starts_with("  d"))
        .map(|line| format!("{line}\n"))
        .collect();
    // Two routes of one name are there to choose from.
    let yaml = yaml.replacen("  routes:\n  - name: orders\n    paths: [/orders]\n", "", 1);
    assert!(yaml.contains("\nservices:\n") && yaml.contains("\nroutes:\n"), "{yaml}");
    file(folder.path(), &yaml);
    assert_eq!(
        printed(&config(folder.path(), &["parse"], &[])),
        (Some(0), "parse successful\n".to_owned(), vec![])
    );
}

#[test]
fn an_import_is_in_the_store_afterwards_and_a_second_one_replaces_what_has_the_same_id() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), SERVICE);
    let said = "parse successful, beginning import\nimport successful: 2 records\n";
    let output = config(folder.path(), &["db_import", "kong.yml"], &[]);
    assert_eq!(printed(&output), (Some(0), said.to_owned(), vec![]));
    file(folder.path(), &SERVICE.replace("[/a]", "[/b]"));
    let output = config(folder.path(), &["db_import", "kong.yml"], &[]);
    assert_eq!(printed(&output), (Some(0), said.to_owned(), vec![]));
    let gateway = Gateway::start(&folder.path().join("kb"), &[]);
    let routes: serde_json::Value = serde_json::from_str(&gateway.admin("GET", "/routes", "").body).unwrap();
    assert_eq!(routes["data"].as_array().unwrap().len(), 1, "{routes}");
    assert_eq!(routes["data"][0]["paths"], serde_json::json!(["/b"]));
    assert_eq!(gateway.get("/a").status, 404);
    assert_ne!(gateway.get("/b").status, 404);
}

#[test]
fn an_import_that_clashes_leaves_the_store_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), SERVICE);
    assert_eq!(config(folder.path(), &["db_import"], &[]).status.code(), Some(0));
    // A new service first, which is in order; then one with another id and a name that is taken.
    let clash = "_format_version: \"3.0\"\nservices:\n- name: new\n  url: http://127.0.0.1:1\n- name: api\n  id: \
                 11111111-2222-4333-8444-555555555555\n  url: http://127.0.0.1:2\n";
    file(folder.path(), clash);
    let (code, _, lines) = printed(&config(folder.path(), &["db_import"], &[]));
    assert_eq!(code, Some(1));
    assert_eq!(lines, ["keybound: nothing was imported: UNIQUE violation detected on '{name=\"api\"}'"]);
    let gateway = Gateway::start(&folder.path().join("kb"), &[]);
    assert_eq!(gateway.admin("GET", "/services/new", "").status, 404);
    assert_eq!(gateway.admin("GET", "/services/api", "").status, 200);
}

#[test]
fn an_export_imports_into_another_store_as_the_same_configuration() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), SERVICE);
    assert_eq!(config(folder.path(), &["db_import"], &[]).status.code(), Some(0));
    let output = config(folder.path(), &["db_export", "out.yml"], &[]);
    assert_eq!(printed(&output), (Some(0), "exported to out.yml\n".to_owned(), vec![]));
    let mode = std::fs::metadata(folder.path().join("out.yml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it may hold secrets");
    let arguments = ["config", "db_import", "out.yml", "-p", "other"];
    let output = keybound(&arguments, &[]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let [first, second] = ["kb", "other"].map(|prefix| {
        let gateway = Gateway::start(&folder.path().join(prefix), &[]);
        ["/services", "/routes"].map(|path| gateway.admin("GET", path, "").body)
    });
    assert!(first[0].contains("\"name\":\"api\""), "{first:?}");
    assert_eq!(first, second);
    // What is there is not overwritten.
    let output = config(folder.path(), &["db_export", "out.yml"], &[]);
    assert_eq!(
        printed(&output),
        (Some(1), String::new(), vec!["keybound: out.yml already exists, and is not overwritten".to_owned()])
    );
}

#[test]
fn an_import_of_a_broken_file_does_not_open_the_store() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), &format!("{SERVICE}    pahts: [/]\n"));
    assert_eq!(config(folder.path(), &["db_import"], &[]).status.code(), Some(1));
    assert!(!folder.path().join("kb").exists());
}

#[test]
fn an_import_without_a_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), SERVICE);
    let (code, _, lines) = printed(&config(folder.path(), &["db_import"], &[("KONG_DATABASE", "off")]));
    assert_eq!(code, Some(1));
    assert_eq!(
        lines,
        [
            "keybound: 'keybound config db_import' only works with a database; with database=off, `keybound reload` or POST \
             /config brings a declarative file in"
        ]
    );
}
