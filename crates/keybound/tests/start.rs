//! `keybound start` as a process: what it makes at first start, how it stops and reloads, and the one line it ends
//! with when something is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc;

mod process;
use process::{Gateway, error_lines, finished, request, upstream};

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A declarative file with one service and one route.
fn one_route(upstream: std::net::SocketAddr, path: &str) -> String {
    format!(
        "_format_version: \"3.0\"\nservices:\n- name: api\n  url: http://{upstream}\n  routes:\n  - name: api\n    paths: \
         [{path}]\n    strip_path: false\n"
    )
}

/// Runs `keybound start` with these settings, which must end it with code 1; its standard error, folder cut away.
fn refused(folder: &Path, environment: &[(&str, &str)]) -> Vec<String> {
    let prefix = folder.join("kb").display().to_string();
    let mut all = vec![
        ("KEYBOUND_PREFIX", prefix.as_str()),
        ("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0"),
        ("KEYBOUND_ADMIN_LISTEN", "127.0.0.1:0"),
        ("KEYBOUND_STATUS_LISTEN", "off"),
    ];
    all.extend_from_slice(environment);
    let output = finished(&["start"], &all);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let folder = format!("{}/", folder.display());
    error_lines(&output).iter().map(|line| line.replace(&folder, "")).collect()
}

#[test]
fn a_first_start_makes_store_identity_and_certificate_and_a_second_one_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kb");
    let listen = [("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0, 127.0.0.1:0 ssl http2")];
    let gateway = Gateway::start(&prefix, &listen);
    assert_eq!(gateway.proxy.len(), 2);
    assert_eq!(gateway.get("/").status, 404);
    let created = gateway.admin("POST", "/services", "name=api&url=http://127.0.0.1:1/");
    assert_eq!(created.status, 201, "{created:?}");
    gateway.signal("TERM");
    assert_eq!(gateway.ended().0, Some(0));

    let read = |name: &str| std::fs::read(prefix.join(name)).unwrap();
    let (identity, certificate) = (read("kong.id"), read("ssl/kong-default.crt"));
    let mode = |name: &str| std::fs::metadata(prefix.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("ssl/kong-default.key"), 0o600);
    assert_eq!(mode(""), 0o700);

    let gateway = Gateway::start(&prefix, &listen);
    assert_eq!(gateway.admin("GET", "/services/api", "").status, 200);
    assert_eq!((read("kong.id"), read("ssl/kong-default.crt")), (identity, certificate));
}

#[test]
fn a_stop_lets_the_request_in_flight_finish() {
    let folder = tempfile::tempdir().unwrap();
    let (arrived_in, arrived) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (upstream, _thread) = upstream(move || {
        arrived_in.send(()).unwrap();
        released.recv().unwrap();
    });
    let config = file(folder.path(), "kong.yml", &one_route(upstream, "/"));
    let mut gateway = Gateway::start(
        &folder.path().join("kb"),
        &[("KEYBOUND_DATABASE", "off"), ("KEYBOUND_DECLARATIVE_CONFIG", &config)],
    );
    let proxy = gateway.proxy[0];
    let client = std::thread::spawn(move || request(proxy, "GET", "/slow", &[], ""));
    arrived.recv().unwrap();
    gateway.signal("TERM");
    gateway.wait_for("stopping");
    release.send(()).unwrap();
    let answer = client.join().unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "GET /slow HTTP/1.1"));
    assert_eq!(gateway.ended().0, Some(0));
    assert!(TcpStream::connect(proxy).is_err());
}

#[test]
fn sighup_reads_the_declarative_file_again_and_a_broken_one_leaves_the_last_good_serving() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, _thread) = upstream(|| ());
    let config = file(folder.path(), "kong.yml", &one_route(upstream, "/a"));
    let mut gateway = Gateway::start(
        &folder.path().join("kb"),
        &[("KEYBOUND_DATABASE", "off"), ("KEYBOUND_DECLARATIVE_CONFIG", &config)],
    );
    assert_eq!((gateway.get("/a").status, gateway.get("/b").status), (200, 404));

    file(folder.path(), "kong.yml", &one_route(upstream, "/b"));
    gateway.signal("HUP");
    gateway.wait_for("the configuration was read again");
    assert_eq!((gateway.get("/a").status, gateway.get("/b").status), (404, 200));

    file(folder.path(), "kong.yml", "_format_version: \"3.0\"\nservices:\n- name: api\n  hots: nowhere\n");
    gateway.signal("HUP");
    let record = gateway.wait_for("the configuration cannot be read again");
    assert_eq!(record["level"], "ERROR");
    let cause = record["cause"].as_str().unwrap();
    assert!(cause.starts_with(&config), "{cause}");
    assert!(cause.contains("hots"), "{cause}");
    assert_eq!((gateway.get("/a").status, gateway.get("/b").status), (404, 200));
}

