//! Ids that follow from what an entity is called, so that a declarative file gives the same ones on every load.

use uuid::{Uuid, uuid};

/// The namespace under which each kind of entity has a namespace of its own.
const ROOT: Uuid = uuid!("fd02801f-0957-4a15-a55a-c8d9606f30b5");

/// The id of the default workspace, as Kong has it.
pub const DEFAULT_WORKSPACE: Uuid = uuid!("0dc6f45b-8f8d-40d2-a504-473544ee190b");

/// The id of an entity without one: UUIDv5 of its key in the namespace of its plural name.
#[must_use]
pub fn deterministic(entity: &str, key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::new_v5(&ROOT, entity.as_bytes()), key.as_bytes())
}

/// The id that text in a URL or a reference means, in lower case; `None` when it is an endpoint key.
#[must_use]
pub fn parse(text: &str) -> Option<Uuid> {
    crate::schema::is_uuid(text).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_gives_the_same_id_and_kinds_differ() {
        let service = deterministic("services", "api");
        assert_eq!(service, deterministic("services", "api"));
        assert_ne!(service, deterministic("routes", "api"));
        assert_eq!(service.get_version_num(), 5);
        assert_eq!(service.to_string(), "995edec0-86bd-564e-8374-a276c5c0c8dc");
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = "0DC6F45B-8f8d-40d2-a504-473544ee190b";
        assert_eq!(parse(id), Some(DEFAULT_WORKSPACE));
        assert_eq!(parse("0dc6f45b8f8d40d2a504473544ee190b"), None);
        assert_eq!(parse("{0dc6f45b-8f8d-40d2-a504-473544ee190b}"), None);
        assert_eq!(parse("api"), None);
    }
}
