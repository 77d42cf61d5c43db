//! The setting `store_key` in a running gateway: what is in the file, and what a start says without the key.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod process;
use process::{Gateway, error_lines, finished};

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn a_secret_of_a_plugin_is_not_in_the_file_and_a_start_without_the_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb");
    let key = ("KEYBOUND_STORE_KEY", KEY);
    let gateway = Gateway::start(&prefix, &[key]);
    let plugin = "name=openid-connect&config.issuer=http://127.0.0.1:1/&config.auth_methods=bearer&config.client_id=app\
                  &config.client_secret=hunter2-hunter2";
    let created = gateway.admin("POST", "/plugins", plugin);
    assert_eq!(created.status, 201, "{created:?}");
    let shown = gateway.admin("GET", "/", "");
    assert!(!shown.body.contains(KEY) && shown.body.contains("\"store_key\":\"******\""), "{shown:?}");
    gateway.signal("TERM");
    assert_eq!(gateway.ended().0, Some(0));

    for entry in std::fs::read_dir(&prefix).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        let found = bytes.windows(7).any(|window| window == b"hunter2");
        assert!(!found, "{}", entry.path().display());
    }
    let store = std::fs::read(prefix.join("keybound.db")).unwrap();
    assert!(store.windows(10).any(|window| window == b"{sealed:1:"));

    let place = prefix.display().to_string();
    let listen = [
        ("KEYBOUND_PREFIX", place.as_str()),
        ("KEYBOUND_PROXY_LISTEN", "off"),
        ("KEYBOUND_ADMIN_LISTEN", "off"),
    ];
    let output = finished(&["start"], &listen);
    let said = error_lines(&output).join("\n");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.ends_with("', and store_key is not set") && said.contains("its secrets are sealed"),
        "{said}"
    );

    let gateway = Gateway::start(&prefix, &[key]);
    let plugins = gateway.admin("GET", "/plugins", "");
    assert!(plugins.body.contains("hunter2-hunter2"), "{plugins:?}");
}

#[test]
fn a_key_that_is_none_is_named_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    for command in ["start", "check"] {
        let settings = [("KEYBOUND_PREFIX", place.as_str()), ("KEYBOUND_STORE_KEY", "hunter2")];
        let output = finished(&[command], &settings);
        let said = error_lines(&output).join("\n");
        let wanted = "environment variable KEYBOUND_STORE_KEY: store_key: key 1 is not 32 random bytes in base64, as `openssl \
                      rand -base64 32` makes them";
        assert!(output.status.code() == Some(1) && said.ends_with(wanted), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
