//! `snis` of a certificate: entities of their own, which a certificate's body and answer show as a list of names.

use std::collections::{BTreeMap, BTreeSet};

use keybound_model::entity::{CERTIFICATES, SNIS, take_snis};
use keybound_model::{Descriptor, Errors, Record};
use keybound_store::config::{Change, Key};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{children, find, id_of, reference};
use crate::body::Body;
use crate::failure::Failure;
use crate::state::AdminState;

const FIELD: &str = "snis";

/// Takes the names out of a certificate's record; `None` when the body does not speak of them, and for other kinds.
pub(super) fn take(
    entity: &Descriptor,
    record: &mut Record,
    body: &Body,
) -> Result<Option<Vec<String>>, Failure> {
    if entity.name != CERTIFICATES.name {
        return Ok(None);
    }
    // A form cannot tell one from a list of one.
    if let (Body::Form(_), Some(one @ Value::String(_))) = (body, record.get_mut(FIELD)) {
        *one = json!([one]);
    }
    Ok(take_snis(record)?)
}

/// What makes the names of a certificate those that are wanted.
pub(super) async fn changes(
    state: &AdminState,
    certificate: Uuid,
    wanted: &[String],
) -> Result<Vec<Change>, Failure> {
    let snis: &'static Descriptor = &SNIS;
    let own = children::every(state, snis, Some(("certificate", certificate))).await?;
    let known: BTreeMap<&str, Uuid> =
        own.iter().filter_map(|sni| Some((sni.get("name")?.as_str()?, id_of(sni)?))).collect();
    let mut changes = Vec::new();
    for name in wanted {
        if known.contains_key(name.as_str()) {
            continue;
        }
        let elsewhere = find(state, snis, &Key::Unique("name", name.clone())).await?;
        if let Some(other) = elsewhere.as_ref().and_then(|sni| reference(sni, "certificate")) {
            let text = format!("{name} already associated with existing certificate '{other}'");
            return Err(Errors::field(FIELD, text).into());
        }
        changes.push(Change::Insert { entity: snis, record: made(state, certificate, name)? });
    }
    let wanted: BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
    let gone = known.iter().filter(|(name, _)| !wanted.contains(*name));
    changes.extend(gone.map(|(_, id)| Change::Delete { entity: snis, id: *id }));
    Ok(changes)
}

fn made(state: &AdminState, certificate: Uuid, name: &str) -> Result<Record, Failure> {
    let record = Record::from_iter([
        ("name".to_owned(), name.into()),
        ("certificate".to_owned(), json!({"id": certificate.to_string()})),
    ]);
    Ok(SNIS.validate_insert(record, state.fresh(Uuid::new_v4()), state.catalog.as_ref())?)
}
