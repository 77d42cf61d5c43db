//! A gate whose configuration has consumers, and plugins behind `openid-connect`.

use std::ops::Deref;
use std::sync::Arc;

use keybound_model::Configuration;
use keybound_model::PluginCatalog;
use keybound_model::entity::{AclGroup, Consumer, ConsumerGroup, ConsumerGroupMember, KeyAuthCredential};
use keybound_plugins::contract::{
    Audience, Chain, Decision, Directory, Exchange, Flow, Instance, Material, Plugin, PluginFactory, Slot,
};
use serde_json::Value;
use uuid::Uuid;

use super::{Gate, scope};

/// Consumers of every test.
pub(crate) const JOHN: Uuid = Uuid::from_u128(0x51);
pub(crate) const NOBODY: Uuid = Uuid::from_u128(0x52);
/// A group that nobody is in by configuration.
const GOLD: Uuid = Uuid::from_u128(0x61);

/// A gate with consumers: John, in the groups `staff` of `acl` and `silver`, with the key `johns`; and nobody.
pub(crate) struct Company(Gate);

impl Deref for Company {
    type Target = Gate;

    fn deref(&self) -> &Gate {
        &self.0
    }
}

fn configuration() -> Configuration {
    let consumer = |id, username: &str, custom_id: Option<&str>| Consumer {
        id,
        username: Some(username.to_owned()),
        custom_id: custom_id.map(str::to_owned),
        tags: Vec::new(),
    };
    let silver = Uuid::from_u128(0x62);
    Configuration {
        consumers: vec![consumer(JOHN, "john", Some("c-1")), consumer(NOBODY, "nobody", None)],
        consumer_groups: vec![
            ConsumerGroup { id: GOLD, name: "gold".to_owned() },
            ConsumerGroup { id: silver, name: "silver".to_owned() },
        ],
        consumer_group_consumers: vec![ConsumerGroupMember { consumer: JOHN, consumer_group: silver }],
        acls: vec![AclGroup { consumer: JOHN, group: "staff".to_owned() }],
        keyauth_credentials: vec![KeyAuthCredential {
            id: Uuid::from_u128(0x71),
            consumer: JOHN,
            key: "johns".to_owned(),
            expires_at: None,
        }],
        ..Configuration::default()
    }
}

impl Company {
    /// `openid-connect` alone.
    pub(crate) async fn with(config: Value) -> Self {
        Self::beside(config, []).await
    }

    /// `openid-connect` with these fields, other plugins, and markers for some: `x-marker` names those that saw the request.
    pub(crate) async fn beside<const N: usize>(config: Value, others: [(&str, Value); N]) -> Self {
        let mut gate = Gate::with(config).await;
        let mut slots: Vec<Slot> = gate
            .chain
            .plugins()
            .into_iter()
            .map(|plugin| Slot::new(vec![(Audience::Anyone, plugin)]).unwrap())
            .collect();
        for (n, (name, config)) in others.into_iter().enumerate() {
            let id = Uuid::from_u128(0x100 + n as u128);
            let schema = &gate.registry.plugin(name).unwrap().config;
            let config = schema.process(config.as_object().unwrap().clone()).unwrap();
            let plugin = gate
                .registry
                .build(&Instance { id, name, config: &config, material: &Material::default() })
                .unwrap();
            slots.push(Slot::new(vec![(Audience::Anyone, plugin)]).unwrap());
        }
        for (mark, audience) in [
            ("john", Audience::Consumer(JOHN)),
            ("nobody", Audience::Consumer(NOBODY)),
            ("gold", Audience::Group(GOLD)),
        ] {
            slots.push(Slot::new(vec![(audience, Arc::new(Marker(mark)) as _)]).unwrap());
        }
        gate.chain = Chain::of(slots, scope(), Arc::new(Directory::of(&configuration())));
        Self(gate)
    }
}

/// A plugin that marks the requests that it sees.
struct Marker(&'static str);

impl Plugin for Marker {
    fn name(&self) -> &'static str {
        self.0
    }

    fn priority(&self) -> i32 {
        1
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            exchange.head.headers.append("x-marker", self.0.parse().unwrap());
            Flow::Continue
        })
    }
}
