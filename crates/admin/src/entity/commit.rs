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
    commit_if(state, operation, changes, &|_| Ok(())).await
}

/// The same, where the configuration that the changes lead to must also pass a check of the operation's own.
pub(super) async fn commit_if(
    state: &AdminState,
    operation: Operation,
    changes: Vec<Change>,
    own: &(dyn Fn(&Configuration) -> Result<(), String> + Send + Sync),
) -> Result<(), Failure> {
    let check = |configuration: &Configuration| {
        own(configuration)?;
        state.publisher.check(configuration)
    };
    let version =
        state.store.apply(changes, &check).await.map_err(|fault| Failure::Store(fault, operation))?;
    tracing::info!(verb = operation.verb, entity = operation.entity, version, "configuration changed");
    state.publisher.publish().await.map_err(Failure::Unexpected)
}

/// Whether somebody else wrote between our read and our write, so that both should be done again.
pub(super) fn raced(result: &Result<(), Failure>) -> bool {
    matches!(result, Err(Failure::Store(StoreFault::Changed, _)))
}
