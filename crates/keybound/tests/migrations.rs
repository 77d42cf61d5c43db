//! `keybound migrations` as a process, on a store of its own.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// Runs a command on a prefix: exit code, standard output, standard error.
fn run(prefix: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keybound"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("KEYBOUND_") || name.starts_with("KONG_"))
    {
        command.env_remove(name);
    }
    let done = command
        .arg("migrations")
        .args(arguments)
        .env("KEYBOUND_PREFIX", prefix)
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[test]
fn tables_are_made_listed_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let migrations = |arguments: &[&str]| run(folder.path(), arguments, &[]);
    let (code, said, _) = migrations(&["list"]);
    assert_eq!(
        (code, said.as_str()),
        (3, "Database needs bootstrapping; run 'keybound migrations bootstrap'.\n")
    );
    let (code, _, said) = migrations(&["up"]);
    let wanted = "the database needs bootstrapping: run keybound migrations bootstrap\n";
    assert!(code == 1 && said.ends_with(wanted), "{code} {said}");

    let (code, said, _) = migrations(&["bootstrap"]);
    let wanted = "migrated 0001_records\nmigrated 0002_sealing\n2 migrations processed\n2 executed\nDatabase is up-to-date\n";
    assert_eq!((code, said.as_str()), (0, wanted));
    for (command, wanted) in [
        ("bootstrap", "Database already bootstrapped\n"),
        ("up", "Database is already up-to-date\n"),
        ("finish", "No pending migrations to finish\n"),
        ("list", "Executed migrations:\n0001_records\n0002_sealing\n"),
    ] {
        assert_eq!(migrations(&[command]), (0, wanted.to_owned(), String::new()), "{command}");
    }
    let (code, said, _) = migrations(&["status"]);
    let wanted = json!({
        "database": "sqlite", "schema": 2, "needs_bootstrap": false,
        "executed_migrations": ["0001_records", "0002_sealing"], "new_migrations": [], "pending_migrations": [],
    });
    assert_eq!((code, serde_json::from_str::<Value>(&said).unwrap()), (0, wanted));

    let (code, _, said) = migrations(&["reset"]);
    assert_eq!(
        (code, said.as_str()),
        (1, "keybound: this drops everything that is configured: say --yes if it shall\n")
    );
    assert_eq!(migrations(&["reset", "--yes"]).1, "Database successfully reset\n");
    assert_eq!(migrations(&["reset", "--yes"]).1, "Database not bootstrapped, nothing to reset\n");
    assert_eq!(migrations(&["list"]).0, 3);
}

#[test]
fn without_a_database_there_is_nothing_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let done = run(folder.path(), &["bootstrap"], &[("KEYBOUND_DATABASE", "off")]);
    assert_eq!(done, (0, "With database=off there is nothing to migrate.\n".to_owned(), String::new()));
}

#[test]
fn a_server_that_is_not_there_and_settings_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let postgres =
        [("KEYBOUND_DATABASE", "postgres"), ("KEYBOUND_PG_PORT", &port), ("KEYBOUND_PG_TIMEOUT", "300")];
    let (code, _, said) = run(folder.path(), &["status"], &postgres);
    let place = format!("PostgreSQL 127.0.0.1:{port}, database kong: ");
    assert!(code == 1 && said.contains(&place) && said.contains("out of reach"), "{code} {said}");
    let (code, _, said) = run(
        folder.path(),
        &["status"],
        &[("KEYBOUND_DATABASE", "postgres"), ("KEYBOUND_PG_SSL_VERIFY", "on")],
    );
    assert!(code == 1 && said.ends_with("pg_ssl_verify: only counts with pg_ssl=on\n"), "{code} {said}");
}
