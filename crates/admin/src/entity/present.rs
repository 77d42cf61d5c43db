//! What an answer shows of a record beyond what is stored.

use std::collections::BTreeMap;

use keybound_model::entity::{CERTIFICATES, SNIS};
use keybound_model::{Descriptor, Record};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{children, id_of, reference};
use crate::failure::Failure;
use crate::state::AdminState;

/// A record as it is answered.
pub(super) async fn present(
    state: &AdminState,
    entity: &'static Descriptor,
    record: Record,
) -> Result<Record, Failure> {
    let below = id_of(&record).filter(|_| entity.name == CERTIFICATES.name).map(|id| ("certificate", id));
    let names = match below {
        Some(below) => names(state, Some(below)).await?,
        None => BTreeMap::new(),
    };
    Ok(shown(state, entity, record, &names))
}

/// Records of a list as they are answered.
pub(super) async fn present_all(
    state: &AdminState,
    entity: &'static Descriptor,
    records: Vec<Record>,
) -> Result<Vec<Record>, Failure> {
    let names = match entity.name {
        name if name == CERTIFICATES.name => names(state, None).await?,
        _ => BTreeMap::new(),
    };
    let now = state.seconds();
    let alive = records.into_iter().filter(|record| !entity.is_expired(record, now));
    Ok(alive.map(|record| shown(state, entity, record, &names)).collect())
}

fn shown(
    state: &AdminState,
    entity: &Descriptor,
    mut record: Record,
    names: &BTreeMap<Uuid, Vec<String>>,
) -> Record {
    if entity.name == CERTIFICATES.name {
        let own = id_of(&record).and_then(|id| names.get(&id));
        record.insert("snis".to_owned(), json!(own.map_or(&[][..], Vec::as_slice)));
    }
    if entity.is_plugin {
        show_old_names(state, &mut record);
    }
    entity.shown(record, state.seconds())
}

/// The configuration of a plugin is answered under the old names of its fields as well, for clients that know only those.
fn show_old_names(state: &AdminState, record: &mut Record) {
    let plugin = record.get("name").and_then(Value::as_str).and_then(|name| state.catalog.plugin(name));
    if let (Some(plugin), Some(Value::Object(config))) = (plugin, record.get_mut("config")) {
        plugin.config.show_old_names(config);
    }
}

/// The names that certificates are shown for, sorted.
async fn names(
    state: &AdminState,
    below: Option<super::Below>,
) -> Result<BTreeMap<Uuid, Vec<String>>, Failure> {
    let mut names: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for sni in children::every(state, &SNIS, below).await? {
        let name = sni.get("name").and_then(Value::as_str);
        if let (Some(certificate), Some(name)) = (reference(&sni, "certificate"), name) {
            names.entry(certificate).or_default().push(name.to_owned());
        }
    }
    names.values_mut().for_each(|names| names.sort());
    Ok(names)
}
