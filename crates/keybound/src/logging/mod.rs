//! Logs: text on a terminal, lines anywhere else. What is logged waits in a bounded queue for a thread that writes it.

mod access;
mod date;
mod line;
mod sink;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

use self::access::{Access, Way};
pub use self::sink::LogFigures;
use self::sink::{Out, Sink};
use crate::settings::{AccessLog, LogFormat, LogLevel, LogPlace, Settings};

/// The target of the one record that says that everything serves; it follows no level.
pub const READY: &str = "keybound::ready";
/// The target of the proxy's access records.
pub const PROXY_ACCESS: &str = keybound_gateway::ACCESS_TARGET;
/// The target of the Admin API's access records.
pub const ADMIN_ACCESS: &str = "admin_access";
/// The target of the Status API's access records.
pub const STATUS_ACCESS: &str = "status_access";

/// What [`init`] set up, as long as the process runs.
static CONTROL: OnceLock<Control> = OnceLock::new();

/// A log that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct LogFault {
    /// The setting that names it.
    pub key: &'static str,
    /// What the system said.
    pub cause: String,
}

/// Opens the logs that the settings name, and sends there what is logged from now on. The first call counts.
///
/// # Errors
/// [`LogFault`] for the first file that cannot be opened.
pub fn init(settings: &Settings) -> Result<(), LogFault> {
    if CONTROL.get().is_some() {
        return Ok(());
    }
    let mut sinks = Sinks { settings, open: BTreeMap::new() };
    let errors = sinks.open("proxy_error_log", &settings.proxy_error_log.0)?;
    let on_terminal = |log: &AccessLog| log.format.is_none() && is_terminal(&log.place);
    let mut routes = Routes { errors, plain: Vec::new() };
    let mut access = Access::default();
    // Without a format, files have what they have in Kong: only there the proxy's own.
    let (proxy, other) = (LogFormat::Kong, LogFormat::Combined);
    for (key, target, log, in_file, way) in [
        ("proxy_access_log", PROXY_ACCESS, &settings.proxy_access_log, proxy, &mut access.proxy),
        ("admin_access_log", ADMIN_ACCESS, &settings.admin_access_log, other, &mut access.admin),
        ("status_access_log", STATUS_ACCESS, &settings.status_access_log, other, &mut access.status),
    ] {
        let sink = match &log.place {
            LogPlace::Off => continue,
            place => sinks.open(key, place)?,
        };
        if on_terminal(log) {
            routes.plain.push((target, sink));
        } else {
            *way = Some(Way { format: format(log, in_file), sink });
        }
    }
    let plain: Vec<&'static str> = routes.plain.iter().map(|(target, _)| *target).collect();
    let sinks = sinks.open.into_values().collect();
    let (filter, handle) = reload::Layer::new(filter(settings.log_level, &plain));
    let base = tracing_subscriber::fmt::layer().with_writer(routes);
    let layer = if is_terminal(&settings.proxy_error_log.0) {
        base.with_ansi(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())).boxed()
    } else {
        base.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    };
    let access_filter = access.filter();
    let subscriber =
        Registry::default().with(layer.with_filter(filter)).with(access.with_filter(access_filter));
    // A second call in one process (tests do that) leaves the first one standing.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        let _ = CONTROL.set(Control {
            handle,
            plain: plain.into(),
            sinks,
            usual: settings.log_level,
            state: Arc::new(Mutex::new(State { level: settings.log_level, changes: 0 })),
        });
        panic::set_hook(Box::new(say_panic));
    }
    Ok(())
}

/// Logs a panic as everything else: nobody who panics waits for whoever reads standard error.
fn say_panic(panic: &PanicHookInfo<'_>) {
    let cause = keybound_gateway::panic_text(panic.payload()).unwrap_or_default();
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or_default();
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => tracing::error!(thread, place, %backtrace, "a panic: {cause}"),
        _ => tracing::error!(thread, place, "a panic: {cause}"),
    }
}

/// Waits until everything that was logged is written, or for some seconds.
pub fn flush() {
    if let Some(control) = CONTROL.get() {
        control.sinks.iter().for_each(|sink| sink.flush());
    }
}

