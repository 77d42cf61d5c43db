use std::sync::LazyLock;

use serde_json::Value;

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use crate::schema::{EntityCheck, Schema, Shorthand, Type, set, string};
use crate::x509::{self, PublicKey};
use crate::{Errors, Record, Violation, checks, vault};

/// A certificate with its key.
pub static CERTIFICATES: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("certificates", "certificate", schema()));

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("cert", certificate().required().doc("The chain in PEM, leaf first.")),
        ("key", key().required().doc("The private key in PEM.")),
        ("cert_alt", certificate().doc("The chain for a key of another type (RSA beside ECDSA).")),
        ("key_alt", key().doc("Its private key.")),
        ("tags", tags()),
    ])
    // Entities of their own; the Admin API takes them off a body, with `take_snis`.
    .shorthand(Shorthand::into_fields("snis", snis(), |_| Vec::new()))
    .check(EntityCheck::MutuallyRequired(&["cert_alt", "key_alt"]))
    .check(EntityCheck::Custom {
        name: "pair",
        fields: &["cert", "key"],
        check: |record| fits(record, "cert", "key", "certificate does not match key"),
    })
    .check(EntityCheck::Custom {
        name: "alternative_pair",
        fields: &["cert_alt", "key_alt"],
        check: |record| fits(record, "cert_alt", "key_alt", "alternative certificate does not match key"),
    })
    .check(EntityCheck::Custom { name: "types", fields: &["cert", "cert_alt"], check: of_two_types })
}

/// The names of a certificate, which a body may bring and an answer shows: an array of server names.
fn snis() -> Type {
    set(string().check("sni", checks::sni)).doc("The names for which it is shown; entities of their own.")
}

/// Takes `snis` off the body of a certificate. `None`: the body does not say, so that a `PATCH` leaves them; an upsert and
/// an insert take that for none. A name that another certificate has is for the caller to find:
/// `<name> already associated with existing certificate '<id>'`.
///
/// # Errors
/// `snis: expected a set`, what is wrong with a name, `snis: <name> is duplicated`.
pub fn take_snis(body: &mut Record) -> Result<Option<Vec<String>>, Errors> {
    let Some(given) = body.remove("snis") else { return Ok(None) };
    let wrong = |violation: Violation| {
        let mut errors = Errors::new();
        errors.add("snis", violation);
        errors
    };
    let mut names: Vec<String> = Vec::new();
    let texts = given.as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in texts {
        if names.iter().any(|known| known == name) {
            return Err(wrong(format!("{name} is duplicated").into()));
        }
        names.push(name.to_owned());
    }
    snis().process(given).map_err(wrong)?;
    Ok(Some(names))
}

fn certificate() -> Type {
    string()
        .check("certificate", |value| match value.as_str().map(x509::certificates) {
            Some(Err(fault)) => Err(format!("invalid certificate: {fault}")),
            _ => Ok(()),
        })
        .referenceable()
}

fn key() -> Type {
    string()
        .check("key", |value| match value.as_str().map(x509::public_half) {
            Some(Err(fault)) => Err(format!("invalid key: {fault}")),
            _ => Ok(()),
        })
        .referenceable()
        .encrypted()
}

/// The text of a field, unless a vault has it.
fn text<'a>(record: &'a Record, field: &str) -> Option<&'a str> {
    record.get(field).and_then(Value::as_str).filter(|text| !vault::is_reference(text))
}

fn leaf_key(pem: &str) -> Option<PublicKey> {
    x509::certificates(pem).ok()?.into_iter().next().map(|leaf| leaf.key)
}

fn fits(record: &Record, cert: &str, key: &str, fault: &str) -> Result<(), Errors> {
    let (Some(cert), Some(key)) = (text(record, cert), text(record, key)) else { return Ok(()) };
    if leaf_key(cert) == x509::public_half(key).ok() { Ok(()) } else { Err(Errors::entity(fault)) }
}

fn of_two_types(record: &Record) -> Result<(), Errors> {
    let kind = |field| text(record, field).and_then(leaf_key).map(|key| key.kind);
    match (kind("cert"), kind("cert_alt")) {
        (Some(one), Some(other)) if one == other => Err(Errors::entity(
            "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), the provided \
             certificates were both of the same type",
        )),
        _ => Ok(()),
    }
}
