use keybound_model::Configuration;
use keybound_store::config::{Change, StoreFault};

use crate::failure::{Failure, Operation};
use crate::state::AdminState;

/// Writes, and waits until the new configuration serves. A configuration that could not serve is not written.
pub(super) async fn commit(
    state: &AdminState,
    operation: Operation,
    changes: Vec<Change>,
) -> Result<(), Failure> {
    let check = |configuration: &Configuration| state.publisher.check(configuration);
    let version =
        state.store.apply(changes, &check).await.map_err(|fault| Failure::Store(fault, operation))?;
    tracing::info!(verb = operation.verb, entity = operation.entity, version, "configuration changed");
    state.publisher.publish().await.map_err(Failure::Unexpected)
}

/// Whether somebody else wrote between our read and our write, so that both should be done again.
pub(super) fn raced(result: &Result<(), Failure>) -> bool {
    matches!(result, Err(Failure::Store(StoreFault::Changed, _)))
}
