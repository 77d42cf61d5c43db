//! The settings: which source wins, what each fault says, and that the reference page is current.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use keybound::settings::{
    ConfigFile, Database, Inputs, LogLevel, Origin, Settings, SettingsFault, reference, report,
};
use serde_json::json;

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn conf(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("kong.conf");
        std::fs::write(&path, text).unwrap();
        path
    }
}

fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
}

fn load(file: Option<&Path>, pairs: &[(&str, &str)]) -> Result<Settings, Vec<SettingsFault>> {
    Settings::load(&Inputs {
        file: file.map_or(ConfigFile::None, |path| ConfigFile::Given(path.to_owned())),
        environment: environment(pairs),
        flags: Vec::new(),
    })
}

/// The lines of the faults, with the file's path cut to its name.
fn faults(text: &str, pairs: &[(&str, &str)]) -> Vec<String> {
    let files = Files::new();
    let path = files.conf(text);
    let folder = format!("{}/", files.folder.path().display());
    load(Some(&path), pairs).unwrap_err().iter().map(|fault| fault.to_string().replace(&folder, "")).collect()
}

#[test]
fn an_empty_file_leaves_every_default_and_every_default_reads_as_its_type() {
    let files = Files::new();
    let settings = load(Some(&files.conf("")), &[]).unwrap();
    for (row, value, origin) in settings.effective() {
        assert_eq!(origin, &Origin::Default, "{}", row.name);
        assert_eq!(
            value.is_empty(),
            row.default.is_empty(),
            "{}: {value:?} against {:?}",
            row.name,
            row.default
        );
    }
    assert_eq!(settings.database, Database::Sqlite);
    assert_eq!(settings.admin_listen.0.first().unwrap().address, "127.0.0.1:8001".parse().unwrap());
    assert_eq!(settings.proxy_listen.0.len(), 2);
}

#[test]
fn environment_wins_over_the_file_and_keybounds_variable_over_kongs() {
    let files = Files::new();
    let path = files.conf("log_level = debug\ndatabase = sqlite\nnginx_worker_processes = 3\n");
    let pairs = [
        ("KONG_LOG_LEVEL", "warn"),
        ("KEYBOUND_LOG_LEVEL", "error"),
        ("KONG_DATABASE", "off"),
        ("PATH", "/bin"),
    ];
    let settings = load(Some(&path), &pairs).unwrap();
    assert_eq!(settings.log_level, LogLevel::Error);
    assert_eq!(settings.origin("log_level"), &Origin::Environment("KEYBOUND_LOG_LEVEL".to_owned()));
    assert_eq!(settings.database, Database::Off);
    assert_eq!(settings.origin("database"), &Origin::Environment("KONG_DATABASE".to_owned()));
    assert_eq!(settings.origin("nginx_worker_processes"), &Origin::File { path, line: 3 });
}

#[test]
fn an_option_of_the_command_line_wins_over_everything() {
    let files = Files::new();
    let inputs = Inputs {
        file: ConfigFile::Given(files.conf("")),
        environment: environment(&[("KEYBOUND_PREFIX", "/from/environment")]),
        flags: vec![("prefix", "--prefix", "/from/option".to_owned())],
    };
    let settings = Settings::load(&inputs).unwrap();
    assert_eq!(settings.prefix.0, Path::new("/from/option"));
    assert_eq!(settings.origin("prefix").to_string(), "option --prefix");
}

#[test]
fn an_ill_typed_value_in_the_file_does_not_count_once_the_environment_replaces_it() {
    let files = Files::new();
    assert!(load(Some(&files.conf("log_level = loud")), &[("KONG_LOG_LEVEL", "info")]).is_ok());
}

#[test]
fn unknown_settings_are_named_with_place_and_nearest_known_name() {
    assert_eq!(
        faults("# ports\nproxy_listn = 0.0.0.0:80\nfavourite_colour = blue\npg_hots = db\n", &[]),
        [
            "kong.conf:2: proxy_listn: unknown setting; did you mean proxy_listen?",
            "kong.conf:3: favourite_colour: unknown setting",
            "kong.conf:4: pg_hots: unknown setting; did you mean pg_host?",
        ]
    );
    assert_eq!(
        faults("", &[("KEYBOUND_LOG_LEVL", "info")]),
        ["environment variable KEYBOUND_LOG_LEVL: log_levl: unknown setting; did you mean log_level?"]
    );
}

