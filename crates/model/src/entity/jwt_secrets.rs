use std::sync::LazyLock;

use serde_json::Value;

use super::Descriptor;
use super::fields::{created_at, id, owner, tags};
use crate::schema::{Auto, Check, EntityCheck, Schema, string};
use crate::x509::PublicKey;

/// A key of the plugin `jwt`.
pub static JWT_SECRETS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("jwt_secrets", "jwt_secret", schema())
        .endpoint_key("key")
        .paths(Some("jwts"), Some("jwt"))
});

const ALGORITHMS: [&str; 13] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384",
    "PS512", "EdDSA",
];

fn schema() -> Schema {
    let mut schema = Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("consumer", owner()),
        (
            "key",
            string().unique().auto(Auto::Token).doc("What tokens name the credential by; made when absent."),
        ),
        (
            "secret",
            string()
                .auto(Auto::Token)
                .encrypted()
                .doc("The secret of the HMAC algorithms; made when absent."),
        ),
        (
            "rsa_public_key",
            string().check("public_key", public_key).doc("The public key of the other algorithms, in PEM."),
        ),
        (
            "algorithm",
            string().default("HS256").one_of(ALGORITHMS).doc("How tokens of this credential are signed."),
        ),
        ("tags", tags()),
    ]);
    for algorithm in ALGORITHMS.iter().filter(|algorithm| !algorithm.starts_with("HS")) {
        schema = schema.check(EntityCheck::Conditional {
            if_field: "algorithm",
            if_match: Check::Eq((*algorithm).into()),
            then_field: "rsa_public_key",
            then_match: Check::Required,
        });
    }
    schema
}

fn public_key(value: &Value) -> Result<(), String> {
    match value.as_str().map(PublicKey::from_pem) {
        Some(None) => Err("invalid key".to_owned()),
        _ => Ok(()),
    }
}
