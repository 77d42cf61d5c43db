//! The listeners of the Admin API and of the Status API: TLS, tokens, client certificates, and what is not opened.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::net::SocketAddr;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

mod process;
use process::tls::{Client, get};
use process::{Gateway, error_lines, finished, request};

const TLS: (&str, &str) = ("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0, 127.0.0.1:0 ssl http2");

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

fn trusting(certificate: CertificateDer<'static>) -> Client {
    Client { trusted: vec![certificate], ..Client::default() }
}

/// Runs `keybound start`, which must end with code 1, and returns what it said.
fn refused(environment: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb").display().to_string();
    let mut all = vec![
        ("KEYBOUND_PREFIX", prefix.as_str()),
        ("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0"),
        ("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0"),
        ("KEYBOUND_STATUS_LISTEN", "off"),
    ];
    all.extend_from_slice(environment);
    let output = finished(&["start"], &all);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!folder.path().join("kb").exists(), "nothing was made");
    error_lines(&output)
}

#[test]
fn the_admin_api_speaks_tls_with_a_certificate_made_at_first_start() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::start(folder.path(), &[TLS]);
    let made = certificate(&folder.path().join("ssl/admin-kong-default.crt"));
    let client = trusting(made);
    let answer = get(gateway.admin[1], &client, "/services").unwrap();
    assert!(answer.text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer.text);
    assert!(answer.text.contains("{\"data\":[],\"next\":null}"), "{}", answer.text);
    assert_eq!(answer.version, rustls::ProtocolVersion::TLSv1_3);
    // Without TLS on the same address, and with another authority: nothing.
    let plain = request(gateway.admin[1], "GET", "/services", &[], "");
    assert_eq!((plain.status, plain.body.as_str()), (0, ""));
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    assert!(get(gateway.admin[1], &trusting(other.cert.der().clone()), "/services").is_err());
    // The plain address beside it serves as ever.
    assert_eq!(gateway.admin("GET", "/services", "").status, 200);
}

#[test]
fn http_2_is_offered_where_the_address_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let listen = ("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0 ssl http2, 127.0.0.1:0 ssl");
    let gateway = Gateway::start(folder.path(), &[listen]);
    let made = certificate(&folder.path().join("ssl/admin-kong-default.crt"));
    let alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let client = Client { trusted: vec![made], alpn, ..Client::default() };
    let url = format!("https://localhost:{}/services", gateway.admin[0].port());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (version, status, body) = runtime.block_on(async {
        let http = reqwest::Client::builder().tls_backend_preconfigured(client.config()).build().unwrap();
        let answer = http.get(url).send().await.unwrap();
        (answer.version(), answer.status().as_u16(), answer.text().await.unwrap())
    });
    assert_eq!((version, status), (http::Version::HTTP_2, 200), "{body}");
    assert_eq!(body, "{\"data\":[],\"next\":null}");
    let answer = get(gateway.admin[1], &client, "/status").unwrap();
    assert_eq!(answer.alpn.as_deref(), Some(&b"http/1.1"[..]));
}

#[test]
fn the_certificate_that_is_set_is_the_one_that_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let cert = file(folder.path(), "own.crt", &own.cert.pem());
    let key = file(folder.path(), "own.key", &own.signing_key.serialize_pem());
    let prefix = folder.path().join("kb");
    let settings =
        [TLS, ("KEYBOUND_ADMIN_SSL_CERT", cert.as_str()), ("KEYBOUND_ADMIN_SSL_CERT_KEY", key.as_str())];
    let gateway = Gateway::start(&prefix, &settings);
    let answer = get(gateway.admin[1], &trusting(own.cert.der().clone()), "/status").unwrap();
    assert!(answer.text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer.text);
    assert!(!prefix.join("ssl/admin-kong-default.crt").exists(), "none is made beside it");
}

#[test]
fn ssl_protocols_and_the_cipher_suite_hold_for_the_admin_api() {
    for setting in [("KEYBOUND_SSL_PROTOCOLS", "TLSv1.3"), ("KEYBOUND_SSL_CIPHER_SUITE", "modern")] {
        let folder = tempfile::tempdir().unwrap();
        let gateway = Gateway::start(folder.path(), &[TLS, setting]);
        let made = certificate(&folder.path().join("ssl/admin-kong-default.crt"));
        let with =
            |version| Client { trusted: vec![made.clone()], versions: Some(version), ..Client::default() };
        assert!(get(gateway.admin[1], &with(&rustls::version::TLS13), "/status").is_ok());
        let fault =
            get(gateway.admin[1], &with(&rustls::version::TLS12), "/status").err().unwrap().to_string();
        assert!(fault.contains("ProtocolVersion"), "{fault}");
    }
}

