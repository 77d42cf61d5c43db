//! `keybound start`: the parts put together, and taken apart again at the end.
//!
//! In this order, so that a fault leaves nothing half done: what the settings name is read; the prefix is made; the
//! configuration is read and compiled; the addresses are bound; then everything serves.

mod balancers;
mod certificate;
mod client_keys;
mod cold;
mod control_plane;
mod data_plane;
mod database;
mod dns;
mod door;
mod environment;
mod fault;
mod log_level;
mod migrations;
mod parts;
mod plugins;
mod prefix;
mod providers;
mod publication;
mod running;
mod secrets;
mod signals;
mod source;
mod tls;
mod trust;
mod warnings;

use std::sync::Arc;

use keybound_plugins::metrics::Metrics;
use keybound_plugins::{Registry, RootSecret};

pub use fault::StartFault;
pub use migrations::{MigrationsCommand, MigrationsReport, migrations};
pub(crate) use parts::{OpenStore, Parts};
pub use running::Running;

use crate::logging;
use crate::settings::Settings;
use plugins::Plugins;
use signals::{Asked, Signals};
use source::Declaration;
use tls::TlsPolicy;
use trust::Authorities;

/// Runs the gateway until a signal ends it.
///
/// SIGTERM, SIGINT and SIGQUIT stop it after the requests in flight; a second one stops it at once. SIGHUP reads the configuration
/// again: when it is broken, the last good one keeps serving and one line of the log says why.
///
/// # Errors
/// [`StartFault`]: nothing serves then.
pub fn run(settings: &Settings) -> Result<(), StartFault> {
    logging::init(settings);
    runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let mut running = tokio::select! {
            started = Running::start(settings) => started?,
            () = signals.stop_again() => return Ok(()),
        };
        tracing::info!(
            target: logging::READY,
            proxy = %running.proxy_urls(),
            admin = %running.admin_urls(),
            status = %running.status_urls(),
            version = %env!("CARGO_PKG_VERSION"),
            "ready"
        );
        loop {
            let asked = tokio::select! {
                asked = signals.next() => asked,
                fault = running.broke() => return Err(fault),
            };
            match asked {
                Asked::Reload => running.reload().await,
                Asked::Stop => break,
            }
        }
        tracing::info!("stopping: requests in flight finish first");
        tokio::select! {
            () = running.stop() => tracing::info!("stopped"),
            () = signals.stop_again() => tracing::warn!("stopped at once, by a second signal"),
        }
        Ok(())
    })
}

/// Reads everything that a start would read, and says what is wrong with it. Writes nothing.
///
/// # Errors
/// [`StartFault`], as a start would say it.
pub fn check(settings: &Settings) -> Result<(), StartFault> {
    let parts = Parts::of(settings)?;
    let Some(declaration) = Declaration::of(settings)? else { return Ok(()) };
    let Some((_, declared)) = declaration.read(&parts.plugins)? else { return Ok(()) };
    parts.compile(&declared.configuration)
}

/// What a reference to a vault leads to: `{vault://env/NAME}`, with or without the braces and `vault://`.
///
/// # Errors
/// [`StartFault`]
pub fn secret(settings: &Settings, reference: &str) -> Result<String, StartFault> {
    let inner = reference.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(reference);
    let path = inner.strip_prefix("vault://").unwrap_or(inner);
    let vaults = if path.starts_with("env/") {
        Vec::new()
    } else {
        Parts::of(settings)?.configuration(settings)?.vaults
    };
    secrets::resolve(&format!("{{vault://{path}}}"), &vaults)
        .map_err(|fault| StartFault::Configuration(fault.to_string()))
}

/// Reads what the settings of listeners name, and finds out whether it fits together. Writes nothing.
fn configured(settings: &Settings) -> Result<TlsPolicy, StartFault> {
    for pair in [&certificate::PROXY, &certificate::ADMIN, &certificate::STATUS, &certificate::CLIENT] {
        pair.configured(settings)?;
    }
    data_plane::client_identities(settings)?;
    control_plane::closed_to_strangers(settings)?;
    control_plane::client_authorities(settings)?;
    TlsPolicy::of(settings)
}

/// Waits for a signal that asks for the end.
pub async fn termination() {
    let Ok(mut signals) = Signals::listen() else { return };
    signals.stop_again().await;
}

/// The runtime of everything but the requests: Admin API, store, calls to providers.
fn runtime() -> Result<tokio::runtime::Runtime, StartFault> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("keybound-control")
        .enable_all()
        .build()
        .map_err(|error| StartFault::System { what: "threads", cause: error.to_string() })
}

/// The plugins, and what of their world others need too.
struct Equipment {
    plugins: Arc<Plugins>,
    metrics: Arc<Metrics>,
    root: Arc<RootSecret>,
}

fn plugins(
    settings: &Settings,
    authorities: &Authorities,
    started: keybound_pop::time::UnixTime,
) -> Result<Equipment, StartFault> {
    let runtime = tokio::runtime::Handle::current();
    let environment = environment::environment(authorities.roots()?, runtime, started)?;
    let (metrics, root) = (Arc::clone(&environment.metrics), Arc::clone(&environment.root));
    Ok(Equipment { plugins: Plugins::new(settings, Registry::new(environment))?, metrics, root })
}
