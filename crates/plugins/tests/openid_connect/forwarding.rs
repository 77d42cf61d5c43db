//! What the upstream sees.

use std::sync::Arc;

use keybound_model::entity::Consumer;
use keybound_plugins::contract::{Chain, Decision, Exchange, Flow, Plugin};
use serde_json::json;
use uuid::Uuid;

use crate::support::{Call, Client, Gate, URL, scope};

fn bearer(token: &str) -> Call {
    Call::get(URL).header("authorization", &format!("Bearer {token}"))
}

#[tokio::test]
async fn the_token_goes_where_the_configuration_says() {
    for (field, hide, authorization, other) in [
        (json!("authorization:bearer"), true, Some("Bearer TOKEN"), None),
        (json!("authorization:bearer"), false, Some("Bearer TOKEN"), None),
        (json!("authorization"), true, Some("TOKEN"), None),
        (json!("x-token"), true, None, Some("TOKEN")),
        (json!("x-token:bearer"), true, None, Some("Bearer TOKEN")),
        (json!("x-token"), false, Some("DPoP TOKEN"), Some("TOKEN")),
    ] {
        let config = json!({
            "proof_of_possession_dpop": "strict", "upstream_access_token_header": field, "hide_credentials": hide,
        });
        let (gate, client) = (Gate::with(config).await, Client::new());
        let token = gate.bound(&client);
        let passed = gate.permit(gate.dpop(&client, &token).header("x-token", "forged")).await;
        let shown = |name| passed.field(name).map(|value| value.replace(&token, "TOKEN"));
        assert_eq!(shown("authorization").as_deref(), authorization, "{field} {hide}");
        let expected = if field == json!("authorization:bearer") || field == json!("authorization") {
            Some("forged")
        } else {
            other
        };
        assert_eq!(shown("x-token").as_deref(), expected, "{field} {hide}");
        assert_eq!(passed.head.headers.get_all("x-token").iter().count(), usize::from(expected.is_some()));
    }
}

#[tokio::test]
async fn no_proof_and_no_identity_of_the_clients_reaches_the_upstream() {
    let gate = Gate::with(json!({})).await;
    let mut call =
        bearer(&gate.bearer()).header("dpop", "x").header("my_field", "stays").header("x-other", "stays");
    for name in [
        "d_pop",
        "DPoP_",
        "authorization_",
        "x-consumer-id",
        "x-consumer-username",
        "x-consumer-custom-id",
        "x-credential-identifier",
        "x-anonymous-consumer",
        "x-authenticated-groups",
        "x_consumer_username",
        "x_access_token",
    ] {
        call = call.header(name, "forged");
    }
    let passed = gate.permit(call).await;
    let mut names: Vec<_> = passed.head.headers.keys().map(ToString::to_string).collect();
    names.sort();
    assert_eq!(names, ["authorization", "my_field", "x-credential-identifier", "x-other"]);
    assert_eq!(passed.field("x-credential-identifier"), Some("john"));
}

/// A plugin before `openid-connect` that takes every caller for John.
struct Earlier {
    anonymous: bool,
}

impl Plugin for Earlier {
    fn name(&self) -> &'static str {
        "earlier"
    }

    fn priority(&self) -> i32 {
        2000
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            let identity = &mut exchange.notes.identity;
            let consumer = Consumer {
                id: Uuid::from_u128(7),
                username: Some("john".to_owned()),
                custom_id: None,
                tags: vec![],
            };
            identity.consumer = Some(Arc::new(consumer));
            identity.authenticated = !self.anonymous;
            identity.anonymous = self.anonymous;
            Flow::Continue
        })
    }
}

#[tokio::test]
async fn a_consumer_that_an_earlier_plugin_found_is_told_and_the_anonymous_one_is_not() {
    for anonymous in [false, true] {
        let mut gate = Gate::with(json!({})).await;
        let mut plugins = gate.chain.plugins();
        plugins.push(Arc::new(Earlier { anonymous }));
        gate.chain = Chain::new(plugins, scope());
        let passed = gate.permit(bearer(&gate.bearer()).header("x-consumer-username", "forged")).await;
        assert_eq!(passed.field("x-consumer-username"), Some("john").filter(|_| !anonymous));
        assert_eq!(passed.field("x-anonymous-consumer"), None);
        assert!(passed.notes.identity.authenticated);
        assert_eq!(passed.notes.identity.consumer.is_some(), !anonymous);
    }
}

#[tokio::test]
async fn a_token_beside_the_one_that_counted_never_reaches_the_upstream() {
    let config = json!({
        "bearer_token_header_name": "x-token", "upstream_access_token_header": "x-checked", "hide_credentials": false,
    });
    let gate = Gate::with(config).await;
    let call = Call::get(URL)
        .header("x-token", &gate.bearer())
        .header("authorization", "Bearer stolen")
        .header("access-token", "stolen")
        .header("x-access-token", "stolen");
    let passed = gate.permit(call).await;
    for name in ["authorization", "access-token", "x-access-token"] {
        assert_eq!(passed.field(name), None, "{name}");
    }
    let basic = Call::get(URL).header("x-token", &gate.bearer()).header("authorization", "Basic YTpi");
    assert_eq!(gate.permit(basic).await.field("authorization"), Some("Basic YTpi"));
}
