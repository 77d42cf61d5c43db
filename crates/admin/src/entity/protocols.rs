use keybound_model::entity::{ROUTES, SERVICES, protocols_fit};
use keybound_model::{Descriptor, Record};
use keybound_store::config::{Key, Query};

use super::{find, reference};
use crate::failure::{Failure, Operation};
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
        Some(service) if route.is_none() => routes_of(state, service).await?,
        _ => Vec::new(),
    };
    let routes: Vec<&Record> = routes.iter().collect();
    Ok(protocols_fit(record, route.as_ref(), &routes)?)
}

async fn routes_of(state: &AdminState, service: uuid::Uuid) -> Result<Vec<Record>, Failure> {
    let operation = Operation { verb: "read", entity: ROUTES.name, by: None };
    let parent = Some((SERVICES.singular, service));
    let mut query = Query { size: 1000, after: None, tags: None, parent };
    let mut routes = Vec::new();
    loop {
        let page =
            state.store.list(&ROUTES, &query).await.map_err(|fault| Failure::Store(fault, operation))?;
        routes.extend(page.records);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(routes),
        }
    }
}
