use super::view::View;
use super::{
    AclGroup, BasicAuthCredential, CaCertificate, Certificate, Consumer, ConsumerGroup, ConsumerGroupMember,
    HmacAuthCredential, JwtSecret, KeyAuthCredential, MtlsAuthCredential, OicJwks, PluginInstance, Route,
    Service, Sni, Target, Upstream, Vault, ViewFault,
};
use crate::Record;

/// The configuration, field by field, each with the plural name of its entity.
macro_rules! configuration {
    ($($(#[$doc:meta])* $name:ident: $view:ident,)+) => {
        /// Everything that the data plane compiles.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Configuration {
            $($(#[$doc])* pub $name: Vec<$view>,)+
        }

        impl Configuration {
            /// Adds a validated record of the entity of this plural name; a kind that the data plane does not use is
            /// left out.
            ///
            /// # Errors
            /// A record that is not what its entity demands.
            pub fn add(&mut self, entity: &str, record: &Record) -> Result<(), ViewFault> {
                match entity {
                    $(stringify!($name) => self.$name.push($view::of(record)?),)+
                    _ => {}
                }
                Ok(())
            }
        }
    };
}

configuration! {
    /// The services.
    services: Service,
    /// The routes.
    routes: Route,
    /// The plugins.
    plugins: PluginInstance,
    /// The consumers.
    consumers: Consumer,
    /// The groups of consumers.
    consumer_groups: ConsumerGroup,
    /// Who is in which of them.
    consumer_group_consumers: ConsumerGroupMember,
    /// Credentials of `key-auth`.
    keyauth_credentials: KeyAuthCredential,
    /// Credentials of `basic-auth`.
    basicauth_credentials: BasicAuthCredential,
    /// The groups of `acl`.
    acls: AclGroup,
    /// Credentials of `jwt`.
    jwt_secrets: JwtSecret,
    /// Credentials of `hmac-auth`.
    hmacauth_credentials: HmacAuthCredential,
    /// Credentials of `mtls-auth`.
    mtls_auth_credentials: MtlsAuthCredential,
    /// The upstreams.
    upstreams: Upstream,
    /// Their targets.
    targets: Target,
    /// The certificates.
    certificates: Certificate,
    /// The names for which they are shown.
    snis: Sni,
    /// The authorities.
    ca_certificates: CaCertificate,
    /// The vaults.
    vaults: Vault,
    /// The gateway's own keys.
    oic_jwks: OicJwks,
}

impl Configuration {
    /// The configuration of these records, each with the plural name of its entity.
    ///
    /// # Errors
    /// A record that is not what its entity demands.
    pub fn from_records<'a>(
        records: impl IntoIterator<Item = (&'a str, &'a Record)>,
    ) -> Result<Self, ViewFault> {
        let mut configuration = Self::default();
        for (entity, record) in records {
            configuration.add(entity, record)?;
        }
        Ok(configuration)
    }
}
