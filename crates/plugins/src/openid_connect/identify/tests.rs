use keybound_model::Configuration;
use keybound_model::entity::{Consumer, ConsumerGroup, ConsumerGroupMember};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

const JOHN: Uuid = Uuid::from_u128(1);
const JANE: Uuid = Uuid::from_u128(2);
const TWIN: Uuid = Uuid::from_u128(3);
const GOLD: Uuid = Uuid::from_u128(0x10);
const SILVER: Uuid = Uuid::from_u128(0x11);

fn directory() -> Directory {
    let consumer = |id, username: &str, custom_id: Option<&str>| Consumer {
        id,
        username: Some(username.to_owned()),
        custom_id: custom_id.map(str::to_owned),
        tags: Vec::new(),
    };
    let group = |id, name: &str| ConsumerGroup { id, name: name.to_owned() };
    Directory::of(&Configuration {
        consumers: vec![
            consumer(JOHN, "john", Some("jane")),
            consumer(JANE, "jane", Some("c-jane")),
            consumer(TWIN, "Jane", None),
        ],
        consumer_groups: vec![group(GOLD, "gold"), group(SILVER, "silver plate")],
        consumer_group_consumers: vec![ConsumerGroupMember { consumer: JOHN, consumer_group: GOLD }],
        ..Configuration::default()
    })
}

fn identified(config: Value, claims: Value) -> Result<Identity, AuthorizationFault> {
    let mut config = config.as_object().unwrap().clone();
    config.entry("consumer_by").or_insert(json!(["username", "custom_id"]));
    config.entry("credential_claim").or_insert(json!(["sub"]));
    let mut identity = Identity::default();
    let claims = Claims { token: claims.as_object().unwrap(), answer: None };
    Rules::parse(&config).identify(claims, &directory(), &mut identity)?;
    Ok(identity)
}

fn consumer(config: Value, claims: Value) -> Result<Option<Uuid>, AuthorizationFault> {
    identified(config, claims).map(|identity| identity.consumer.map(|consumer| consumer.id))
}

#[test]
fn paths_come_before_fields_and_both_in_their_order() {
    let config = |by: &[&str]| json!({"consumer_claims": [["a", "b"], ["sub"]], "consumer_by": by});
    let both = &["username", "custom_id"][..];
    assert_eq!(consumer(config(both), json!({"sub": "jane"})), Ok(Some(JANE)));
    assert_eq!(consumer(config(&["custom_id", "username"]), json!({"sub": "jane"})), Ok(Some(JOHN)));
    assert_eq!(consumer(config(both), json!({"a": {"b": "john"}, "sub": "jane"})), Ok(Some(JOHN)));
    assert_eq!(consumer(config(both), json!({"a": {"b": "nobody"}, "sub": "jane"})), Ok(Some(JANE)));
    assert_eq!(consumer(config(both), json!({"sub": JANE})), Err(AuthorizationFault::Consumer));
    assert_eq!(consumer(config(&["id"]), json!({"sub": JANE})), Ok(Some(JANE)));
    assert_eq!(consumer(config(&["username"]), json!({"sub": "c-jane"})), Err(AuthorizationFault::Consumer));
}

#[test]
fn a_claim_that_does_not_say_one_thing_names_nobody() {
    let config = json!({"consumer_claims": [["sub"]]});
    for claims in
        [json!({}), json!({"sub": null}), json!({"sub": ["jane", "john"]}), json!({"sub": {"a": "jane"}})]
    {
        assert_eq!(consumer(config.clone(), claims.clone()), Err(AuthorizationFault::Consumer), "{claims}");
    }
    assert_eq!(consumer(config, json!({"sub": ["jane"]})), Ok(Some(JANE)));
    let optional = json!({"consumer_claims": [["sub"]], "consumer_optional": true});
    assert_eq!(consumer(optional, json!({})), Ok(None));
}

#[test]
fn case_is_ignored_only_when_asked_and_only_where_one_consumer_is_meant() {
    let config = |ignore| json!({"consumer_claims": [["sub"]], "by_username_ignore_case": ignore});
    assert_eq!(consumer(config(false), json!({"sub": "JOHN"})), Err(AuthorizationFault::Consumer));
    assert_eq!(consumer(config(true), json!({"sub": "JOHN"})), Ok(Some(JOHN)));
    // Two names differ by case only: the exact one counts, any other is nobody's.
    assert_eq!(consumer(config(true), json!({"sub": "Jane"})), Ok(Some(TWIN)));
    assert_eq!(consumer(config(true), json!({"sub": "JANE"})), Err(AuthorizationFault::Consumer));
    // The Kelvin sign is no K.
    let kelvin = json!({"sub": "\u{212a}"});
    assert_eq!(consumer(config(true), kelvin), Err(AuthorizationFault::Consumer));
}

#[test]
fn groups_of_the_claim_replace_those_of_the_consumer() {
    let config = |optional| json!({"consumer_claims": [["sub"]], "consumer_groups_claim": ["g"], "consumer_groups_optional": optional});
    let groups = |optional, claims| {
        identified(config(optional), claims).map(|identity| identity.consumer_groups(&directory()).to_vec())
    };
    assert_eq!(groups(false, json!({"sub": "john", "g": ["silver plate", "else"]})), Ok(vec![SILVER]));
    assert_eq!(groups(false, json!({"sub": "john", "g": "silver plate"})), Ok(vec![SILVER]));
    assert_eq!(groups(false, json!({"sub": "jane", "g": "else gold"})), Ok(vec![GOLD]));
    assert_eq!(groups(false, json!({"sub": "john", "g": "else"})), Err(AuthorizationFault::ConsumerGroup));
    assert_eq!(groups(false, json!({"sub": "john"})), Err(AuthorizationFault::ConsumerGroup));
    assert_eq!(groups(true, json!({"sub": "john"})), Ok(vec![GOLD]));
    assert_eq!(groups(true, json!({"sub": "jane"})), Ok(Vec::new()));
}

#[test]
fn the_credential_is_the_claim_and_never_immense() {
    let credential = |claims| identified(json!({}), claims).unwrap().credential;
    assert_eq!(credential(json!({"sub": "john"})).as_deref(), Some("john"));
    assert_eq!(credential(json!({})), None);
    assert_eq!(credential(json!({"sub": "x".repeat(1025)})), None);
    let nested = identified(json!({"credential_claim": ["a", "b"]}), json!({"a": {"b": 7}})).unwrap();
    assert_eq!(nested.credential.as_deref(), Some("7"));
}

#[test]
fn a_provider_that_says_nothing_of_groups_has_not_put_the_caller_into_none_of_them() {
    let config = json!({"authenticated_groups_claim": ["groups"]});
    let groups = |claims| identified(config.clone(), claims).unwrap().groups;
    assert_eq!(groups(json!({"groups": ["a", "b c"]})), Some(vec!["a".to_owned(), "b c".to_owned()]));
    assert_eq!(groups(json!({"groups": "a b"})), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(groups(json!({"groups": []})), Some(Vec::new()));
    for claims in [json!({"groups": null}), json!({}), json!({"groups": {"a": 1}})] {
        assert_eq!(groups(claims.clone()), None, "{claims}");
    }
    assert_eq!(identified(json!({}), json!({"groups": "a"})).unwrap().groups, None);
}