#[test]
fn a_declarative_configuration_posted_to_the_admin_api_serves_at_once_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (upstream, _thread) = upstream(|| ());
    let gateway = Gateway::start(&folder.path().join("kb"), &[("KEYBOUND_DATABASE", "off")]);
    let post = |text: &str| {
        let body = serde_json::json!({ "config": text }).to_string();
        request(gateway.admin[0], "POST", "/config", &[("content-type", "application/json")], &body)
    };
    assert_eq!(gateway.get("/a").status, 404);
    let answer = post(&one_route(upstream, "/a"));
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(gateway.get("/a").status, 200);
    assert_eq!(gateway.admin("GET", "/services/api", "").status, 200);
    let answer = post("_format_version: \"3.0\"\nservices:\n- hots: nowhere\n");
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(gateway.get("/a").status, 200);
}

#[test]
fn a_port_in_use_is_named_with_its_setting_and_nothing_serves() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(
        refused(folder.path(), &[("KEYBOUND_PROXY_LISTEN", &address)]),
        [format!(
            "keybound: environment variable KEYBOUND_PROXY_LISTEN: proxy_listen: cannot listen on {address}: Address \
             already in use (os error 98)"
        )]
    );
    assert_eq!(
        refused(folder.path(), &[("KEYBOUND_ADMIN_LISTEN", &address)]),
        [format!(
            "keybound: environment variable KEYBOUND_ADMIN_LISTEN: admin_listen: cannot listen on {address}: Address \
             already in use (os error 98)"
        )]
    );
}

#[test]
fn the_port_of_another_keybound_is_in_use_too() {
    let folder = tempfile::tempdir().unwrap();
    let first = Gateway::start(&folder.path().join("first"), &[]);
    let address = first.proxy[0].to_string();
    assert_eq!(
        refused(folder.path(), &[("KEYBOUND_PROXY_LISTEN", &address)]),
        [format!(
            "keybound: environment variable KEYBOUND_PROXY_LISTEN: proxy_listen: cannot listen on {address}: Address \
             already in use (os error 98)"
        )]
    );
    assert_eq!(first.get("/").status, 404);
}

#[test]
fn a_bad_port_and_an_unknown_setting_are_named_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let conf =
        file(folder.path(), "kong.conf", "# listen\nproxy_listen = 127.0.0.1:99999\nadmin_listn = off\n");
    let output = finished(&["start", "-c", &conf], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        error_lines(&output),
        [
            format!("keybound: {conf}:3: admin_listn: unknown setting; did you mean admin_listen?"),
            format!(
                "keybound: {conf}:2: proxy_listen: '127.0.0.1:99999': the port is not a number of 0 to 65535"
            ),
        ]
    );
}

#[test]
fn a_prefix_that_cannot_be_made_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = file(folder.path(), "blocked", "");
    assert_eq!(
        refused(folder.path(), &[("KEYBOUND_PREFIX", &format!("{blocked}/kb"))]),
        [
            "keybound: environment variable KEYBOUND_PREFIX: prefix: blocked/kb: Not a directory (os error 20); set prefix to \
          a folder that this user may write, for example with KEYBOUND_PREFIX=$HOME/.keybound"
        ]
    );
}

#[test]
fn a_declarative_file_without_database_off_is_not_ignored() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        refused(folder.path(), &[("KEYBOUND_DECLARATIVE_CONFIG", "/etc/kong.yml")]),
        [
            "keybound: environment variable KEYBOUND_DECLARATIVE_CONFIG: declarative_config: only counts with database=off"
        ]
    );
}

#[test]
fn settings_that_do_not_fit_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (environment, line) in [
        (
            vec![("KONG_SSL_CIPHER_SUITE", "custom")],
            "environment variable KONG_SSL_CIPHER_SUITE: ssl_cipher_suite: custom needs ssl_ciphers beside it",
        ),
        (
            vec![("KONG_SSL_CIPHERS", "TLS_AES_128_GCM_SHA256")],
            "environment variable KONG_SSL_CIPHERS: ssl_ciphers: only counts with ssl_cipher_suite = custom",
        ),
        (
            vec![("KONG_SSL_CIPHER_SUITE", "modern"), ("KONG_SSL_PROTOCOLS", "TLSv1.2")],
            "environment variable KONG_SSL_PROTOCOLS: ssl_protocols: leaves no version of TLS that ssl_cipher_suite has",
        ),
        (
            vec![("KONG_CLIENT_SSL", "on")],
            "environment variable KONG_CLIENT_SSL: client_ssl: needs client_ssl_cert beside it",
        ),
        (
            vec![("KONG_ADMIN_SSL_CERT_KEY", "/k")],
            "environment variable KONG_ADMIN_SSL_CERT_KEY: admin_ssl_cert_key: needs admin_ssl_cert beside it",
        ),
        (
            vec![("KONG_STATUS_SSL_CERT", "/a,/b"), ("KONG_STATUS_SSL_CERT_KEY", "/k")],
            "environment variable KONG_STATUS_SSL_CERT_KEY: status_ssl_cert_key: names 1 keys, and status_ssl_cert 2 \
             certificates",
        ),
    ] {
        assert_eq!(refused(folder.path(), &environment), [format!("keybound: {line}")]);
    }
    let lines = refused(folder.path(), &[("KONG_PLUGINS", "bundled, key-auht")]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with(
            "keybound: environment variable KONG_PLUGINS: plugins: there is no plugin 'key-auht': one of "
        ) && lines[0].contains("openid-connect"),
        "{lines:?}"
    );
    assert!(!folder.path().join("kb").exists(), "nothing was made");
}

