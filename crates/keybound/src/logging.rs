//! Logs: text on a terminal, one JSON object a line anywhere else.

use std::io::{self, IsTerminal as _, Write};

use tracing::Metadata;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry};

use crate::settings::{AccessLog, LogLevel, Settings};

/// The target of the one record that says that everything serves; it follows no level.
pub const READY: &str = "keybound::ready";
/// The target of the proxy's access records.
pub const PROXY_ACCESS: &str = keybound_gateway::ACCESS_TARGET;
/// The target of the Admin API's access records.
pub const ADMIN_ACCESS: &str = "admin_access";

/// Sends logs to standard error from now on, access records where the settings say. The first call counts.
pub fn init(settings: &Settings) {
    let routes = Routes { proxy: settings.proxy_access_log, admin: settings.admin_access_log };
    let filter = filter(settings.log_level, routes);
    let base = tracing_subscriber::fmt::layer().with_writer(routes);
    let layer = if io::stderr().is_terminal() {
        base.with_ansi(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())).boxed()
    } else {
        base.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    };
    let subscriber = Registry::default().with(layer.with_filter(filter));
    // A second call in one process (tests do that) leaves the first one standing.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Keybound's own records from the level on; those of the crates it is built on only when they warn.
fn filter(level: LogLevel, routes: Routes) -> Targets {
    let (own, others) = match level {
        LogLevel::Debug => (LevelFilter::DEBUG, LevelFilter::INFO),
        LogLevel::Info | LogLevel::Notice => (LevelFilter::INFO, LevelFilter::WARN),
        LogLevel::Warn => (LevelFilter::WARN, LevelFilter::WARN),
        LogLevel::Error | LogLevel::Crit | LogLevel::Alert | LogLevel::Emerg => {
            (LevelFilter::ERROR, LevelFilter::ERROR)
        }
    };
    let mut targets = Targets::new()
        .with_default(others)
        .with_target("keybound", own)
        .with_target(READY, LevelFilter::INFO);
    for name in ["pop", "oidc", "model", "store", "plugins", "gateway", "admin"] {
        targets = targets.with_target(format!("keybound_{name}"), own);
    }
    // Access records do not follow the level: where they are wanted, they are wanted all.
    for (target, to) in [(PROXY_ACCESS, routes.proxy), (ADMIN_ACCESS, routes.admin)] {
        let level = if to == AccessLog::Off { LevelFilter::OFF } else { LevelFilter::INFO };
        targets = targets.with_target(target, level);
    }
    targets
}

/// Which records go where.
#[derive(Debug, Clone, Copy)]
struct Routes {
    proxy: AccessLog,
    admin: AccessLog,
}

/// One of the process's two streams.
enum Stream {
    Output(io::Stdout),
    Error(io::Stderr),
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Output(stream) => stream.write(bytes),
            Self::Error(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Output(stream) => stream.flush(),
            Self::Error(stream) => stream.flush(),
        }
    }
}

impl<'a> MakeWriter<'a> for Routes {
    type Writer = Stream;

    fn make_writer(&'a self) -> Self::Writer {
        Stream::Error(io::stderr())
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Self::Writer {
        let to = match meta.target() {
            PROXY_ACCESS => self.proxy,
            ADMIN_ACCESS => self.admin,
            _ => AccessLog::Stderr,
        };
        if to == AccessLog::Stdout { Stream::Output(io::stdout()) } else { Stream::Error(io::stderr()) }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn access_records_follow_their_own_setting_and_not_the_level() {
        let routes = Routes { proxy: AccessLog::Stderr, admin: AccessLog::Off };
        let filter = filter(LogLevel::Error, routes);
        assert!(filter.would_enable(PROXY_ACCESS, &Level::INFO));
        assert!(!filter.would_enable(ADMIN_ACCESS, &Level::INFO));
        assert!(!filter.would_enable("keybound_gateway", &Level::WARN));
        assert!(!filter.would_enable("hyper", &Level::WARN));
    }
}
