//! The entities: one descriptor each, their validation for insert, upsert and update, and typed views.
//!
//! A new entity is one more [`Descriptor`] in [`all`]; the store, the Admin API, the declarative loader and `/schemas/*`
//! find everything that they need in it.

mod acls;
mod basicauth_credentials;
mod ca_certificates;
mod certificates;
mod configuration;
mod consumer_group_consumers;
mod consumer_groups;
mod consumers;
mod descriptor;
mod fields;
mod hmacauth_credentials;
mod jwt_secrets;
mod key_sets;
mod keyauth_credentials;
mod keys;
mod lifetime;
mod mtls_auth_credentials;
mod oic_jwks;
mod plugins;
mod references;
mod routes;
mod routes_expressions;
mod routes_protocols;
mod services;
mod snis;
mod targets;
mod upstreams;
mod upstreams_healthchecks;
mod validate;
mod vaults;
mod view;

use std::sync::LazyLock;

use crate::schema::OnDelete;

pub use acls::ACLS;
pub use basicauth_credentials::BASICAUTH_CREDENTIALS;
pub use ca_certificates::CA_CERTIFICATES;
pub use certificates::{CERTIFICATES, take_snis};
pub use configuration::Configuration;
pub use consumer_group_consumers::CONSUMER_GROUP_CONSUMERS;
pub use consumer_groups::CONSUMER_GROUPS;
pub use consumers::CONSUMERS;
pub use descriptor::{ArrayReference, Descriptor, FinishFn, TransformFn};
pub(crate) use fields::PROTOCOLS;
pub use hmacauth_credentials::HMACAUTH_CREDENTIALS;
pub use jwt_secrets::JWT_SECRETS;
pub use key_sets::KEY_SETS;
pub use keyauth_credentials::KEYAUTH_CREDENTIALS;
pub use keys::KEYS;
pub use mtls_auth_credentials::MTLS_AUTH_CREDENTIALS;
pub use oic_jwks::{OIC_JWKS, OIC_JWKS_ID, jwk};
pub use plugins::{PLUGINS, plugin_schema_json, protocols_fit};
pub use routes::ROUTES;
pub use routes_expressions::ROUTES_EXPRESSIONS;
pub use services::SERVICES;
pub use snis::SNIS;
pub use targets::{TARGETS, with_port};
pub use upstreams::UPSTREAMS;
pub use validate::{Fresh, Seed};
pub use vaults::VAULTS;
pub use view::{
    AclGroup, ActiveChecks, ActiveHealthy, ActiveUnhealthy, Algorithm, BasicAuthCredential, CaCertificate,
    Certificate, CheckKind, Consumer, ConsumerGroup, ConsumerGroupMember, HashOn, Healthchecks,
    HmacAuthCredential, JwtSecret, KeyAuthCredential, MtlsAuthCredential, OicJwks, PassiveChecks,
    PassiveHealthy, PassiveUnhealthy, PathHandling, PluginInstance, Protocol, Route, Service, Sni, Target,
    Upstream, Vault, ViewFault,
};

/// Kinds of Kong's entities that Keybound does not have. A declarative file that has any is refused by name.
pub const NOT_YET_SUPPORTED: [&str; 3] = ["filter_chains", "oauth2_credentials", "partials"];

/// In which form routes say what they match; one for the whole process, Kong's `router_flavor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RouterFlavor {
    /// By `methods`, `hosts`, `paths` and so on (`traditional`, `traditional_compatible`).
    #[default]
    Traditional,
    /// By an `expression` with a `priority` (`expressions`).
    Expressions,
}

/// A reference that points to an entity from another kind.
#[derive(Debug, Clone, Copy)]
pub struct Referrer {
    /// The kind that refers.
    pub entity: &'static Descriptor,
    /// The field that holds the reference.
    pub field: &'static str,
    /// What the deletion of the parent does to it.
    pub on_delete: OnDelete,
}

/// Every entity, parents before children, with routes of the flavour `traditional`.
#[must_use]
pub fn all() -> [&'static Descriptor; 21] {
    all_for(RouterFlavor::Traditional)
}

/// Every entity, parents before children, with routes of this flavour.
#[must_use]
pub fn all_for(flavor: RouterFlavor) -> [&'static Descriptor; 21] {
    let routes = match flavor {
        RouterFlavor::Traditional => &ROUTES,
        RouterFlavor::Expressions => &ROUTES_EXPRESSIONS,
    };
    [
        &VAULTS,
        &CERTIFICATES,
        &CA_CERTIFICATES,
        &SNIS,
        &KEY_SETS,
        &KEYS,
        &CONSUMERS,
        &CONSUMER_GROUPS,
        &CONSUMER_GROUP_CONSUMERS,
        &KEYAUTH_CREDENTIALS,
        &BASICAUTH_CREDENTIALS,
        &ACLS,
        &JWT_SECRETS,
        &HMACAUTH_CREDENTIALS,
        &MTLS_AUTH_CREDENTIALS,
        &UPSTREAMS,
        &TARGETS,
        &SERVICES,
        routes,
        &PLUGINS,
        &OIC_JWKS,
    ]
    .map(LazyLock::force)
}

/// The entity of this plural name, routes in the flavour `traditional`.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Descriptor> {
    by_name_for(RouterFlavor::Traditional, name)
}

/// The entity of this plural name, routes in this flavour.
#[must_use]
pub fn by_name_for(flavor: RouterFlavor, name: &str) -> Option<&'static Descriptor> {
    all_for(flavor).into_iter().find(|descriptor| descriptor.name == name)
}
