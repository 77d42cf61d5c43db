use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybound_admin::{
    AddressHealth, Balancers, Health, Issuer, Level, LogLevel, OpenIdConnect, TargetHealth, UpstreamHealth,
};
use keybound_store::BoxFuture;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::lab::{Lab, id};

/// Balancers that know one target, and remember what they are told.
#[derive(Default)]
struct Checked {
    marks: Mutex<Vec<(String, Option<String>, bool)>>,
}

impl Balancers for Checked {
    fn health(&self, _upstream: Uuid) -> Option<UpstreamHealth> {
        let address = |ip: &str, health| AddressHealth { ip: ip.to_owned(), port: 80, health, weight: 50 };
        let addresses = vec![address("10.0.0.1", Health::Healthy), address("10.0.0.2", Health::Unhealthy)];
        let target = TargetHealth { health: Health::Healthy, addresses };
        Some(UpstreamHealth { health: Health::Healthy, targets: [("a.test:80".to_owned(), target)].into() })
    }

    fn mark(
        &self,
        _upstream: Uuid,
        target: &str,
        address: Option<&str>,
        healthy: bool,
    ) -> Result<(), String> {
        if address == Some("10.9.9.9:80") {
            return Err("no peer found by this address".to_owned());
        }
        self.marks.lock().unwrap().push((target.to_owned(), address.map(str::to_owned), healthy));
        Ok(())
    }
}

#[tokio::test]
async fn targets_are_shown_with_what_the_balancers_know() {
    let checked = Arc::new(Checked::default());
    let lab = Lab::with(|state| state.balancers = Arc::<Checked>::clone(&checked)).await;
    lab.post("/upstreams", json!({"id": id(1), "name": "up.test"})).await;
    lab.post("/upstreams/up.test/targets", json!({"id": id(2), "target": "a.test:80"})).await;
    lab.post("/upstreams/up.test/targets", json!({"id": id(3), "target": "b.test:80"})).await;
    let reply = lab.get("/upstreams/up.test/health").await;
    let of = |target: &str| {
        let data = reply.body["data"].as_array().unwrap().iter();
        data.clone().find(|entry| entry["target"] == target).unwrap().clone()
    };
    let known = of("a.test:80");
    assert_eq!((&known["health"], &known["id"]), (&json!("HEALTHY"), &json!(id(2))));
    let second = json!({"ip": "10.0.0.2", "port": 80, "health": "UNHEALTHY", "weight": 50});
    assert_eq!(known["data"]["addresses"][1], second);
    let weight = json!({"total": 100, "available": 50, "unavailable": 50});
    assert_eq!(known["data"]["weight"], weight);
    let unknown = of("b.test:80");
    assert_eq!(unknown["health"], json!("HEALTHCHECKS_OFF"));
    assert_eq!(unknown["data"]["weight"], json!({"total": 0, "available": 0, "unavailable": 0}));
    let reply = lab.get("/upstreams/up.test/health?balancer_health=1").await;
    let data = json!({"id": id(1), "health": "HEALTHY", "details": {"weight": weight}});
    assert_eq!(reply.body["data"], data);
}

#[tokio::test]
async fn a_mark_reaches_the_balancers() {
    let checked = Arc::new(Checked::default());
    let lab = Lab::with(|state| state.balancers = Arc::<Checked>::clone(&checked)).await;
    lab.post("/upstreams", json!({"name": "up.test"})).await;
    lab.post("/upstreams/up.test/targets", json!({"target": "a.test:80"})).await;
    let path = "/upstreams/up.test/targets/a.test:80";
    for tail in ["healthy", "unhealthy", "10.0.0.1:80/healthy"] {
        assert_eq!(lab.ask("PUT", &format!("{path}/{tail}"), &[], b"").await.status, 204, "{tail}");
    }
    let refused = lab.ask("PUT", &format!("{path}/10.9.9.9:80/healthy"), &[], b"").await;
    refused.is(400, json!({"message": "no peer found by this address"}));
    let target = || "a.test:80".to_owned();
    let expected =
        [(target(), None, true), (target(), None, false), (target(), Some("10.0.0.1:80".to_owned()), true)];
    assert_eq!(*checked.marks.lock().unwrap(), expected);
}

/// One provider, and keys that can be changed.
struct Known(Mutex<(Vec<Issuer>, u32)>);

