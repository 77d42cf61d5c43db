use std::time::Duration;

use keybound_gateway::Limits;

use crate::settings::Settings;

/// What clients may take up, from the settings.
pub(super) fn limits(settings: &Settings) -> Limits {
    let head = settings.nginx_http_large_client_header_buffers.bytes();
    let workers = settings.nginx_worker_processes.count();
    Limits {
        max_connections: settings.nginx_events_worker_connections.of_each(workers, descriptors()),
        // As nginx, which counts the handshake as the head's beginning.
        handshake_timeout: settings.nginx_http_client_header_timeout.0,
        head_timeout: settings.nginx_http_client_header_timeout.0,
        idle_timeout: settings.nginx_http_keepalive_timeout.0,
        body_timeout: settings.nginx_http_client_body_timeout.0,
        min_body_rate: settings.client_body_min_rate.0,
        send_timeout: settings.nginx_http_send_timeout.0,
        max_requests_per_connection: settings.nginx_http_keepalive_requests.0,
        max_fields: settings.client_max_headers.0 as usize,
        max_head_bytes: usize::try_from(head).unwrap_or(usize::MAX),
        max_body_bytes: Some(settings.nginx_http_client_max_body_size.0).filter(|bytes| *bytes > 0),
        max_concurrent_streams: settings.nginx_http_http2_max_concurrent_streams.0,
        max_reset_streams: settings.http2_max_resets.0,
        max_requests: settings.overload_max_requests.0,
        max_lag: Duration::from_millis(u64::from(settings.overload_max_lag.0)),
    }
}

/// How many descriptors the process may have open; `None` where the system does not say, or sets no bound.
fn descriptors() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ConfigFile, Inputs};

    fn of(flags: &[(&'static str, &str)]) -> Limits {
        let flags = flags.iter().map(|(name, value)| (*name, *name, (*value).to_owned())).collect();
        let inputs = Inputs { file: ConfigFile::None, environment: Vec::new(), flags };
        limits(&Settings::load(&inputs).unwrap())
    }

    #[test]
    fn the_defaults_of_the_settings_are_those_of_the_data_plane() {
        let ours = Limits { max_connections: 7, ..of(&[]) };
        let theirs = Limits { max_connections: 7, ..Limits::default() };
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn every_setting_arrives_where_it_belongs() {
        let limits = of(&[
            ("nginx_events_worker_connections", "7"),
            ("nginx_http_client_header_timeout", "1s"),
            ("nginx_http_keepalive_timeout", "2s"),
            ("nginx_http_client_body_timeout", "3s"),
            ("nginx_http_send_timeout", "4s"),
            ("nginx_http_keepalive_requests", "5"),
            ("nginx_http_large_client_header_buffers", "2 4k"),
            ("nginx_http_client_max_body_size", "6"),
            ("nginx_http_http2_max_concurrent_streams", "8"),
            ("client_body_min_rate", "9"),
            ("client_max_headers", "10"),
            ("http2_max_resets", "11"),
            ("overload_max_requests", "12"),
            ("overload_max_lag", "13"),
        ]);
        let expected = Limits {
            max_connections: 7,
            handshake_timeout: Duration::from_secs(1),
            head_timeout: Duration::from_secs(1),
            idle_timeout: Duration::from_secs(2),
            body_timeout: Duration::from_secs(3),
            min_body_rate: 9,
            send_timeout: Duration::from_secs(4),
            max_requests_per_connection: 5,
            max_fields: 10,
            max_head_bytes: 8192,
            max_body_bytes: Some(6),
            max_concurrent_streams: 8,
            max_reset_streams: 11,
            max_requests: 12,
            max_lag: Duration::from_millis(13),
        };
        assert_eq!(format!("{limits:?}"), format!("{expected:?}"));
    }
}