#[test]
fn ill_typed_values_are_named_with_place_and_cause() {
    let text = "\
proxy_listen = 0.0.0.0:80000
log_level = loud
database = cassandra
trusted_ips = 10.0.0.0/8, elsewhere
nginx_worker_processes = many
headers = X-Powered-By
real_ip_recursive = maybe
upstream_keepalive_pool_size = -1
node_id = me
port_maps = 80
error_default_type = text/csv
real_ip_header = X Real IP
proxy_access_log = logs/access.log xml
";
    let mut found = faults(text, &[]);
    found.sort_by_key(|line| line.split(':').nth(1).unwrap().parse::<u32>().unwrap());
    assert_eq!(
        found,
        [
            "kong.conf:1: proxy_listen: '0.0.0.0:80000': the port is not a number of 0 to 65535",
            "kong.conf:2: log_level: 'loud' is not a log level: one of debug, info, notice, warn, error, crit, alert, \
             emerg",
            "kong.conf:3: database: 'cassandra' is not a database: one of sqlite, postgres, off",
            "kong.conf:4: trusted_ips: 'elsewhere' is not an address or a network",
            "kong.conf:5: nginx_worker_processes: 'many' is neither auto nor a whole number of 1 to 1024",
            "kong.conf:6: headers: 'X-Powered-By' is not a field that can be added: one of off, server_tokens, \
             latency_tokens, Server, Via, X-Kong-Proxy-Latency, X-Kong-Response-Latency, X-Kong-Upstream-Latency, \
             X-Kong-Admin-Latency, X-Kong-Upstream-Status, X-Kong-Request-Id",
            "kong.conf:7: real_ip_recursive: 'maybe' is not a switch: on or off",
            "kong.conf:8: upstream_keepalive_pool_size: '-1' is not a whole number of 0 to 1000000",
            "kong.conf:9: node_id: 'me' is neither auto nor a UUID",
            "kong.conf:10: port_maps: '80' is not OUTSIDE:INSIDE with ports of 1 to 65535",
            "kong.conf:11: error_default_type: 'text/csv' is not a format of answers: one of text/plain, text/html, \
             application/json, application/xml",
            "kong.conf:12: real_ip_header: 'X Real IP' is not a field name",
            "kong.conf:13: proxy_access_log: 'xml' is not a format of access records: one of kong, combined, basic, json",
        ]
    );
}

#[test]
fn kongs_settings_that_are_not_acted_on_pass_at_their_default_and_are_refused_by_name_otherwise() {
    let files = Files::new();
    let harmless = "anonymous_reports = off\nnginx_daemon = off\nrole = traditional\npg_ssl_version = tlsv1_2\nplugins=bundled\n\
                    admin_gui_listen = 0.0.0.0:8002,0.0.0.0:8445 ssl\npg_ro_password =\n";
    assert!(load(Some(&files.conf(harmless)), &[("KONG_ADMIN_ERROR_LOG", "/dev/stderr")]).is_ok());
    assert_eq!(
        faults("role = data_plane\npg_iam_auth = on\n", &[("KONG_STREAM_LISTEN", "0.0.0.0:9000")]),
        [
            "kong.conf:1: role: Keybound does not act on this setting of Kong's; only its default is accepted: \
             traditional",
            "kong.conf:2: pg_iam_auth: Keybound does not act on this setting of Kong's; only its default is accepted: off",
            "environment variable KONG_STREAM_LISTEN: stream_listen: Keybound does not act on this setting of Kong's; \
             only its default is accepted: off",
        ]
    );
}

#[test]
fn nginx_directives_are_refused_by_name() {
    assert_eq!(
        faults("nginx_proxy_proxy_buffering = off\n", &[]),
        [
            "kong.conf:1: nginx_proxy_proxy_buffering: Keybound is not built on nginx and takes no nginx directives"
        ]
    );
}