#[test]
fn a_plugin_that_is_not_in_the_setting_is_not_enabled() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = "name=openid-connect&config.issuer=http://127.0.0.1:1/&config.auth_methods=bearer";
    let gateway = Gateway::start(&folder.path().join("kb"), &[("KONG_PLUGINS", "off")]);
    let answer = gateway.admin("POST", "/plugins", plugin);
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(
        answer
            .body
            .contains("plugin 'openid-connect' not enabled; add it to the 'plugins' configuration property"),
        "{answer:?}"
    );
    drop(gateway);
    // One that was configured while it was enabled stops the start.
    let gateway = Gateway::start(&folder.path().join("kb"), &[]);
    assert_eq!(gateway.admin("POST", "/plugins", plugin).status, 201);
    gateway.signal("TERM");
    assert_eq!(gateway.ended().0, Some(0));
    let lines = refused(folder.path(), &[("KONG_PLUGINS", "off")]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].ends_with("is in use but not enabled; add it to the 'plugins' configuration property"),
        "{lines:?}"
    );
}

#[test]
fn a_reference_in_a_plugin_is_resolved_when_it_serves_and_one_that_leads_to_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = |name: &str| {
        format!(
            "_format_version: \"3.0\"\nplugins:\n- name: openid-connect\n  config:\n    issuer: http://127.0.0.1:1/\n    \
             auth_methods: [bearer]\n    client_id: [\"{{vault://env/{name}}}\"]\n"
        )
    };
    let path = file(folder.path(), "kong.yml", &config("none"));
    let off =
        [("KEYBOUND_DATABASE", "off"), ("KEYBOUND_DECLARATIVE_CONFIG", path.as_str()), ("THERE", "client")];
    let lines = refused(folder.path(), &off);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("keybound: the configuration cannot be put to use: plugin openid-connect (")
            && lines[0].ends_with(
                "): config.client_id[1]: could not resolve reference {vault://env/none}: unable to load value (none) from \
                 vault (env): not found"
            ),
        "{lines:?}"
    );
    file(folder.path(), "kong.yml", &config("there"));
    let mut gateway = Gateway::start(&folder.path().join("kb"), &off);
    // The reference is what is shown.
    let shown = gateway.admin("GET", "/plugins", "");
    assert!(shown.body.contains("{vault://env/there}") && !shown.body.contains("\"client\""), "{shown:?}");
    file(folder.path(), "kong.yml", &config("gone"));
    gateway.signal("HUP");
    let record = gateway.wait_for("the configuration cannot be read again");
    assert!(record["cause"].as_str().unwrap().contains("{vault://env/gone}"), "{record}");
}

