//! Kong's settings that Keybound does not act on, and the values of them that need no action.

/// Why a setting that is not in Keybound's table is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Kong knows it; the value would need Keybound to act on it. With the values that would not.
    NotActedOn(&'static [&'static str]),
    /// A directive for nginx.
    NginxDirective,
    /// Nobody knows it.
    Unknown,
}

/// Judges a setting that is not in Keybound's table.
pub(super) fn judge(key: &str, value: &str) -> Result<(), Refused> {
    if let Some((_, accepted)) = KONG_ONLY.iter().find(|(name, _)| *name == key) {
        let same = |known: &&str| normal(known) == normal(value);
        return if value.is_empty() || accepted.iter().any(same) {
            Ok(())
        } else {
            Err(Refused::NotActedOn(accepted))
        };
    }
    if DIRECTIVE_PREFIXES.iter().any(|prefix| key.starts_with(prefix)) {
        return Err(Refused::NginxDirective);
    }
    Err(Refused::Unknown)
}

/// Whether the name is one of Kong's.
pub(super) fn is_known(key: &str) -> bool {
    !matches!(judge(key, ""), Err(Refused::Unknown))
}

/// The names of the table.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    KONG_ONLY.iter().map(|(name, _)| *name)
}

/// The table: each name with the values that are accepted.
pub(super) fn rows() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    KONG_ONLY.iter().map(|(name, accepted)| (*name, *accepted))
}

// White space around commas and the two spellings of a switch mean the same in Kong.
fn normal(value: &str) -> String {
    let parts: Vec<String> =
        value.split(',').map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    match parts.join(",").as_str() {
        "true" => "on".to_owned(),
        "false" => "off".to_owned(),
        other => other.to_owned(),
    }
}

const DIRECTIVE_PREFIXES: &[&str] = &[
    "nginx_main_",
    "nginx_events_",
    "nginx_http_",
    "nginx_proxy_",
    "nginx_location_",
    "nginx_upstream_",
    "nginx_status_",
    "nginx_debug_",
    "nginx_admin_",
    "nginx_admin_gui_",
    "nginx_stream_",
    "nginx_sproxy_",
    "nginx_supstream_",
    "nginx_wasm_",
];