impl Known {
    fn new() -> Self {
        let issuer = Issuer {
            id: Uuid::from_u128(7),
            issuer: "https://idp.test/realms/a".to_owned(),
            created_at: 5,
            configuration: json!({"issuer": "https://idp.test/realms/a"}),
            keys: vec![json!({"kid": "k"})],
        };
        Self(Mutex::new((vec![issuer], 1)))
    }
}

impl OpenIdConnect for Known {
    fn issuers(&self) -> Vec<Issuer> {
        self.0.lock().unwrap().0.clone()
    }

    fn forget(&self, issuer: Option<&str>) {
        self.0.lock().unwrap().0.retain(|known| issuer.is_some_and(|issuer| known.issuer != issuer));
    }

    fn keys(&self) -> Vec<Value> {
        vec![json!({"kid": self.0.lock().unwrap().1.to_string()})]
    }

    fn rotate(&self) -> BoxFuture<'_, Result<(), String>> {
        self.0.lock().unwrap().1 += 1;
        Box::pin(std::future::ready(Ok(())))
    }
}

#[tokio::test]
async fn issuers_are_shown_and_forgotten() {
    let lab = Lab::with(|state| state.openid_connect = Arc::new(Known::new())).await;
    let shown = json!({
        "id": "00000000-0000-0000-0000-000000000007", "issuer": "https://idp.test/realms/a", "created_at": 5,
        "configuration": {"issuer": "https://idp.test/realms/a"}, "keys": [{"kid": "k"}],
    });
    lab.get("/openid-connect/issuers").await.is(200, json!({"data": [shown], "next": null}));
    for key in ["https%3A%2F%2Fidp.test%2Frealms%2Fa", "00000000-0000-0000-0000-000000000007"] {
        lab.get(&format!("/openid-connect/issuers/{key}")).await.is(200, shown.clone());
    }
    assert_eq!(lab.delete("/openid-connect/issuers/https%3A%2F%2Fidp.test%2Frealms%2Fa").await.status, 204);
    lab.get("/openid-connect/issuers").await.is(200, json!({"data": [], "next": null}));
}

#[tokio::test]
async fn without_keys_there_is_no_set() {
    let lab = Lab::new().await;
    lab.get("/openid-connect/jwks").await.is(404, json!({"message": "Not found"}));
}

#[tokio::test]
async fn keys_are_shown_and_changed() {
    let lab = Lab::with(|state| state.openid_connect = Arc::new(Known::new())).await;
    lab.get("/openid-connect/jwks").await.is(200, json!({"keys": [{"kid": "1"}]}));
    assert_eq!(lab.delete("/openid-connect/jwks").await.status, 204);
    let reply = lab.get("/openid-connect/jwks").await;
    assert_eq!(reply.field("content-type"), Some("application/jwk-set+json"));
    reply.is(200, json!({"keys": [{"kid": "2"}]}));
}

/// A log that remembers for how long its level was set.
struct Log(Mutex<(Level, Option<Duration>)>);

impl LogLevel for Log {
    fn get(&self) -> Level {
        self.0.lock().unwrap().0
    }

    fn set(&self, level: Level, time: Duration) -> Result<(), String> {
        *self.0.lock().unwrap() = (level, Some(time));
        Ok(())
    }
}

#[tokio::test]
async fn the_level_of_the_log_is_set_for_a_while() {
    let log = Arc::new(Log(Mutex::new((Level::Notice, None))));
    let lab = Lab::with(|state| state.log_level = Some(Arc::<Log>::clone(&log))).await;
    for (path, level, seconds) in [
        ("/debug/node/log-level/debug", Level::Debug, 60),
        ("/debug/node/log-level/warn?timeout=5", Level::Warn, 5),
        ("/debug/node/log-level/info?timeout=0", Level::Info, 0),
    ] {
        let reply = lab.ask("PUT", path, &[], b"").await;
        reply.is(200, json!({"message": "log level changed"}));
        assert_eq!(*log.0.lock().unwrap(), (level, Some(Duration::from_secs(seconds))), "{path}");
    }
    let reply = lab.json("PUT", "/debug/node/log-level/crit", json!({"timeout": 7})).await;
    assert_eq!(reply.status, 200);
    assert_eq!(*log.0.lock().unwrap(), (Level::Crit, Some(Duration::from_secs(7))));
    let lab = Lab::new().await;
    lab.get("/debug/node/log-level").await.is(404, json!({"message": "Not found"}));
}
