//! SIGHUP: certificates of listeners are read again, and settings that need another start are named.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::path::Path;

use rustls::pki_types::CertificateDer;

mod process;
use process::Gateway;
use process::tls::{Client, get};

/// Writes a new certificate and its key; what a client must trust for it.
fn renew(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

#[test]
fn certificates_are_read_again_for_every_listener_and_broken_ones_leave_the_last_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    let old = renew(folder.path());
    let environment = [
        ("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0 ssl"),
        ("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0 ssl"),
        ("KEYBOUND_STATUS_LISTEN", "127.0.0.1:0 ssl"),
        ("KEYBOUND_SSL_CERT", &cert),
        ("KEYBOUND_SSL_CERT_KEY", &key),
        ("KEYBOUND_ADMIN_SSL_CERT", &cert),
        ("KEYBOUND_ADMIN_SSL_CERT_KEY", &key),
        ("KEYBOUND_STATUS_SSL_CERT", &cert),
        ("KEYBOUND_STATUS_SSL_CERT_KEY", &key),
    ];
    let mut gateway = Gateway::start(&folder.path().join("kb"), &environment);
    let all = [gateway.proxy[0], gateway.admin[0], gateway.status[0]];
    let shown = |certificate: &CertificateDer<'static>| {
        let client = Client { trusted: vec![certificate.clone()], ..Client::default() };
        all.map(|address| get(address, &client, "/").is_ok())
    };
    assert_eq!(shown(&old), [true; 3]);

    let new = renew(folder.path());
    gateway.signal("HUP");
    gateway.wait_for("the certificates of listeners were read again");
    assert_eq!((shown(&new), shown(&old)), ([true; 3], [false; 3]));

    std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
    gateway.signal("HUP");
    let record = gateway.wait_for("the certificates of listeners cannot be read again");
    assert!(record["cause"].as_str().unwrap().contains("ssl_cert_key"), "{record}");
    assert_eq!(shown(&new), [true; 3]);
}

#[test]
fn settings_that_changed_and_need_another_start_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let conf = folder.path().join("keybound.conf");
    let write = |lines: &str| std::fs::write(&conf, lines).unwrap();
    write("stop_delay = 0\n");
    let mut gateway =
        Gateway::start_with(&["-c", &conf.display().to_string()], &folder.path().join("kb"), &[]);
    write("stop_delay = 3\nnode_id = 11111111-2222-4333-8444-555555555555\n");
    gateway.signal("HUP");
    let record = gateway.wait_for("these settings changed, and count after an upgrade or a restart");
    assert_eq!(record["settings"], "stop_delay, node_id");
    write("stop_delya = 3\n");
    gateway.signal("HUP");
    let record = gateway.wait_for("the settings cannot be read again: those of the start hold");
    assert!(record["cause"].as_str().unwrap().contains("stop_delya"), "{record}");
    assert_eq!(gateway.get("/").status, 404);
}
