//! The plugins beside `openid-connect`, each in a folder of its own.

use std::sync::Arc;

use keybound_model::{Errors, PluginDescription, Record};

use crate::acl::AclKind;
use crate::basic_auth::BasicAuth;
use crate::contract::{Instance, Plugin};
use crate::environment::Environment;
use crate::hmac_auth::HmacAuth;
use crate::identity;
use crate::jwt::Jwt;
use crate::key_auth::KeyAuth;

/// A plugin: what the configuration side must know of it, and how an instance is made.
pub(crate) trait Kind: Send + Sync {
    /// Name, priority, schema.
    fn description(&self) -> &PluginDescription;

    /// What a schema cannot express.
    ///
    /// # Errors
    /// What is wrong, in Kong's texts; fields are relative to `config`.
    fn check(&self, _config: &Record) -> Result<(), Errors> {
        Ok(())
    }

    /// The plugin of an instance whose configuration is complete. It does no I/O.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    fn build(&self, instance: &Instance<'_>, environment: &Environment) -> Result<Arc<dyn Plugin>, String>;
}

/// Every plugin beside `openid-connect`.
pub(crate) fn kinds() -> Vec<Box<dyn Kind>> {
    vec![
        identity::kind::<KeyAuth>(),
        identity::kind::<BasicAuth>(),
        identity::kind::<HmacAuth>(),
        identity::kind::<Jwt>(),
        Box::new(AclKind::new()),
        crate::cors::kind(),
        crate::correlation_id::kind(),
        crate::http_log::kind(),
        crate::ip_restriction::kind(),
        crate::mtls_auth::kind(),
        crate::opentelemetry::kind(),
        crate::prometheus::kind(),
        crate::rate_limiting::kind(),
        crate::request_termination::kind(),
        crate::request_transformer::kind(),
        crate::response_transformer::kind(),
        crate::tls_handshake_modifier::kind(),
    ]
}
