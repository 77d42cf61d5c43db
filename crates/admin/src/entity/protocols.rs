use keybound_model::entity::{ROUTES, SERVICES, protocols_fit};
use keybound_model::{Descriptor, Record};
use keybound_store::config::Key;

use super::{children, find, reference};
use crate::failure::Failure;
use crate::state::AdminState;

/// A plugin must serve a protocol of its route, or of a route of its service; other kinds have no such rule.
pub(super) async fn check(
    state: &AdminState,
    entity: &'static Descriptor,
    record: &Record,
) -> Result<(), Failure> {
    if !entity.is_plugin {
        return Ok(());
    }
    let route = match reference(record, ROUTES.singular) {
        Some(id) => find(state, &ROUTES, &Key::Id(id)).await?,
        None => None,
    };
    let routes = match reference(record, SERVICES.singular) {
        Some(service) if route.is_none() => {
            children::every(state, &ROUTES, Some((SERVICES.singular, service))).await?
        }
        _ => Vec::new(),
    };
    let routes: Vec<&Record> = routes.iter().collect();
    Ok(protocols_fit(record, route.as_ref(), &routes)?)
}
