//! The plugin `tls-handshake-modifier`: the handshake asks clients for a certificate.
//!
//! It only asks. A client that shows none is served all the same, and a certificate is not looked at: a plugin that needs
//! one (`openid-connect` with `proof_of_possession_mtls`) finds it with the connection.

use std::sync::Arc;

use keybound_model::schema::{Schema, string};
use keybound_model::{PluginDescription, Record};
use uuid::Uuid;

use crate::contract::{Decision, Exchange, Flow, Plugin};
use crate::environment::Environment;
use crate::kind::Kind;
use crate::typed::{KONG, Simple};

const NAME: &str = "tls-handshake-modifier";
const PRIORITY: i32 = 997;
/// What a handshake is part of.
const PROTOCOLS: [&str; 3] = ["grpcs", "https", "tls"];

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(description(), build)
}

fn description() -> PluginDescription {
    let config = Schema::new([(
        "tls_client_certificate",
        string()
            .one_of(["REQUEST"])
            .default("REQUEST")
            .doc("What the handshake does: it asks for a certificate and takes any, or none."),
    )]);
    let mut description = PluginDescription::new(NAME, KONG, PRIORITY, config).without_consumer();
    description.protocols = PROTOCOLS.to_vec();
    description.allowed = PROTOCOLS.to_vec();
    description
}

fn build(_id: Uuid, config: &Record, _environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let asks = config.get("tls_client_certificate").and_then(serde_json::Value::as_str) == Some("REQUEST");
    Ok(Arc::new(TlsHandshakeModifier { asks }))
}

struct TlsHandshakeModifier {
    asks: bool,
}

impl Plugin for TlsHandshakeModifier {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, _exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(std::future::ready(Flow::Continue))
    }

    fn asks_for_certificate(&self) -> bool {
        self.asks
    }
}
