//! The keys with which `openid-connect` authenticates the gateway at providers, where it is given none: found in the
//! configuration, or made and put there, so that all nodes and the next start have the same.

use std::sync::Arc;
use std::time::Duration;

use keybound_admin::Publisher as _;
use keybound_model::entity::{Fresh, OIC_JWKS, OIC_JWKS_ID, Vault};
use keybound_model::{Configuration, Record, vault};
use keybound_oidc::{OwnKeys, OwnKeysFault};
use keybound_store::config::{Change, Key, StoreFault};
use serde_json::{Value, json};
use uuid::Uuid;

use super::plugins::Plugins;
use super::publication::Publication;
use super::secrets;
use crate::clock::SystemClock;

/// How long to wait before keys that could not be made or stored are tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// Finds out whether the key set of a configuration could be used.
pub(super) fn check(configuration: &Configuration, plugins: &Plugins) -> Result<(), String> {
    match set(configuration)? {
        Some(set) => plugins.registry().own_keys().check(&set).map_err(|fault| format!("oic_jwks: {fault}")),
        None => Ok(()),
    }
}

/// Puts the key set of a configuration, which was checked, in place. What a node without a store made for itself stays.
pub(super) fn hand_over(configuration: &Configuration, plugins: &Plugins, is_stored: bool) {
    let keys = plugins.registry().own_keys();
    let put = match set(configuration) {
        Ok(None) if !is_stored => Ok(()),
        Ok(set) => keys.put(set.as_deref()).map_err(|fault| fault.to_string()),
        Err(cause) => Err(cause),
    };
    if let Err(cause) = put {
        tracing::error!(%cause, "oic_jwks cannot be used: the keys before stay");
    }
}

/// The set that counts: the one of the well-known id, else the first.
fn set(configuration: &Configuration) -> Result<Option<Vec<Record>>, String> {
    let known = configuration.oic_jwks.iter().find(|set| set.id.to_string() == OIC_JWKS_ID);
    let Some(found) = known.or(configuration.oic_jwks.first()) else { return Ok(None) };
    found.keys().iter().map(|key| resolved(key, &configuration.vaults)).collect::<Result<_, _>>().map(Some)
}

/// A key with secrets in place of references.
fn resolved(key: &Record, vaults: &[Vault]) -> Result<Record, String> {
    let member = |(name, value): (&String, &Value)| match value {
        Value::String(text) if vault::is_reference(text) => {
            let secret =
                secrets::resolve(text, vaults).map_err(|fault| format!("oic_jwks: {name}: {fault}"))?;
            Ok((name.clone(), Value::String(secret)))
        }
        other => Ok((name.clone(), other.clone())),
    };
    key.iter().filter(|(_, value)| !value.is_null()).map(member).collect()
}

/// Makes keys when some are missing, until told to stop.
pub(super) async fn keep(publication: Arc<Publication>, stopped: impl Future<Output = ()>) {
    let making = async {
        let keys = publication.plugins().registry().own_keys();
        loop {
            keys.missed().await;
            let mut made = None;
            while keys.are_missing() {
                match make(&publication, &mut made).await {
                    Ok(()) => tracing::info!("made keys for private_key_jwt: see /openid-connect/jwks"),
                    Err(cause) => {
                        tracing::error!(%cause, "no keys for private_key_jwt");
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = making => {}
        () = stopped => {}
    }
}

/// Makes the first set, or goes on with the one that could not be kept the time before. Another node may be first: then its set
/// is the one.
async fn make(publication: &Publication, before: &mut Option<Vec<Record>>) -> Result<(), String> {
    let made = match before.take() {
        Some(made) => made,
        None => generated(OwnKeys::generate).await?,
    };
    let made = before.insert(made);
    if publication.is_declarative() {
        let keys = publication.plugins().registry().own_keys();
        return keys.put(Some(made)).map_err(|fault| fault.to_string());
    }
    let record = record(publication, made)?;
    match apply(publication, Change::Insert { entity: &OIC_JWKS, record }).await {
        Ok(()) | Err(StoreFault::PrimaryKey { .. }) => publication.publish().await,
        Err(fault) => Err(fault.to_string()),
    }
}

/// Makes a set in place of the one there is, whose public halves stay published until the next time; or the first one.
pub(super) async fn rotate(publication: &Publication) -> Result<(), String> {
    let keys = publication.plugins().registry().own_keys();
    let current = keys.set().unwrap_or_default();
    let made = generated(move || OwnKeys::rotated(&current)).await?;
    if publication.is_declarative() {
        if publication.declares_keys() {
            return Err("oic_jwks is declared in the declarative configuration: change it there".to_owned());
        }
        return keys.put(Some(&made)).map_err(|fault| fault.to_string());
    }
    let store = publication.store();
    let id = OIC_JWKS_ID.parse::<Uuid>().map_err(|fault| fault.to_string())?;
    let previous = store.find(&OIC_JWKS, &Key::Id(id)).await.map_err(|fault| fault.to_string())?;
    let record = record(publication, &made)?;
    let change = match previous {
        Some(previous) => Change::Replace { entity: &OIC_JWKS, previous, record },
        None => Change::Insert { entity: &OIC_JWKS, record },
    };
    apply(publication, change).await.map_err(|fault| fault.to_string())?;
    publication.publish().await
}

async fn apply(publication: &Publication, change: Change) -> Result<(), StoreFault> {
    let check = |configuration: &Configuration| publication.check(configuration);
    publication.store().apply(vec![change], &check).await.map(drop)
}

fn record(publication: &Publication, keys: &[Record]) -> Result<Record, String> {
    let now = i64::try_from(SystemClock.since_epoch().as_secs()).unwrap_or(i64::MAX);
    let id = OIC_JWKS_ID.parse::<Uuid>().map_err(|fault| fault.to_string())?;
    let Value::Object(given) = json!({"id": id, "jwks": {"keys": keys}}) else { return Ok(Record::new()) };
    OIC_JWKS
        .validate_insert(given, Fresh::new(id, now), &*publication.catalog())
        .map_err(|errors| errors.message())
}

/// Keys take seconds to make: beside everything else that this runtime does.
async fn generated(
    make: impl FnOnce() -> Result<Vec<Record>, OwnKeysFault> + Send + 'static,
) -> Result<Vec<Record>, String> {
    let made = tokio::task::spawn_blocking(make).await.map_err(|error| error.to_string())?;
    made.map_err(|fault| fault.to_string())
}