#[test]
fn a_reference_in_a_setting_is_what_the_environment_holds_and_is_shown_in_its_place() {
    let files = Files::new();
    let path = files.conf("log_level = {vault://env/my-level}\nadmin_token = {vault://env/TOKENS/admin}\n");
    let pairs = [
        ("MY_LEVEL", "debug"),
        ("TOKENS", "{\"admin\": \"s3cret\"}"),
        ("KONG_PORT_MAPS", "{vault://env/maps}"),
    ];
    let settings = load(Some(&path), &[&pairs[..], &[("MAPS", "80:8000")]].concat()).unwrap();
    assert_eq!(settings.log_level, LogLevel::Debug);
    assert_eq!(settings.admin_token.0.as_deref(), Some("s3cret"));
    assert_eq!(settings.port_maps.0, [(80, 8000)]);
    let text = report(&settings);
    assert!(text.contains(&format!("= {{vault://env/TOKENS/admin}}  [{}:2]", path.display())), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    let shown = settings.to_json();
    assert_eq!(shown["log_level"], json!("{vault://env/my-level}"));
    assert_eq!(shown["admin_token"], json!("{vault://env/TOKENS/admin}"));
}

#[test]
fn a_reference_that_leads_to_nothing_is_named_with_place_and_setting_and_no_fault_shows_a_value() {
    let text = "\
admin_token = {vault://env/NONE}
pg_password = {vault://hcv/kong/pg}
log_level = {vault://env/LOUD}
ssl_cert = {vault://env/TEXT/cert}
pg_user = {vault://env/EMPTY}
pg_database = {vault://env}
role = {vault://env/LOUD}
";
    let pairs = [("LOUD", "s3cret"), ("TEXT", "s3cret"), ("EMPTY", "")];
    let mut found = faults(text, &pairs);
    found.sort_by_key(|line| line.split(':').nth(1).unwrap().parse::<u32>().unwrap());
    assert_eq!(
        found,
        [
            "kong.conf:1: admin_token: could not resolve reference {vault://env/NONE}: unable to load value (NONE) from \
             vault (env): not found",
            "kong.conf:2: pg_password: could not resolve reference {vault://hcv/kong/pg}: could not find vault (hcv)",
            "kong.conf:3: log_level: what {vault://env/LOUD} refers to is not of the form: `debug`, `info`, `notice`, \
             `warn`, `error`, `crit`, `alert` or `emerg` (the last three as `error`)",
            "kong.conf:4: ssl_cert: could not resolve reference {vault://env/TEXT/cert}: unable to json decode value \
             (TEXT)",
            "kong.conf:5: pg_user: reference {vault://env/EMPTY} leads to an empty value",
            "kong.conf:6: pg_database: could not resolve reference {vault://env}: reference url is missing path \
             [{vault://env}]",
            "kong.conf:7: role: Keybound does not act on this setting of Kong's; only its default is accepted: \
             traditional",
        ]
    );
}

#[test]
fn settings_of_the_control_plane_and_of_tls_are_typed() {
    let text = "\
admin_listen = 127.0.0.1:8001 deferred
admin_token = two words
admin_listen_insecure = perhaps
status_listen = 8100
ssl_protocols = TLSv1.1 TLSv1.2
ssl_cipher_suite = old
ssl_ciphers = DHE-RSA-AES128-GCM-SHA256
ssl_session_tickets = 1
plugins = off, cors
admin_ssl_clint_ca = /etc/ca.pem
status_listn = off
nginx_worker_procesess = 2
pg_port = 70000
prefix = '/var/keybound'
log_level
database = mysql
nginx_http_client_max_body_size = lots
upstream_keepalive_max_requests = many
headers_upstream = X-Other
lua_ssl_verify_depth = 9
";
    let mut found = faults(text, &[]);
    found.sort_by_key(|line| line.split(':').nth(1).unwrap().parse::<u32>().unwrap());
    assert_eq!(
        found,
        [
            "kong.conf:1: admin_listen: the listen option 'deferred' is not supported",
            "kong.conf:2: admin_token: holds a character that a field of a request cannot carry: only visible ASCII \
             characters without spaces",
            "kong.conf:3: admin_listen_insecure: 'perhaps' is not a switch: on or off",
            "kong.conf:4: status_listen: '8100' is not ADDRESS:PORT",
            "kong.conf:5: ssl_protocols: 'TLSv1.1' is not supported, because it is not safe: one of TLSv1.2, TLSv1.3",
            "kong.conf:6: ssl_cipher_suite: 'old' is not supported: one of modern, intermediate, custom",
            "kong.conf:7: ssl_ciphers: 'DHE-RSA-AES128-GCM-SHA256' is not a cipher that Keybound has: one of \
             TLS_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256, TLS_CHACHA20_POLY1305_SHA256, \
             ECDHE-ECDSA-AES256-GCM-SHA384, ECDHE-ECDSA-AES128-GCM-SHA256, ECDHE-ECDSA-CHACHA20-POLY1305, \
             ECDHE-RSA-AES256-GCM-SHA384, ECDHE-RSA-AES128-GCM-SHA256, ECDHE-RSA-CHACHA20-POLY1305",
            "kong.conf:8: ssl_session_tickets: '1' is not a switch: on or off",
            "kong.conf:9: plugins: 'off' stands alone: it enables no plugin",
            "kong.conf:10: admin_ssl_clint_ca: unknown setting; did you mean admin_ssl_client_ca?",
            "kong.conf:11: status_listn: unknown setting; did you mean status_listen?",
            "kong.conf:12: nginx_worker_procesess: unknown setting; did you mean nginx_worker_processes?",
            "kong.conf:13: pg_port: '70000' is not a whole number of 1 to 65535",
            "kong.conf:14: prefix: values are written without quotes",
            "kong.conf:15: the line is not of the form key = value",
            "kong.conf:16: database: 'mysql' is not a database: one of sqlite, postgres, off",
            "kong.conf:17: nginx_http_client_max_body_size: 'lots' is not a size: a number, with k, m or g after it or \
             nothing",
            "kong.conf:18: upstream_keepalive_max_requests: 'many' is not a whole number of 0 to 1000000000",
            "kong.conf:19: headers_upstream: 'X-Other' is not a field that can be added: one of off, \
             X-Kong-Request-Id",
            "kong.conf:20: lua_ssl_verify_depth: Keybound does not act on this setting of Kong's; only these values \
             are accepted: 1 | 2 | 3 | 4 | 5 | 6",
        ]
    );
}

#[test]
fn variables_that_kubernetes_makes_for_a_service_of_that_name_are_no_settings() {
    let files = Files::new();
    let pairs = [
        ("KONG_PORT", "tcp://10.0.0.1:8000"),
        ("KONG_SERVICE_HOST", "10.0.0.1"),
        ("KONG_SERVICE_PORT_PROXY", "8000"),
        ("KONG_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("KEYBOUND_ADMIN_PORT_8001_TCP", "tcp://10.0.0.1:8001"),
    ];
    assert!(load(Some(&files.conf("")), &pairs).is_ok());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let found = load(Some(Path::new("/nowhere/kong.conf")), &[]).unwrap_err();
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["/nowhere/kong.conf: the settings file cannot be read: No such file or directory (os error 2)"]
    );
}

#[test]
fn the_report_names_value_and_origin_and_masks_secrets() {
    let files = Files::new();
    let path = files.conf("log_level = debug\n");
    let settings =
        load(Some(&path), &[("KONG_DECLARATIVE_CONFIG_STRING", "{\"_format_version\":\"3.0\"}")]).unwrap();
    let text = report(&settings);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("log_level").ends_with(&format!("= debug  [{}:1]", path.display())), "{text}");
    assert!(
        line("declarative_config_string")
            .ends_with("= ******  [environment variable KONG_DECLARATIVE_CONFIG_STRING]")
    );
    assert!(line("trusted_ips").ends_with("= (none)  [default]"));
    assert!(!text.contains("_format_version"));
}

#[test]
fn the_admin_api_is_shown_typed_values_without_secrets() {
    let pairs = [
        ("KONG_SSL_CERT", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        ("KONG_PORT_MAPS", "80:8000"),
    ];
    let shown = load(None, &pairs).unwrap().to_json();
    for (name, value) in [
        ("database", json!("sqlite")),
        ("real_ip_recursive", json!(false)),
        ("upstream_keepalive_pool_size", json!(512)),
        ("admin_listen", json!(["127.0.0.1:8001 backlog=16384", "127.0.0.1:8444 http2 ssl backlog=16384"])),
        ("port_maps", json!(["80:8000"])),
        ("trusted_ips", json!([])),
        ("ssl_cert", json!(["******"])),
        ("declarative_config", json!(null)),
    ] {
        assert_eq!(shown[name], value, "{name}");
    }
}

#[test]
fn the_reference_page_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/settings.md");
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == reference(),
        "docs/reference/settings.md is not current: run `keybound reference settings > docs/reference/settings.md`"
    );
}
