use keybound_model::{Descriptor, Record};
use keybound_store::config::Query;

use super::Below;
use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// Every record of a kind, or every one below a parent, in the order of ids.
pub(super) async fn every(
    state: &AdminState,
    entity: &'static Descriptor,
    parent: Option<Below>,
) -> Result<Vec<Record>, Failure> {
    let operation = Operation { verb: "read", entity: entity.name, by: None };
    let mut query = Query { size: 1000, after: None, tags: None, parent };
    let mut records = Vec::new();
    loop {
        let page =
            state.store.list(entity, &query).await.map_err(|fault| Failure::Store(fault, operation))?;
        records.extend(page.records);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    records.retain(|record| !entity.is_expired(record, state.seconds()));
    Ok(records)
}
