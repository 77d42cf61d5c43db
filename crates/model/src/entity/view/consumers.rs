//! Who calls: consumers, their groups and their credentials.

use serde::Deserialize;
use uuid::Uuid;

use super::{View, or_empty, parent, reference};

/// Somebody who calls.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Consumer {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub username: Option<String>,
    /// The id that another system knows it by.
    pub custom_id: Option<String>,
    /// Its labels.
    #[serde(deserialize_with = "or_empty")]
    pub tags: Vec<String>,
}

/// A group of consumers, for plugins to be scoped to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConsumerGroup {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
}

/// That a consumer is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConsumerGroupMember {
    /// The consumer.
    #[serde(deserialize_with = "parent")]
    pub consumer: Uuid,
    /// The group.
    #[serde(deserialize_with = "parent")]
    pub consumer_group: Uuid,
}

/// A key of `key-auth`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct KeyAuthCredential {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    #[serde(deserialize_with = "parent")]
    pub consumer: Uuid,
    /// The key.
    pub key: String,
    /// When it ends, in seconds since 1970; `None`: never.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

/// A name and a password of `basic-auth`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct BasicAuthCredential {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    #[serde(deserialize_with = "parent")]
    pub consumer: Uuid,
    /// The name.
    pub username: String,
    /// The hash of the password: 40 hexadecimal digits of SHA-1 over the password and the consumer's id, as Kong stores it.
    pub password: String,
}

/// That a consumer is in a group of `acl`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AclGroup {
    /// Whose it is.
    #[serde(deserialize_with = "parent")]
    pub consumer: Uuid,
    /// The group.
    pub group: String,
}

/// A key of the plugin `jwt`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct JwtSecret {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    #[serde(deserialize_with = "parent")]
    pub consumer: Uuid,
    /// What the claim `key_claim_name` of a token says.
    pub key: String,
    /// The secret of the HMAC algorithms.
    pub secret: Option<String>,
    /// The public key of the other algorithms, in PEM.
    pub rsa_public_key: Option<String>,
    /// The algorithm: `HS256`, `RS256`, …
    pub algorithm: String,
}

/// A name and a secret of `hmac-auth`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct HmacAuthCredential {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    #[serde(deserialize_with = "parent")]
    pub consumer: Uuid,
    /// The name.
    pub username: String,
    /// The secret.
    pub secret: Option<String>,
}

/// A certificate's subject that `mtls-auth` takes for a consumer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MtlsAuthCredential {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    #[serde(deserialize_with = "parent")]
    pub consumer: Uuid,
    /// The subject's name.
    pub subject_name: String,
    /// The authority that must have issued the certificate; `None`: any that is trusted.
    #[serde(deserialize_with = "reference")]
    pub ca_certificate: Option<Uuid>,
}

/// Prints of a credential what is no secret.
macro_rules! without_secrets {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("id", &self.id)
                    .field("consumer", &self.consumer)
                    .finish_non_exhaustive()
            }
        }
    )+};
}

without_secrets!(KeyAuthCredential, BasicAuthCredential, JwtSecret, HmacAuthCredential);

macro_rules! views {
    ($($name:ident: $text:literal),+ $(,)?) => {$(
        impl View for $name {
            const NAME: &'static str = $text;
        }
    )+};
}

views! {
    Consumer: "consumer",
    ConsumerGroup: "consumer group",
    ConsumerGroupMember: "member of a consumer group",
    KeyAuthCredential: "key-auth credential",
    BasicAuthCredential: "basic-auth credential",
    AclGroup: "ACL group",
    JwtSecret: "jwt credential",
    HmacAuthCredential: "hmac-auth credential",
    MtlsAuthCredential: "mtls-auth credential",
}
