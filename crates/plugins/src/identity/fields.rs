//! The header fields that tell an upstream who calls. Upstreams trust them, so only a gateway may set them.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::contract::{Identity, folded, is_disguised};

const CONSUMER_ID: HeaderName = HeaderName::from_static("x-consumer-id");
const CONSUMER_CUSTOM_ID: HeaderName = HeaderName::from_static("x-consumer-custom-id");
const CONSUMER_USERNAME: HeaderName = HeaderName::from_static("x-consumer-username");
const CREDENTIAL_IDENTIFIER: HeaderName = HeaderName::from_static("x-credential-identifier");
const AUTHENTICATED_GROUPS: HeaderName = HeaderName::from_static("x-authenticated-groups");
const ANONYMOUS_CONSUMER: HeaderName = HeaderName::from_static("x-anonymous-consumer");

/// All of them, Kong's older ones too.
const NAMES: [HeaderName; 10] = [
    CONSUMER_ID,
    CONSUMER_CUSTOM_ID,
    CONSUMER_USERNAME,
    CREDENTIAL_IDENTIFIER,
    ANONYMOUS_CONSUMER,
    HeaderName::from_static("x-consumer-groups"),
    AUTHENTICATED_GROUPS,
    HeaderName::from_static("x-authenticated-scope"),
    HeaderName::from_static("x-credential-username"),
    HeaderName::from_static("x-authenticated-userid"),
];

/// The same names as software sees them that takes `_` for `-`.
const SQUASHED: [&str; 10] = [
    "xconsumerid",
    "xconsumercustomid",
    "xconsumerusername",
    "xcredentialidentifier",
    "xanonymousconsumer",
    "xconsumergroups",
    "xauthenticatedgroups",
    "xauthenticatedscope",
    "xcredentialusername",
    "xauthenticateduserid",
];

/// Takes every field out that says who calls, in any spelling with `_` too.
fn strip(headers: &mut HeaderMap) {
    for name in &NAMES {
        headers.remove(name);
    }
    if headers.keys().any(is_lookalike) {
        let twins: Vec<HeaderName> = headers.keys().filter(|name| is_lookalike(name)).cloned().collect();
        for name in twins {
            headers.remove(name);
        }
    }
}

/// Says who calls: what is known, and nothing of what the client said.
pub(crate) fn restate(headers: &mut HeaderMap, identity: &Identity) {
    strip(headers);
    if let Some(consumer) = &identity.consumer {
        set(headers, CONSUMER_ID, &consumer.id.to_string());
        for (name, value) in
            [(CONSUMER_CUSTOM_ID, &consumer.custom_id), (CONSUMER_USERNAME, &consumer.username)]
        {
            if let Some(value) = value {
                set(headers, name, value);
            }
        }
    }
    if let Some(credential) = &identity.credential {
        set(headers, CREDENTIAL_IDENTIFIER, credential);
    }
    if let Some(groups) = identity.groups.as_deref().and_then(group_list) {
        headers.insert(AUTHENTICATED_GROUPS, groups);
    }
    if identity.anonymous {
        headers.insert(ANONYMOUS_CONSUMER, HeaderValue::from_static("true"));
    }
    for (name, value) in &identity.told {
        headers.insert(name.clone(), value.clone());
    }
}

/// Whether a field of this name says who calls.
pub(crate) fn is_identity(name: &HeaderName) -> bool {
    SQUASHED.contains(&folded(name.as_str()).as_str())
}

fn is_lookalike(name: &HeaderName) -> bool {
    is_disguised(name) && is_identity(name)
}

/// Most bytes of a list of groups. Many upstreams refuse a request with a longer line.
const LONGEST_LIST: usize = 8000;

/// Groups as a field lists them. Left out are names that would read as another group there: with a comma, with space at an
/// end. A list that no field can carry, or that is too long or empty, is none.
pub(crate) fn group_list<T: AsRef<str>>(groups: &[T]) -> Option<HeaderValue> {
    let plain = |name: &&str| !name.is_empty() && !name.contains(',') && name.trim() == *name;
    let names: Vec<&str> = groups.iter().map(AsRef::as_ref).filter(plain).collect();
    let list = names.join(", ");
    if list.is_empty() || list.len() > LONGEST_LIST {
        return None;
    }
    HeaderValue::from_bytes(list.as_bytes()).ok()
}

/// A value that no field can carry is left out, and so is one with white space at an end, which readers take away: it would
/// read as somebody else's.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if value.trim().len() != value.len() {
        return;
    }
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_lookalike() {
        for (name, twin) in NAMES.iter().zip(SQUASHED) {
            assert_eq!(folded(name.as_str()), twin);
        }
    }

    #[test]
    fn what_a_client_says_of_itself_leaves_in_every_spelling() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-consumer-id",
            "x_consumer_id",
            "x-consumer_groups",
            "x_authenticated-userid_",
            "x.consumer.id",
            "x_mine",
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("forged"));
        }
        restate(&mut headers, &Identity::default());
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x_mine"]);
    }

    #[test]
    fn a_group_cannot_pose_as_another_one_in_the_list() {
        let list = |groups: &[&str]| group_list(groups).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(list(&["staff", "Domain Users"]).as_deref(), Some("staff, Domain Users"));
        assert_eq!(list(&["a, admin", " admin", "admin ", "", "b"]).as_deref(), Some("b"));
        assert_eq!(list(&["a\nb"]), None);
        assert_eq!(list(&[&"x".repeat(8001)]), None);
        assert_eq!(list(&[]), None);
    }
}