/// An authority and a client certificate of it.
fn authority() -> (String, CertificateDer<'static>, PrivateKeyDer<'static>) {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["operator".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    (issuer.pem(), certificate.der().clone(), key)
}

#[test]
fn with_client_authorities_only_their_certificates_get_in() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, certificate_of_it, key) = authority();
    let (_, stranger, strangers_key) = authority();
    let ca = file(folder.path(), "ca.pem", &ca);
    let prefix = folder.path().join("kb");
    let settings =
        [("KEYBOUND_ADMIN_LISTEN", "0.0.0.0:0 ssl"), ("KEYBOUND_ADMIN_SSL_CLIENT_CA", ca.as_str())];
    let gateway = Gateway::start(&prefix, &settings);
    let address = SocketAddr::from(([127, 0, 0, 1], gateway.admin[0].port()));
    let made = certificate(&prefix.join("ssl/admin-kong-default.crt"));
    let with = |identity| Client { trusted: vec![made.clone()], identity, ..Client::default() };
    let answer = get(address, &with(Some((certificate_of_it, key))), "/status").unwrap();
    assert!(answer.text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer.text);
    assert!(get(address, &with(None), "/status").is_err());
    assert!(get(address, &with(Some((stranger, strangers_key))), "/status").is_err());
}

#[test]
fn with_a_token_the_admin_api_asks_for_it_and_may_be_open() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("KEYBOUND_ADMIN_LISTEN", "0.0.0.0:0"), ("KEYBOUND_ADMIN_TOKEN", "s3cret-t0ken")];
    let gateway = Gateway::start(folder.path(), &settings);
    let address = SocketAddr::from(([127, 0, 0, 1], gateway.admin[0].port()));
    let get = |fields: &[(&str, &str)]| request(address, "GET", "/services", fields, "");
    for fields in [&[][..], &[("Kong-Admin-Token", "s3cret-t0kem")], &[("Kong-Admin-Token", "")]] {
        let answer = get(fields);
        assert_eq!(answer.status, 401, "{answer:?}");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["message"].is_string(), "{answer:?}");
        assert!(!answer.body.contains("s3cret"), "{answer:?}");
    }
    assert_eq!(get(&[("Kong-Admin-Token", "s3cret-t0ken")]).status, 200);
    // The settings that the Admin API shows do not show it.
    let root = request(address, "GET", "/", &[("Kong-Admin-Token", "s3cret-t0ken")], "");
    assert!(root.status == 200 && !root.body.contains("s3cret"), "{root:?}");
    let body: serde_json::Value = serde_json::from_str(&root.body).unwrap();
    assert_eq!(body["configuration"]["admin_token"], "******");
}

#[test]
fn an_open_admin_api_that_asks_for_nothing_is_refused() {
    let says = |address: &str| {
        format!(
            "keybound: environment variable KEYBOUND_ADMIN_LISTEN: admin_listen: {address} is open to other machines and \
             would ask for nothing: set admin_token, or ssl and admin_ssl_client_ca, or say that it is meant with \
             admin_listen_insecure = on"
        )
    };
    assert_eq!(refused(&[("KEYBOUND_ADMIN_LISTEN", "0.0.0.0:0")]), [says("0.0.0.0:0")]);
    assert_eq!(refused(&[("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0, [::]:0 ssl")]), [says("[::]:0")]);
    // Client certificates guard the address that speaks TLS, and not the one beside it.
    let folder = tempfile::tempdir().unwrap();
    let ca = file(folder.path(), "ca.pem", &authority().0);
    let listen = ("KEYBOUND_ADMIN_LISTEN", "0.0.0.0:0 ssl, 0.0.0.0:0");
    assert_eq!(refused(&[listen, ("KEYBOUND_ADMIN_SSL_CLIENT_CA", &ca)]), [says("0.0.0.0:0")]);
}

#[test]
fn an_open_admin_api_that_asks_for_nothing_is_opened_when_that_is_said_twice() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("KEYBOUND_ADMIN_LISTEN", "0.0.0.0:0"), ("KEYBOUND_ADMIN_LISTEN_INSECURE", "on")];
    let gateway = Gateway::start(folder.path(), &settings);
    let address = SocketAddr::from(([127, 0, 0, 1], gateway.admin[0].port()));
    assert_eq!(request(address, "GET", "/services", &[], "").status, 200);
}

