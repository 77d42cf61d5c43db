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
mod exposition;
mod fault;
mod handover;
mod inside;
mod invocation;
mod limits;
mod log_level;
mod migrations;
mod parts;
mod plugins;
mod prefix;
mod process;
mod providers;
mod publication;
mod records;
mod reload;
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
pub use handover::Heir;
pub use invocation::Invocation;
pub use migrations::{MigrationsCommand, MigrationsReport, migrations};
pub(crate) use parts::{OpenStore, Parts};
pub use running::Running;

use crate::instance::Attempts;
use crate::logging;
use crate::settings::Settings;
use handover::{Inheritance, Sockets, Told};
use plugins::Plugins;
use running::Prepared;
use signals::{Asked, Signals};
use source::Declaration;
use tls::TlsPolicy;
use trust::Authorities;

/// Runs the gateway until a signal ends it.
///
/// SIGTERM, SIGINT and SIGQUIT stop it after the requests in flight; a second one stops it at once. SIGHUP reads the configuration
/// and the certificates of listeners again: when they are broken, the last good ones keep serving and one line of the log says
/// why. SIGUSR2 starts the program that stands in this one's place now and hands the listening sockets over to it.
/// SIGUSR1 opens log files again.
///
/// # Errors
/// [`StartFault`]: nothing serves then.
pub fn run(settings: &Settings, invocation: &Invocation) -> Result<(), StartFault> {
    // Takes variables out of the environment, which may only be done while there is one thread.
    let sockets = handover::of_service_manager()?;
    // A thread writes the logs from here on.
    logging::init(settings).map_err(|fault| StartFault::setting(settings, fault.key, fault.cause))?;
    runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let mut running = tokio::select! {
            started = begin(settings, invocation, sockets) => started?,
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
        handover::tell(Told::Ready);
        let mut handed_over = false;
        let mut attempts = Attempts::of(&settings.prefix.0);
        loop {
            let asked = tokio::select! {
                asked = signals.next() => asked,
                fault = running.broke() => {
                    handover::tell(Told::Stopping);
                    tracing::error!(%fault, "broken: what plugins have not sent is sent before the end");
                    tokio::select! {
                        () = running.after_break() => {}
                        () = signals.stop_again() => tracing::warn!("stopped at once, by a signal"),
                    }
                    return Err(fault);
                }
            };
            match asked {
                Asked::Reload => {
                    handover::tell(Told::Reloading);
                    running.reload(invocation.settings()).await;
                    handover::tell(Told::Ready);
                }
                Asked::Upgrade => {
                    tracing::info!("starting another process to hand over to");
                    attempts.begin();
                    let handed = tokio::select! {
                        handed = running.hand_over(invocation.again()) => handed,
                        () = signals.stop_again() => break,
                    };
                    match handed {
                        Ok(pid) => {
                            handover::tell(Told::TakenOverBy(pid));
                            tracing::info!(pid, "handed over: requests in flight finish here");
                            handed_over = true;
                            break;
                        }
                        Err(cause) => {
                            tracing::error!(%cause, "the new process did not take over: this one goes on");
                            attempts.failed(&cause);
                        }
                    }
                }
                Asked::Reopen => logging::reopen(),
                Asked::Stop => break,
            }
        }
        if handed_over {
            tokio::select! {
                () = running.finish() => tracing::info!("ended"),
                () = signals.stop_again() => tracing::warn!("stopped at once, by a signal"),
            }
            return Ok(());
        }
        handover::tell(Told::Stopping);
        tracing::info!("stopping: requests in flight finish first");
        tokio::select! {
            () = running.stop() => tracing::info!("stopped"),
            () = signals.stop_again() => tracing::warn!("stopped at once, by a second signal"),
        }
        Ok(())
    })
}

/// Starts everything, in place of another process where that was said.
async fn begin(
    settings: &Settings,
    invocation: &Invocation,
    sockets: Sockets,
) -> Result<Running, StartFault> {
    let Some(heir) = invocation.heir() else {
        let inheritance = Inheritance { sockets, ..Inheritance::default() };
        return Ok(Prepared::of(settings, inheritance).await?.serve());
    };
    let mut prepared = Prepared::of(settings, heir.receive()?).await?;
    prepared.take_over(heir).await?;
    Ok(prepared.serve())
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
    control_plane::speaks_plainly(settings)?;
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
    let environment = environment::environment(settings, authorities.roots()?, runtime, started)?;
    let (metrics, root) = (Arc::clone(&environment.metrics), Arc::clone(&environment.root));
    let registry = Registry::new(environment).with_proof_work(settings.proof_work_limit.0);
    Ok(Equipment { plugins: Plugins::new(settings, registry)?, metrics, root })
}
