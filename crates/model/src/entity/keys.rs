use std::sync::LazyLock;

use serde_json::Value;

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use crate::schema::{EntityCheck, OnDelete, Schema, foreign, record_of, string};
use crate::x509::{PublicKey, public_half};
use crate::{Errors, Record, vault};

/// A key, as JWK or in PEM.
pub static KEYS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("keys", "key", schema()).endpoint_key("name").unique_together(&["kid", "set"])
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("set", foreign("key_sets").on_delete(OnDelete::Cascade).doc("The set that it is in.")),
        ("name", string().unique().doc("A name, usable in URLs in place of the id.")),
        ("kid", string().required().doc("The name of the key inside its set.")),
        (
            "jwk",
            string().check("jwk", jwk).referenceable().encrypted().doc("The key as a JWK: JSON in a text."),
        ),
        ("pem", record_of(pem()).doc("The key in PEM.")),
        ("tags", tags()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
    ])
    .check(EntityCheck::AtLeastOneOf(&["jwk", "pem"]))
    .check(EntityCheck::Custom { name: "kid", fields: &["kid", "jwk"], check: same_kid })
}

fn pem() -> Schema {
    Schema::new([
        (
            "private_key",
            string().check("private_key", private_key).referenceable().encrypted().doc("The private key."),
        ),
        ("public_key", string().check("public_key", public_key).referenceable().doc("The public key.")),
    ])
    .check(EntityCheck::AtLeastOneOf(&["private_key", "public_key"]))
    .check(EntityCheck::Custom { name: "pair", fields: &["private_key", "public_key"], check: pair })
}

fn members(value: &Value) -> Option<Record> {
    value.as_str().and_then(|text| serde_json::from_str(text).ok())
}

fn jwk(value: &Value) -> Result<(), String> {
    let members = members(value).ok_or("could not json decode jwk string")?;
    match members.get("kty") {
        Some(Value::String(_)) => Ok(()),
        _ => Err("could not load JWK, likely not a valid key".to_owned()),
    }
}

fn same_kid(key: &Record) -> Result<(), Errors> {
    let Some(members) = key.get("jwk").and_then(members) else { return Ok(()) };
    if members.get("kid") == key.get("kid") {
        return Ok(());
    }
    Err(Errors::entity("kid in jwk.kid must be equal to keys.kid"))
}

fn private_key(value: &Value) -> Result<(), String> {
    match value.as_str().map(public_half) {
        Some(Err(_)) => Err("could not load private key".to_owned()),
        _ => Ok(()),
    }
}

fn public_key(value: &Value) -> Result<(), String> {
    match value.as_str().map(PublicKey::from_pem) {
        Some(None) => Err("could not load public key".to_owned()),
        _ => Ok(()),
    }
}

fn pair(pem: &Record) -> Result<(), Errors> {
    let text = |name: &str| pem.get(name).and_then(Value::as_str).filter(|text| !vault::is_reference(text));
    let (Some(private), Some(public)) = (text("private_key"), text("public_key")) else { return Ok(()) };
    if public_half(private).ok() == PublicKey::from_pem(public) {
        return Ok(());
    }
    Err(Errors::entity("public key does not match private key"))
}
