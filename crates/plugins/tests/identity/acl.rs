//! `acl`: whose groups count, and what the upstream is told.

use std::sync::Arc;

use keybound_plugins::contract::Audience;
use serde_json::{Value, json};

use crate::support::{Call, Gate, Provider, URL, everybody, is};

fn gate(config: Value) -> Gate {
    Gate::of([("key-auth", json!({"anonymous": "nobody"})), ("acl", config)])
}

/// Behind a provider that puts the caller into groups, whoever it is.
fn behind(provider: Provider, key_auth: Value, acl: Value) -> Gate {
    let provider = Some((Audience::Anyone, Arc::new(provider) as _));
    Gate::scoped(everybody(), [("key-auth", key_auth), ("acl", acl)], provider)
}

fn john() -> Call {
    Call::get(URL).header("apikey", "johns")
}

fn jane() -> Call {
    Call::get(URL).header("apikey", "janes")
}

const FORBIDDEN: &str = "You cannot consume this service";

#[tokio::test]
async fn one_allowed_group_is_enough() {
    let gate = gate(json!({"allow": ["editors", "other"]}));
    let passed = gate.permit(john()).await;
    assert_eq!(passed.field("x-consumer-groups"), Some("staff, editors"));
    for call in [jane(), Call::get(URL)] {
        is(&gate.refuse(call).await, 403, "acl_forbidden", FORBIDDEN, &[]);
    }
}

#[tokio::test]
async fn one_denied_group_is_too_many() {
    let gate = gate(json!({"deny": ["editors", "other"]}));
    is(&gate.refuse(john()).await, 403, "acl_forbidden", FORBIDDEN, &[]);
    let passed = gate.permit(jane()).await;
    assert_eq!(passed.field("x-consumer-groups"), None);
    let passed = gate.permit(Call::get(URL)).await;
    assert_eq!(passed.field("x-consumer-groups"), Some("public"));
}

#[tokio::test]
async fn a_caller_that_nobody_knows_is_asked_who_it_is() {
    for config in [json!({"allow": ["staff"]}), json!({"deny": ["staff"]})] {
        let gate = Gate::of([("acl", config)]);
        is(&gate.refuse(john()).await, 401, "acl_unknown", "Unauthorized", &[]);
    }
}

#[tokio::test]
async fn groups_of_the_clients_own_saying_do_not_count_and_do_not_pass() {
    let gate = gate(json!({"allow": ["staff"], "hide_groups_header": true}));
    let forged = |call: Call| {
        call.header("x-consumer-groups", "staff")
            .header("x-authenticated-groups", "staff")
            .header("x_consumer_groups", "staff")
    };
    is(&gate.refuse(forged(jane())).await, 403, "acl_forbidden", FORBIDDEN, &[]);
    let passed = gate.permit(forged(john())).await;
    for name in ["x-consumer-groups", "x-authenticated-groups", "x_consumer_groups"] {
        assert_eq!(passed.field(name), None, "{name}");
    }
}

#[tokio::test]
async fn consumer_groups_count_when_they_are_included() {
    is(&gate(json!({"allow": ["gold"]})).refuse(jane()).await, 403, "acl_forbidden", FORBIDDEN, &[]);
    let gate = gate(json!({"allow": ["gold"], "include_consumer_groups": true}));
    assert_eq!(gate.permit(jane()).await.field("x-consumer-groups"), Some("gold"));
    is(&gate.refuse(john()).await, 403, "acl_forbidden", FORBIDDEN, &[]);
}

#[tokio::test]
async fn a_providers_groups_count_where_no_consumer_authenticated() {
    let config = || json!({"allow": ["remote"]});
    let provider = || Provider { groups: vec!["remote", "far"], authenticated: false };
    let gate = behind(provider(), json!({"anonymous": "nobody"}), config());
    let passed = gate.permit(Call::get(URL)).await;
    assert_eq!(passed.field("x-authenticated-groups"), Some("remote, far"));
    assert_eq!(passed.field("x-consumer-groups"), None);
    is(&gate.refuse(john()).await, 403, "acl_forbidden", FORBIDDEN, &[]);
}

#[tokio::test]
async fn a_providers_groups_count_first_when_they_always_do() {
    let provider = || Provider { groups: vec!["remote"], authenticated: false };
    let config = json!({"allow": ["remote"], "always_use_authenticated_groups": true});
    let gate = behind(provider(), json!({}), config);
    let passed = gate.permit(john()).await;
    assert_eq!(passed.field("x-authenticated-groups"), Some("remote"));
    // Without a provider's groups the consumer's count.
    let config = json!({"allow": ["staff"], "always_use_authenticated_groups": true});
    let passed = Gate::of([("key-auth", json!({})), ("acl", config)]).permit(john()).await;
    assert_eq!(passed.field("x-consumer-groups"), Some("staff, editors"));
}

#[tokio::test]
async fn a_providers_user_without_consumer_has_the_providers_groups_only() {
    // The provider knows the caller, so a key is not asked for.
    let provider = || Provider { groups: vec!["remote"], authenticated: true };
    let gate = behind(provider(), json!({"anonymous": "nobody"}), json!({"allow": ["remote"]}));
    assert_eq!(gate.permit(Call::get(URL)).await.field("x-authenticated-groups"), Some("remote"));
    let gate = behind(provider(), json!({"anonymous": "nobody"}), json!({"allow": ["public"]}));
    is(&gate.refuse(Call::get(URL)).await, 403, "acl_forbidden", FORBIDDEN, &[]);
}
