use keybound_model::declarative;
use keybound_model::entity::{RouterFlavor, all_for};
use keybound_store::config::{ConfigStore, Query};

use super::ConfigFault;
use crate::clock::SystemClock;

/// How many records are read at once.
const PAGE: usize = 1000;

/// Everything that is in a store, as a declarative file.
pub(super) async fn export(store: &dyn ConfigStore, flavor: RouterFlavor) -> Result<String, ConfigFault> {
    let mut records = Vec::new();
    for entity in all_for(flavor) {
        let mut query = Query { size: PAGE, ..Query::default() };
        loop {
            let page = store.list(entity, &query).await.map_err(ConfigFault::Read)?;
            records.extend(page.records.into_iter().map(|record| (entity, record)));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
    }
    let now = i64::try_from(SystemClock.since_epoch().as_secs()).unwrap_or(i64::MAX);
    Ok(declarative::export(records.iter().map(|(entity, record)| (*entity, record)), now))
}
