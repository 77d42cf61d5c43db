use std::collections::HashMap;
use std::sync::Arc;

use keybound_model::Configuration;
use keybound_model::entity::{
    BasicAuthCredential, Consumer, HmacAuthCredential, JwtSecret, KeyAuthCredential, MtlsAuthCredential,
};
use uuid::Uuid;

/// Everybody who may call, and what they identify themselves with: one look-up each. It never changes; a new
/// configuration brings a new one.
#[derive(Debug, Default)]
pub struct Directory {
    consumers: HashMap<Uuid, Arc<Consumer>>,
    by_username: HashMap<String, Arc<Consumer>>,
    by_custom_id: HashMap<String, Arc<Consumer>>,
    groups: HashMap<Uuid, Vec<Uuid>>,
    group_names: HashMap<Uuid, String>,
    acl_groups: HashMap<Uuid, Vec<String>>,
    key_auth: HashMap<String, KeyAuthCredential>,
    basic_auth: HashMap<String, BasicAuthCredential>,
    jwt: HashMap<String, JwtSecret>,
    hmac_auth: HashMap<String, HmacAuthCredential>,
    mtls_auth: HashMap<String, Vec<MtlsAuthCredential>>,
}

impl Directory {
    /// The directory of a configuration.
    #[must_use]
    pub fn of(configuration: &Configuration) -> Self {
        let consumers: Vec<Arc<Consumer>> = configuration.consumers.iter().cloned().map(Arc::new).collect();
        let by = |name: fn(&Consumer) -> Option<&String>| {
            consumers
                .iter()
                .filter_map(|consumer| Some((name(consumer)?.clone(), Arc::clone(consumer))))
                .collect::<HashMap<_, _>>()
        };
        let mut groups: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for member in &configuration.consumer_group_consumers {
            groups.entry(member.consumer).or_default().push(member.consumer_group);
        }
        let mut acl_groups: HashMap<Uuid, Vec<String>> = HashMap::new();
        for acl in &configuration.acls {
            acl_groups.entry(acl.consumer).or_default().push(acl.group.clone());
        }
        let mut mtls_auth: HashMap<String, Vec<MtlsAuthCredential>> = HashMap::new();
        for credential in &configuration.mtls_auth_credentials {
            mtls_auth.entry(credential.subject_name.clone()).or_default().push(credential.clone());
        }
        Self {
            by_username: by(|consumer| consumer.username.as_ref()),
            by_custom_id: by(|consumer| consumer.custom_id.as_ref()),
            groups,
            group_names: configuration.consumer_groups.iter().map(|g| (g.id, g.name.clone())).collect(),
            acl_groups,
            key_auth: keyed(&configuration.keyauth_credentials, |c| &c.key),
            basic_auth: keyed(&configuration.basicauth_credentials, |c| &c.username),
            jwt: keyed(&configuration.jwt_secrets, |c| &c.key),
            hmac_auth: keyed(&configuration.hmacauth_credentials, |c| &c.username),
            mtls_auth,
            consumers: consumers.into_iter().map(|consumer| (consumer.id, consumer)).collect(),
        }
    }

    /// The consumer of this id.
    #[must_use]
    pub fn consumer(&self, id: Uuid) -> Option<&Arc<Consumer>> {
        self.consumers.get(&id)
    }

    /// The consumer of this name.
    #[must_use]
    pub fn by_username(&self, username: &str) -> Option<&Arc<Consumer>> {
        self.by_username.get(username)
    }

    /// The consumer that another system knows by this id.
    #[must_use]
    pub fn by_custom_id(&self, custom_id: &str) -> Option<&Arc<Consumer>> {
        self.by_custom_id.get(custom_id)
    }

    /// The consumer that a configuration names by id or by name, as `anonymous` does.
    #[must_use]
    pub fn named(&self, text: &str) -> Option<&Arc<Consumer>> {
        text.parse().ok().and_then(|id| self.consumer(id)).or_else(|| self.by_username(text))
    }

    /// The groups of a consumer, by id.
    #[must_use]
    pub fn groups_of(&self, consumer: Uuid) -> &[Uuid] {
        self.groups.get(&consumer).map_or(&[], Vec::as_slice)
    }

    /// The name of a group.
    #[must_use]
    pub fn group_name(&self, group: Uuid) -> Option<&str> {
        self.group_names.get(&group).map(String::as_str)
    }

    /// The groups of `acl` that a consumer is in.
    #[must_use]
    pub fn acl_groups_of(&self, consumer: Uuid) -> &[String] {
        self.acl_groups.get(&consumer).map_or(&[], Vec::as_slice)
    }

    /// The credential of `key-auth` with this key.
    #[must_use]
    pub fn key_auth(&self, key: &str) -> Option<&KeyAuthCredential> {
        self.key_auth.get(key)
    }

    /// The credential of `basic-auth` with this name.
    #[must_use]
    pub fn basic_auth(&self, username: &str) -> Option<&BasicAuthCredential> {
        self.basic_auth.get(username)
    }

    /// The credential of `jwt` with this key.
    #[must_use]
    pub fn jwt(&self, key: &str) -> Option<&JwtSecret> {
        self.jwt.get(key)
    }

    /// The credential of `hmac-auth` with this name.
    #[must_use]
    pub fn hmac_auth(&self, username: &str) -> Option<&HmacAuthCredential> {
        self.hmac_auth.get(username)
    }

    /// The credentials of `mtls-auth` with this subject.
    #[must_use]
    pub fn mtls_auth(&self, subject_name: &str) -> &[MtlsAuthCredential] {
        self.mtls_auth.get(subject_name).map_or(&[], Vec::as_slice)
    }
}

fn keyed<T: Clone>(credentials: &[T], key: fn(&T) -> &String) -> HashMap<String, T> {
    credentials.iter().map(|credential| (key(credential).clone(), credential.clone())).collect()
}
