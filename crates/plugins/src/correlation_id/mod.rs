//! `correlation-id`: gives each request an id that upstream, client and logs can share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue};
use keybound_model::schema::{Schema, boolean, string};
use keybound_model::{PluginDescription, Record};
use keybound_pop::time::Clock;
use serde::Deserialize;
use uuid::Uuid;

use crate::contract::{Decision, Exchange, Flow, Head, Plugin};
use crate::environment::{Environment, Random};
use crate::kind::Kind;
use crate::typed::{KONG, Simple, read, settable};

const NAME: &str = "correlation-id";
const PRIORITY: i32 = 100_001;

pub(crate) fn kind() -> Box<dyn Kind> {
    let config = Schema::new([
        ("header_name", string().default("Kong-Request-ID").doc("The field that carries the id.")),
        (
            "generator",
            string()
                .required()
                .default("uuid#counter")
                .one_of(["uuid", "uuid#counter", "tracker"])
                .doc("How ids are made."),
        ),
        (
            "echo_downstream",
            boolean().required().default(false).doc("Whether the client is told the id too."),
        ),
    ]);
    Simple::boxed(PluginDescription::new(NAME, KONG, PRIORITY, config), build)
}

#[derive(Deserialize)]
struct Config {
    header_name: String,
    generator: Generator,
    echo_downstream: bool,
}

#[derive(Deserialize)]
enum Generator {
    #[serde(rename = "uuid")]
    Uuid,
    #[serde(rename = "uuid#counter")]
    Counter,
    #[serde(rename = "tracker")]
    Tracker,
}

struct CorrelationId {
    name: HeaderName,
    generator: Generator,
    echo: bool,
    /// What ids of `uuid#counter` begin with, as long as the instance lives.
    own: Uuid,
    counter: AtomicU64,
    random: Arc<dyn Random>,
    clock: Arc<dyn Clock>,
}

fn build(_id: Uuid, config: &Record, environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    Ok(Arc::new(CorrelationId {
        name: settable("header_name", &config.header_name)?,
        generator: config.generator,
        echo: config.echo_downstream,
        own: uuid(&*environment.random),
        counter: AtomicU64::new(0),
        random: Arc::clone(&environment.random),
        clock: Arc::clone(&environment.clock),
    }))
}

fn uuid(random: &dyn Random) -> Uuid {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

impl CorrelationId {
    fn generate(&self, head: &Head) -> String {
        let next = || self.counter.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        match self.generator {
            Generator::Uuid => uuid(&*self.random).to_string(),
            Generator::Counter => format!("{}#{}", self.own, next()),
            Generator::Tracker => {
                let (local, peer, now) = (head.connection.local, head.connection.peer, self.clock.now());
                let (process, millis) = (std::process::id(), now.subsec_nanos() / 1_000_000);
                format!(
                    "{}-{}-{process}-{}-{}-{}.{millis:03}",
                    local.ip(),
                    local.port(),
                    peer.port(),
                    next(),
                    now.secs()
                )
            }
        }
    }
}

impl Plugin for CorrelationId {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        let head = exchange.head;
        let value = match head.headers.get(&self.name).filter(|value| !value.is_empty()) {
            Some(value) => Some(value.clone()),
            None => HeaderValue::try_from(self.generate(head)).ok(),
        };
        if let Some(value) = value {
            if self.echo {
                exchange.notes.response_headers.push((self.name.clone(), value.clone()));
            }
            head.headers.insert(self.name.clone(), value);
        }
        Box::pin(std::future::ready(Flow::Continue))
    }
}
