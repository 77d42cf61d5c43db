//! `keybound start`: the parts put together, and taken apart again at the end.
//!
//! In this order, so that a fault leaves nothing half done: what the settings name is read; the prefix is made; the
//! configuration is read and compiled; the addresses are bound; then everything serves.

mod certificate;
mod cold;
mod control_plane;
mod data_plane;
mod environment;
mod fault;
mod prefix;
mod publication;
mod running;
mod signals;
mod source;
mod trust;

use std::sync::Arc;

use keybound_gateway::Compiler;
use keybound_plugins::Registry;
use keybound_pop::time::Clock as _;

pub use fault::StartFault;
pub use running::Running;

use crate::clock::SystemClock;
use crate::logging;
use crate::settings::Settings;
use signals::{Asked, Signals};
use source::Declaration;
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
        let mut running = Running::start(settings).await?;
        tracing::info!(
            target: logging::READY,
            proxy = %running.proxy_urls(),
            admin = %running.admin_urls(),
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
    let authorities = Authorities::read(settings)?;
    certificate::configured(settings)?;
    let Some(declaration) = Declaration::of(settings)? else { return Ok(()) };
    let runtime = runtime()?;
    let roots = authorities.roots()?;
    let registry =
        Registry::new(environment::environment(roots, runtime.handle().clone(), SystemClock.now()));
    let Some((_, declared)) = declaration.read(&registry)? else { return Ok(()) };
    let plane = data_plane::settings(settings, None, &authorities);
    let compiler = Compiler::new(&plane).map_err(|fault| running::bind_fault(settings, fault))?;
    publication::compile(&compiler, &declared.configuration, &registry)
        .map(drop)
        .map_err(StartFault::Configuration)
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

fn registry(
    authorities: &Authorities,
    started: keybound_pop::time::UnixTime,
) -> Result<Arc<Registry>, StartFault> {
    let runtime = tokio::runtime::Handle::current();
    Ok(Arc::new(Registry::new(environment::environment(authorities.roots()?, runtime, started))))
}
