//! Logs: text on a terminal, one JSON object a line anywhere else.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tracing::Metadata;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

use crate::settings::{AccessLog, LogLevel, Settings};

/// The target of the one record that says that everything serves; it follows no level.
pub const READY: &str = "keybound::ready";
/// The target of the proxy's access records.
pub const PROXY_ACCESS: &str = keybound_gateway::ACCESS_TARGET;
/// The target of the Admin API's access records.
pub const ADMIN_ACCESS: &str = "admin_access";

/// The level of the log that [`init`] set up, as long as the process runs.
static CONTROL: OnceLock<Control> = OnceLock::new();

/// Sends logs to standard error from now on, access records where the settings say. The first call counts.
pub fn init(settings: &Settings) {
    let routes = Routes { proxy: settings.proxy_access_log, admin: settings.admin_access_log };
    let (filter, handle) = reload::Layer::new(filter(settings.log_level, routes));
    let base = tracing_subscriber::fmt::layer().with_writer(routes);
    let layer = if io::stderr().is_terminal() {
        base.with_ansi(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())).boxed()
    } else {
        base.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    };
    let subscriber = Registry::default().with(layer.with_filter(filter));
    // A second call in one process (tests do that) leaves the first one standing.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        let _ = CONTROL.set(Control {
            handle,
            routes,
            usual: settings.log_level,
            state: Arc::new(Mutex::new(State { level: settings.log_level, changes: 0 })),
        });
    }
}

/// The level of the log; `None` before [`init`].
#[must_use]
pub fn control() -> Option<&'static Control> {
    CONTROL.get()
}

/// The level of the log, changed while the process runs.
#[derive(Debug, Clone)]
pub struct Control {
    handle: reload::Handle<Targets, Registry>,
    routes: Routes,
    usual: LogLevel,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    level: LogLevel,
    /// How often it was changed: a change back that was planned before another change does not happen.
    changes: u64,
}

impl Control {
    /// The level in use.
    #[must_use]
    pub fn level(&self) -> LogLevel {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).level
    }

    /// Another level: for some time, after which the setting's holds again, or, when that is zero, for good. Needs a runtime
    /// to measure the time.
    ///
    /// # Errors
    /// The cause, for the log.
    pub fn set(&self, level: LogLevel, time: Duration) -> Result<(), String> {
        let change = self.change(level, None)?;
        if let Some(change) = change.filter(|_| !time.is_zero()) {
            let control = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(time).await;
                if let Err(cause) = control.change(control.usual, Some(change)) {
                    tracing::error!(%cause, "the level of the log cannot be changed back");
                }
            });
        }
        Ok(())
    }

    /// Changes the level, if the last change still is this one; returns the number of the change that was made.
    fn change(&self, level: LogLevel, last: Option<u64>) -> Result<Option<u64>, String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last != state.changes) {
            return Ok(None);
        }
        self.handle.reload(filter(level, self.routes)).map_err(|error| error.to_string())?;
        state.level = level;
        state.changes += 1;
        Ok(Some(state.changes))
    }
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