/// Opens log files again by their paths, after they were moved away.
pub fn reopen() {
    if let Some(control) = CONTROL.get() {
        control.sinks.iter().for_each(|sink| sink.reopen());
    }
}

/// What happened to the lines of each log.
#[must_use]
pub fn figures() -> Vec<LogFigures> {
    CONTROL.get().map(|control| control.sinks.iter().map(|sink| sink.figures()).collect()).unwrap_or_default()
}

/// What records look like: without a format one object a line on a stream, and this in a file.
fn format(log: &AccessLog, in_file: LogFormat) -> LogFormat {
    log.format.unwrap_or(match log.place {
        LogPlace::File(_) => in_file,
        LogPlace::Off | LogPlace::Stdout | LogPlace::Stderr => LogFormat::Json,
    })
}

fn is_terminal(place: &LogPlace) -> bool {
    match place {
        LogPlace::Stderr => io::stderr().is_terminal(),
        LogPlace::Stdout => io::stdout().is_terminal(),
        LogPlace::Off | LogPlace::File(_) => false,
    }
}

/// The logs that are open: logs of one place are one.
struct Sinks<'a> {
    settings: &'a Settings,
    open: BTreeMap<LogPlace, Arc<Sink>>,
}

impl Sinks<'_> {
    fn open(&mut self, key: &'static str, place: &LogPlace) -> Result<Arc<Sink>, LogFault> {
        if let Some(known) = self.open.get(place) {
            return Ok(Arc::clone(known));
        }
        let prefix = &self.settings.prefix.0;
        let fault = |cause: io::Error| LogFault { key, cause: format!("{}: {cause}", place.name()) };
        let out = match place {
            LogPlace::Stdout => Out::Stdout,
            LogPlace::Stderr | LogPlace::Off => Out::Stderr,
            LogPlace::File(path) => Out::file(&prefix.join(path), prefix).map_err(fault)?,
        };
        let voice = match place {
            LogPlace::Stderr | LogPlace::Off => None,
            LogPlace::Stdout | LogPlace::File(_) => Some(self.open(key, &LogPlace::Stderr)?),
        };
        let sink = Sink::start(place.name(), out, voice).map_err(fault)?;
        self.open.insert(place.clone(), Arc::clone(&sink));
        Ok(sink)
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
    /// The targets of access records that are written as everything else is.
    plain: Arc<[&'static str]>,
    sinks: Vec<Arc<Sink>>,
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
        self.handle.reload(filter(level, &self.plain)).map_err(|error| error.to_string())?;
        state.level = level;
        state.changes += 1;
        Ok(Some(state.changes))
    }
}

/// Keybound's own records from the level on; those of the crates it is built on only when they warn.
///
/// Access records do not follow the level: where they are wanted, they are wanted all. Those of `plain` come this way.
fn filter(level: LogLevel, plain: &[&'static str]) -> Targets {
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
    for target in [PROXY_ACCESS, ADMIN_ACCESS, STATUS_ACCESS] {
        let level = if plain.contains(&target) { LevelFilter::INFO } else { LevelFilter::OFF };
        targets = targets.with_target(target, level);
    }
    targets
}

/// Which records go where.
#[derive(Debug)]
struct Routes {
    errors: Arc<Sink>,
    plain: Vec<(&'static str, Arc<Sink>)>,
}

/// Takes one record.
enum Stream<'a> {
    Errors(&'a Sink),
    Access(&'a Sink),
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Errors(sink) => sink.push_error(bytes),
            Self::Access(sink) => sink.push(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Routes {
    type Writer = Stream<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Stream::Errors(&self.errors)
    }

    fn make_writer_for(&'a self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        match self.plain.iter().find(|(target, _)| *target == meta.target()) {
            Some((_, sink)) => Stream::Access(sink),
            None => Stream::Errors(&self.errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn access_records_follow_their_own_setting_and_not_the_level() {
        let filter = filter(LogLevel::Error, &[PROXY_ACCESS]);
        assert!(filter.would_enable(PROXY_ACCESS, &Level::INFO));
        assert!(!filter.would_enable(ADMIN_ACCESS, &Level::INFO));
        assert!(!filter.would_enable("keybound_gateway", &Level::WARN));
        assert!(!filter.would_enable("hyper", &Level::WARN));
    }
}