#[test]
fn client_authorities_that_cannot_count_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ca = file(folder.path(), "ca.pem", &authority().0);
    let key = file(folder.path(), "key.pem", &KeyPair::generate().unwrap().serialize_pem());
    let line = |cause: &str| {
        vec![format!(
            "keybound: environment variable KEYBOUND_ADMIN_SSL_CLIENT_CA: admin_ssl_client_ca: {cause}"
        )]
    };
    assert_eq!(
        refused(&[("KEYBOUND_ADMIN_SSL_CLIENT_CA", &ca)]),
        line("needs an address with ssl in admin_listen")
    );
    assert_eq!(
        refused(&[("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0 ssl"), ("KEYBOUND_ADMIN_SSL_CLIENT_CA", &key)]),
        line("holds no certificate in PEM")
    );
}

#[test]
fn the_status_api_is_read_only_and_has_nothing_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("KEYBOUND_STATUS_LISTEN", "127.0.0.1:0, 127.0.0.1:0 ssl"),
        ("KEYBOUND_ADMIN_TOKEN", "s3cret-t0ken"),
    ];
    let gateway = Gateway::start(folder.path(), &settings);
    let [plain, secure] = gateway.status[..] else { panic!("two addresses: {:?}", gateway.status) };
    let answer = request(plain, "GET", "/status", &[], "");
    assert_eq!(answer.status, 200, "{answer:?}");
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(body["database"]["reachable"], true);
    for (method, path) in
        [("GET", "/services"), ("POST", "/services"), ("DELETE", "/services/x"), ("GET", "/config")]
    {
        let answer = request(plain, method, path, &[], "");
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "{\"message\":\"Not found\"}"),
            "{method} {path}"
        );
    }
    let made = certificate(&folder.path().join("ssl/status-kong-default.crt"));
    let answer = get(secure, &trusting(made), "/status").unwrap();
    assert!(answer.text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", answer.text);
}

#[test]
fn the_level_of_the_log_changes_while_the_gateway_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut gateway = Gateway::start(folder.path(), &[("KEYBOUND_LOG_LEVEL", "error")]);
    let level = |gateway: &Gateway| gateway.admin("GET", "/debug/node/log-level", "").body;
    assert!(level(&gateway).contains("error"), "{}", level(&gateway));
    let answer = gateway.admin("PUT", "/debug/node/log-level/debug", "timeout=0");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(level(&gateway).contains("debug"), "{}", level(&gateway));
    // What only a lower level shows is there now.
    gateway.signal("HUP");
    gateway.wait_for("the configuration was read again");
    assert_eq!(gateway.admin("PUT", "/debug/node/log-level/loud", "").status, 400);
}

#[test]
fn status_names_the_hash_of_the_declarative_configuration_that_serves() {
    let folder = tempfile::tempdir().unwrap();
    let text = "_format_version: \"3.0\"\n";
    let config = file(folder.path(), "kong.yml", text);
    let settings = [
        ("KEYBOUND_STATUS_LISTEN", "127.0.0.1:0"),
        ("KEYBOUND_DATABASE", "off"),
        ("KEYBOUND_DECLARATIVE_CONFIG", config.as_str()),
    ];
    let mut gateway = Gateway::start(&folder.path().join("kb"), &settings);
    let hash = |gateway: &Gateway| {
        let answer = request(gateway.status[0], "GET", "/status", &[], "");
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        body["configuration_hash"].as_str().unwrap().to_owned()
    };
    let first = hash(&gateway);
    assert_eq!(first, keybound_model::declarative::hash(text));
    // A broken file changes nothing; one that is in order does.
    file(folder.path(), "kong.yml", "_format_version: 1\n");
    gateway.signal("HUP");
    gateway.wait_for("the configuration cannot be read again");
    assert_eq!(hash(&gateway), first);
    file(folder.path(), "kong.yml", "_format_version: \"2.1\"\n");
    gateway.signal("HUP");
    gateway.wait_for("the configuration was read again");
    assert_eq!(hash(&gateway), keybound_model::declarative::hash("_format_version: \"2.1\"\n"));
}

#[test]
fn a_stop_ends_every_listener() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [TLS, ("KEYBOUND_STATUS_LISTEN", "127.0.0.1:0")];
    let gateway = Gateway::start(folder.path(), &settings);
    let addresses: Vec<SocketAddr> = gateway.admin.iter().chain(&gateway.status).copied().collect();
    assert_eq!(addresses.len(), 3);
    gateway.signal("QUIT");
    assert_eq!(gateway.ended().0, Some(0));
    for address in addresses {
        assert!(std::net::TcpStream::connect(address).is_err(), "{address}");
    }
}
