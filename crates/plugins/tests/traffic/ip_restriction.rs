use keybound_plugins::contract::Form;
use serde_json::json;

use crate::support::{Call, World, refused};

#[tokio::test]
async fn denied_addresses_are_refused_and_allow_lists_are_exclusive() {
    let world = World::new();
    let (deny, allow) =
        (json!({"deny": ["10.0.0.0/8", "::1"]}), json!({"allow": ["10.0.0.0/8"], "deny": ["10.0.0.7"]}));
    for (config, client, passes) in [
        (&deny, "10.1.2.3", false),
        (&deny, "::1", false),
        (&deny, "::ffff:10.1.2.3", false),
        (&deny, "192.0.2.1", true),
        (&allow, "10.1.2.3", true),
        (&allow, "10.0.0.7", false),
        (&allow, "192.0.2.1", false),
    ] {
        let outcome =
            Call::get("/").from(client).through(&world.chain("ip-restriction", config.clone())).await;
        if passes {
            outcome.passed();
            continue;
        }
        let ended = outcome.ended();
        assert_eq!(
            (ended.status.as_u16(), ended.fault),
            (403, Some(("address_not_allowed", Form::Gateway))),
            "{client}"
        );
        assert_eq!(ended.body, format!("IP address not allowed: {}", client.trim_start_matches("::ffff:")));
    }
}

#[tokio::test]
async fn ipv4_addresses_written_as_ipv6_ones_are_ipv4_addresses() {
    let world = World::new();
    for (entry, inside, outside) in [
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("::ffff:c000:201", "192.0.2.1", "192.0.2.2"),
        ("::ffff:10.0.0.0/104", "10.255.0.1", "11.0.0.1"),
        ("::ffff:10.1.0.0/112", "::ffff:10.1.2.3", "10.2.0.1"),
        ("::ffff:0:0/96", "203.0.113.9", "2001:db8::1"),
        ("2001:db8::/97", "2001:db8::1", "192.0.2.1"),
    ] {
        let deny = world.chain("ip-restriction", json!({"deny": [entry]}));
        let allow = world.chain("ip-restriction", json!({"allow": [entry]}));
        assert_eq!(Call::get("/").from(inside).through(&deny).await.ended().status.as_u16(), 403, "{entry}");
        assert_eq!(
            Call::get("/").from(outside).through(&allow).await.ended().status.as_u16(),
            403,
            "{entry}"
        );
        Call::get("/").from(outside).through(&deny).await.passed();
        Call::get("/").from(inside).through(&allow).await.passed();
    }
}

#[tokio::test]
async fn status_and_message_are_as_configured() {
    let chain = World::new()
        .chain("ip-restriction", json!({"deny": ["127.0.0.1"], "status": 404, "message": "Gone"}));
    let ended = Call::get("/").through(&chain).await.ended();
    assert_eq!((ended.status.as_u16(), ended.body.as_str()), (404, "Gone"));
}

#[tokio::test]
async fn a_configuration_without_addresses_is_refused() {
    let fault = refused("ip-restriction", json!({}));
    assert!(
        fault.contains("at least one of these fields must be non-empty: 'config.allow', 'config.deny'"),
        "{fault}"
    );
}