/// Name and accepted values; the first is Kong's default, empty for unset.
const KONG_ONLY: &[(&str, &[&str])] = &[
    // Logs and reports. There is one log of errors, proxy_error_log; no reports are sent, whatever this says.
    ("admin_error_log", &["logs/error.log", "/dev/stderr"]),
    ("status_error_log", &["logs/status_error.log", "/dev/stderr"]),
    ("debug_access_log", &["off"]),
    ("debug_error_log", &["logs/debug_error.log", "/dev/stderr"]),
    ("proxy_stream_access_log", &["logs/access.log basic", "off"]),
    ("proxy_stream_error_log", &["logs/error.log", "/dev/stderr"]),
    ("anonymous_reports", &["on", "off"]),
    // Plugins, vaults, tracing.
    ("pluginserver_names", &[""]),
    ("vaults", &["bundled"]),
    ("vault_env_prefix", &[""]),
    ("vault_aws_region", &[""]),
    ("vault_gcp_project_id", &[""]),
    ("vault_hcv_protocol", &["http"]),
    ("vault_hcv_host", &["127.0.0.1"]),
    ("vault_hcv_port", &["8200"]),
    ("vault_hcv_token", &[""]),
    ("opentelemetry_tracing", &["off"]),
    ("dedicated_config_processing", &["on", "off"]),
    ("request_debug", &["on"]),
    ("request_debug_token", &[""]),
    ("konnect_mode", &["off"]),
    // Hybrid mode.
    ("role", &["traditional"]),
    ("cluster_mtls", &["shared"]),
    ("cluster_cert", &[""]),
    ("cluster_cert_key", &[""]),
    ("cluster_ca_cert", &[""]),
    ("cluster_allowed_common_names", &[""]),
    ("cluster_server_name", &[""]),
    ("cluster_control_plane", &["127.0.0.1:8005", ""]),
    ("cluster_telemetry_endpoint", &["127.0.0.1:8006", ""]),
    ("cluster_telemetry_server_name", &[""]),
    ("cluster_telemetry_listen", &["0.0.0.0:8006", "off"]),
    ("cluster_dp_labels", &[""]),
    ("cluster_listen", &["0.0.0.0:8005", "off"]),
    ("cluster_data_plane_purge_delay", &["1209600"]),
    ("cluster_ocsp", &["off"]),
    ("cluster_use_proxy", &["off"]),
    ("cluster_max_payload", &["16777216"]),
    ("cluster_rpc", &["off"]),
    ("cluster_rpc_sync", &["off"]),
    ("cluster_incremental_sync", &["off"]),
    ("cluster_fallback_config_export", &["off"]),
    ("cluster_fallback_config_import", &["off"]),
    ("proxy_server", &[""]),
    ("proxy_server_ssl_verify", &["off"]),
    // Listeners that Keybound does not have.
    ("stream_listen", &["off"]),
    ("debug_listen", &["off"]),
    ("debug_listen_local", &["on", "off"]),
    ("admin_gui_listen", &["0.0.0.0:8002, 0.0.0.0:8445 ssl", "off"]),
    ("admin_gui_url", &[""]),
    ("admin_gui_path", &["/"]),
    ("admin_gui_api_url", &[""]),
    ("admin_gui_csp_header", &["off"]),
    ("admin_gui_ssl_cert", &[""]),
    ("admin_gui_ssl_cert_key", &[""]),
    ("admin_gui_access_log", &["logs/admin_gui_access.log", "off"]),
    ("admin_gui_error_log", &["logs/admin_gui_error.log", "off"]),
    ("admin_gui_auth", &[""]),
    ("admin_gui_auth_conf", &[""]),
    ("admin_gui_session_conf", &[""]),
    // TLS beyond certificate and key.
    ("ssl_prefer_server_ciphers", &["on"]),
    ("ssl_dhparam", &[""]),
    ("ssl_session_timeout", &["1d"]),
    ("ssl_session_cache_size", &["10m"]),
    ("debug_ssl_cert", &[""]),
    ("debug_ssl_cert_key", &[""]),
    // Chains of any usual length are checked to their root.
    ("lua_ssl_verify_depth", &["1", "2", "3", "4", "5", "6"]),
    ("lua_ssl_protocols", &["TLSv1.2 TLSv1.3", "TLSv1.1 TLSv1.2 TLSv1.3"]),
    ("tls_certificate_verify", &["on", "off"]),
    // nginx. Keybound stays in the foreground and never changes its user.
    ("nginx_daemon", &["on", "off"]),
    ("nginx_user", &["kong kong", "nobody nobody"]),
    ("mem_cache_size", &["128m"]),
    ("nginx_main_worker_rlimit_nofile", &["auto"]),
    ("nginx_events_multi_accept", &["on"]),
    ("nginx_http_charset", &["UTF-8"]),
    ("nginx_http_client_header_buffer_size", &["1k"]),
    ("nginx_http_client_body_buffer_size", &["8k"]),
    ("nginx_http_lua_regex_match_limit", &["100000"]),
    ("nginx_http_lua_regex_cache_max_entries", &["8192"]),
    ("nginx_admin_client_max_body_size", &["10m"]),
    ("nginx_admin_client_body_buffer_size", &["10m"]),
    ("proxy_url", &[""]),
    ("error_template_html", &[""]),
    ("error_template_json", &[""]),
    ("error_template_xml", &[""]),
    ("error_template_plain", &[""]),
    // PostgreSQL.
    ("pg_iam_auth", &["off"]),
    ("pg_ssl_version", &["tlsv1_2"]),
    ("pg_ssl_cert", &[""]),
    ("pg_ssl_cert_key", &[""]),
    ("pg_max_concurrent_queries", &["0"]),
    ("pg_semaphore_timeout", &["60000"]),
    ("pg_backlog", &[""]),
    ("pg_ro_host", &[""]),
    ("pg_ro_port", &[""]),
    ("pg_ro_timeout", &[""]),
    ("pg_ro_user", &[""]),
    ("pg_ro_password", &[""]),
    ("pg_ro_database", &[""]),
    ("pg_ro_schema", &[""]),
    ("pg_ro_ssl", &[""]),
    ("pg_ro_ssl_required", &[""]),
    ("pg_ro_ssl_verify", &[""]),
    ("pg_ro_ssl_version", &[""]),
    ("pg_ro_max_concurrent_queries", &[""]),
    ("pg_ro_semaphore_timeout", &[""]),
    ("pg_ro_keepalive_timeout", &[""]),
    ("lmdb_environment_path", &["dbless.lmdb"]),
    ("lmdb_map_size", &["2048m"]),
    ("declarative_config_encryption_mode", &["off"]),
    ("db_update_propagation", &["0"]),
    ("db_cache_ttl", &["0"]),
    ("db_cache_neg_ttl", &[""]),
    ("db_resurrect_ttl", &["30"]),
    ("db_cache_warmup_entities", &["services"]),
    // What is cached of names is bounded by their number.
    ("dns_no_sync", &["off"]),
    ("resolver_mem_cache_size", &["5m"]),
    // Workers, router, Lua. A change is live when the Admin API has answered: stricter than either consistency.
    ("worker_consistency", &["eventual", "strict"]),
    ("worker_state_update_frequency", &["5"]),
    ("lua_max_req_headers", &["100"]),
    ("lua_max_resp_headers", &["100"]),
    ("lua_max_uri_args", &["100"]),
    ("lua_max_post_args", &["100"]),
    ("lua_package_path", &["./?.lua;./?/init.lua;"]),
    ("lua_package_cpath", &[""]),
    ("lua_socket_pool_size", &["256"]),
    ("untrusted_lua", &["sandbox", "strict", "off"]),
    ("untrusted_lua_sandbox_requires", &[""]),
    ("untrusted_lua_sandbox_environment", &[""]),
    ("kic", &["off"]),
    ("wasm", &["off"]),
    ("wasm_filters", &["bundled,user"]),
    ("wasm_filters_path", &[""]),
    // Kong Enterprise.
    ("enforce_rbac", &["off"]),
    ("rbac_auth_header", &["Kong-Admin-Token"]),
    ("admin_gui_auth_header", &["Kong-Admin-User"]),
    ("keyring_enabled", &["off"]),
    ("fips", &["off"]),
    ("audit_log", &["off"]),
    ("vitals", &["on", "off"]),
    ("portal", &["off"]),
    ("license_path", &[""]),
    ("license_data", &[""]),
    ("event_hooks_enabled", &["on", "off"]),
    ("route_validation_strategy", &["smart"]),
    ("enforce_route_path_pattern", &[""]),
    ("password", &[""]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn defaults_of_kong_pass_however_they_are_spaced() {
        assert_eq!(judge("admin_gui_listen", "0.0.0.0:8002,0.0.0.0:8445  ssl"), Ok(()));
        assert_eq!(judge("pg_iam_auth", "false"), Ok(()));
        assert_eq!(judge("pg_ro_password", ""), Ok(()));
    }

    #[test]
    fn another_value_is_refused_with_the_accepted_ones() {
        assert_eq!(judge("role", "data_plane"), Err(Refused::NotActedOn(&["traditional"])));
        assert_eq!(judge("nginx_http_gzip", "on"), Err(Refused::NginxDirective));
        assert_eq!(judge("nonsense", "1"), Err(Refused::Unknown));
    }

    #[test]
    fn no_name_is_in_both_tables_or_twice() {
        let mut all: Vec<&str> = names().chain(Settings::TABLE.iter().map(|row| row.name)).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