#[test]
fn vault_get_prints_what_a_reference_leads_to() {
    let environment = [("MY_SECRET", "{\"password\":\"hush\"}")];
    for reference in
        ["{vault://env/my-secret/password}", "vault://env/my-secret/password", "env/my-secret/password"]
    {
        let output = finished(&["vault", "get", reference], &environment);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"hush\n"[..]), "{output:?}");
    }
    let output = finished(&["vault", "get", "env/none"], &environment);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        error_lines(&output),
        [
            "keybound: the configuration cannot be put to use: could not resolve reference {vault://env/none}: unable to load \
             value (none) from vault (env): not found"
        ]
    );
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (
        rcgen::generate_simple_self_signed(vec!["a".to_owned()]).unwrap(),
        rcgen::generate_simple_self_signed(vec!["b".to_owned()]).unwrap(),
    );
    let certificate = file(folder.path(), "one.crt", &one.cert.pem());
    let key = file(folder.path(), "other.key", &other.signing_key.serialize_pem());
    let missing = folder.path().join("missing.crt").display().to_string();
    let listen = ("KEYBOUND_PROXY_LISTEN", "127.0.0.1:0 ssl");
    for (environment, line) in [
        (
            vec![("KONG_SSL_CERT", certificate.as_str()), ("KONG_SSL_CERT_KEY", key.as_str())],
            "environment variable KONG_SSL_CERT_KEY: ssl_cert_key: does not belong to the certificate of ssl_cert",
        ),
        (
            vec![("KONG_SSL_CERT", certificate.as_str())],
            "environment variable KONG_SSL_CERT: ssl_cert: needs ssl_cert_key beside it",
        ),
        (
            vec![("KONG_SSL_CERT", missing.as_str()), ("KONG_SSL_CERT_KEY", key.as_str())],
            "environment variable KONG_SSL_CERT: ssl_cert: missing.crt: No such file or directory (os error 2)",
        ),
        (
            vec![("KONG_LUA_SSL_TRUSTED_CERTIFICATE", key.as_str())],
            "environment variable KONG_LUA_SSL_TRUSTED_CERTIFICATE: lua_ssl_trusted_certificate: other.key: holds no \
             certificate in PEM",
        ),
    ] {
        let all: Vec<(&str, &str)> = environment.into_iter().chain([listen]).collect();
        assert_eq!(refused(folder.path(), &all), [format!("keybound: {line}")]);
    }
}

#[test]
fn a_broken_declarative_file_is_named_with_place_and_cause() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kong.yml").display().to_string();
    let off = [("KEYBOUND_DATABASE", "off"), ("KEYBOUND_DECLARATIVE_CONFIG", config.as_str())];
    let head = "_format_version: \"3.0\"\nservices:\n- name: api\n  url: http://127.0.0.1:1\n";
    let lines = |text: &str| {
        file(folder.path(), "kong.yml", text);
        refused(folder.path(), &off)
    };
    assert_eq!(
        refused(folder.path(), &off),
        ["keybound: kong.yml: the declarative file cannot be read: No such file or directory (os error 2)"]
    );
    assert_eq!(
        lines(&format!("{head}   routes: []\n")),
        ["keybound: kong.yml:5:10: cannot parse: mapping values are not allowed in this context"]
    );
    assert_eq!(
        lines(&format!("{head}  hots: a\n")),
        ["keybound: kong.yml:5:9: services[1].hots: unknown field"]
    );
    assert_eq!(
        lines(&format!(
            "{head}  plugins:\n  - name: openid-connect\n    config:\n      issuer: http://127.0.0.1:1/\n      \
                        auth_methods: [bearer]\n      proof_of_possession_dop: strict\n"
        )),
        ["keybound: kong.yml:10:32: services[1].plugins[1].config.proof_of_possession_dop: unknown field"]
    );
    assert!(!folder.path().join("kb").exists(), "nothing was made before the file was found in order");
}

#[test]
fn an_issuer_out_of_reach_lets_the_gateway_start_and_is_named_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let text = "_format_version: \"3.0\"\nservices:\n- name: api\n  url: http://127.0.0.1:1\n  routes:\n  - name: api\n    \
                paths: [/]\n  plugins:\n  - name: openid-connect\n    config:\n      issuer: http://127.0.0.1:1/\n      \
                auth_methods: [bearer]\n      proof_of_possession_dpop: strict\n";
    let config = file(folder.path(), "kong.yml", text);
    let mut gateway = Gateway::start(
        &folder.path().join("kb"),
        &[("KEYBOUND_DATABASE", "off"), ("KEYBOUND_DECLARATIVE_CONFIG", &config)],
    );
    // {"alg":"ES256","kid":"a"} . {"iss":"http://127.0.0.1:1/","exp":4000000000}, and no signature that anyone could check.
    let token = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEvIiwiZXhwIjo0MDAwMDAwMDAwfQ.AAAA";
    let fields = [("authorization", format!("DPoP {token}"))];
    let answer = request(gateway.proxy[0], "GET", "/", &[(fields[0].0, &fields[0].1)], "");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.head.contains("retry-after: ") && !answer.head.contains("www-authenticate"), "{answer:?}");
    let record = gateway.wait_for_code("provider_unreachable");
    assert_eq!(record["level"], "WARN");
}

#[test]
fn check_prints_the_effective_settings_and_their_origin_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let conf = file(folder.path(), "kong.conf", "log_level = debug\n");
    let prefix = folder.path().join("kb");
    let environment = [("KONG_PREFIX", prefix.display().to_string())];
    let output = finished(&["check", "-c", &conf], &[(environment[0].0, &environment[0].1)]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains(&format!("= debug  [{conf}:1]")), "{text}");
    assert!(text.contains(&format!("= {}  [environment variable KONG_PREFIX]", prefix.display())), "{text}");
    assert!(text.ends_with("Settings and configuration are in order.\n"), "{text}");
    assert!(!prefix.exists());
}
