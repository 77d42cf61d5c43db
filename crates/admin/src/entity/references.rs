use keybound_model::entity::by_name;
use keybound_model::{Descriptor, Errors, Record, lua};
use keybound_store::config::Key;
use serde_json::Value;

use super::{find, id_of, refer};
use crate::failure::Failure;
use crate::state::AdminState;

/// Puts ids in the place of references by name. A name that nothing has is an error of its own (code 13); an id that
/// nothing has is found when the record is written (code 4).
pub(super) async fn resolve(
    state: &AdminState,
    entity: &'static Descriptor,
    record: &mut Record,
) -> Result<(), Failure> {
    let mut errors = Errors::new();
    for (field, foreign) in entity.foreign_keys() {
        let Some(Value::Object(reference)) = record.get(field) else { continue };
        let Some(parent) = by_name(foreign.entity).filter(|_| !reference.contains_key("id")) else {
            continue;
        };
        let Some(name) = parent.endpoint_key else { continue };
        let Some(value) = reference.get(name).and_then(Value::as_str) else { continue };
        let key = Key::Unique(name, value.to_owned());
        match find(state, parent, &key).await?.as_ref().and_then(id_of) {
            Some(id) => refer(record, (field, id)),
            None => {
                let key = lua::inline(&Value::Object(reference.clone()));
                let text = format!(
                    "the foreign key cannot be resolved with '{key}' for an existing '{}' entity",
                    parent.name
                );
                errors.add(field, Errors::field(name, text));
            }
        }
    }
    errors.into_result().map_err(Failure::Unresolved)
}
