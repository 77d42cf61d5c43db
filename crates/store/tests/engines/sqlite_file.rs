use keybound_model::entity::SERVICES;
use keybound_store::sqlite::SqliteStore;
use serde_json::json;

use crate::lab::{Home, Lab};

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::sqlite().await;
    lab.add(&SERVICES, json!({"name": "a", "host": "h"})).await;
    let Home::Sqlite(file, folder) = &lab.home else { unreachable!() };
    assert!(file.is_file());
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keybound.db");
    std::fs::write(&file, "not a database, but a text that is long enough to be read as one").unwrap();
    let fault = SqliteStore::open(&file).await.err().unwrap().to_string();
    assert!(fault.contains(&file.display().to_string()), "{fault}");
}
