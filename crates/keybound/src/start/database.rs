use std::sync::Arc;
use std::time::Duration;

use keybound_model::PluginCatalog;
use keybound_store::postgres::{PostgresOptions, PostgresTls};
use keybound_store::seal::{Sealing, SealingKeys};

use super::StartFault;
use super::trust::Authorities;
use crate::settings::Settings;

/// Whether the settings of the store can be used. Connects to nothing.
pub(super) fn configured(settings: &Settings) -> Result<(), StartFault> {
    sealing_keys(settings)?;
    tls(settings, &Authorities::default()).map(drop)
}

/// The database of the settings `pg_*`.
pub(super) fn postgres(
    settings: &Settings,
    authorities: &Authorities,
) -> Result<PostgresOptions, StartFault> {
    let tls = tls(settings, authorities)?;
    let idle = Some(settings.pg_keepalive_timeout.0).filter(|milliseconds| *milliseconds > 0);
    Ok(PostgresOptions {
        host: settings.pg_host.0.clone(),
        port: u16::try_from(settings.pg_port.0).unwrap_or(u16::MAX),
        user: settings.pg_user.0.clone(),
        password: settings.pg_password.0.clone(),
        database: settings.pg_database.0.clone(),
        schema: settings.pg_schema.given().map(str::to_owned),
        timeout: Duration::from_millis(settings.pg_timeout.0.into()),
        pool_size: settings.pg_pool_size.0,
        idle: idle.map(|milliseconds| Duration::from_millis(milliseconds.into())),
        tls,
        poll: Duration::from_secs(settings.db_update_frequency.0.into()),
    })
}

/// The keys of `store_key`; `None` when there are none.
pub(super) fn sealing(
    settings: &Settings,
    catalog: Arc<dyn PluginCatalog>,
) -> Result<Option<Sealing>, StartFault> {
    Ok(sealing_keys(settings)?.map(|keys| Sealing { keys, catalog }))
}

fn sealing_keys(settings: &Settings) -> Result<Option<SealingKeys>, StartFault> {
    let keys = settings.store_key.0.as_deref().map(SealingKeys::parse).transpose();
    keys.map_err(|fault| StartFault::setting(settings, "store_key", fault.to_string()))
}

fn tls(settings: &Settings, authorities: &Authorities) -> Result<PostgresTls, StartFault> {
    Ok(match (settings.pg_ssl.0, settings.pg_ssl_verify.0, settings.pg_ssl_required.0) {
        (true, true, _) => PostgresTls::Verified { authorities: authorities.pem() },
        (true, false, true) => PostgresTls::Required,
        (true, false, false) => PostgresTls::Preferred,
        (false, false, false) => PostgresTls::Off,
        // Whoever asks for checks does not mean a connection that cannot have any.
        (false, true, _) => return Err(without_tls(settings, "pg_ssl_verify")),
        (false, false, true) => return Err(without_tls(settings, "pg_ssl_required")),
    })
}

fn without_tls(settings: &Settings, key: &'static str) -> StartFault {
    StartFault::setting(settings, key, "only counts with pg_ssl=on")
}
