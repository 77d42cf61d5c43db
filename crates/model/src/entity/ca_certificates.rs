use std::sync::LazyLock;

use serde_json::Value;

use super::Descriptor;
use super::fields::{created_at, id, tags, updated_at};
use crate::schema::{Auto, Schema, string};
use crate::{Errors, Record, x509};

/// An authority whose certificates are trusted where something names it.
pub static CA_CERTIFICATES: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("ca_certificates", "ca_certificate", schema()).finish(finish));

fn schema() -> Schema {
    let cert =
        string().required().check("certificate", |value| match value.as_str().map(x509::certificates) {
            Some(Err(fault)) => Err(format!("invalid certificate: {fault}")),
            _ => Ok(()),
        });
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("updated_at", updated_at()),
        ("cert", cert.doc("The certificate in PEM, without a chain.")),
        (
            "cert_digest",
            string().unique().auto(Auto::Derived).doc("The SHA-256 of the certificate; made from it."),
        ),
        ("tags", tags()),
    ])
}

fn finish(record: &mut Record, now: i64) -> Result<(), Errors> {
    let pem = record.get("cert").and_then(Value::as_str).unwrap_or_default();
    let found = x509::certificates(pem).unwrap_or_default();
    let [certificate] = found.as_slice() else {
        return Err(Errors::entity("please submit only one certificate at a time"));
    };
    if certificate.not_after < now {
        return Err(Errors::entity("certificate expired, \"Not After\" time is in the past"));
    }
    if !certificate.is_authority {
        let text = "certificate does not appear to be a CA because it is missing the \"CA\" basic constraint";
        return Err(Errors::entity(text));
    }
    record.insert("cert_digest".to_owned(), x509::digest(certificate).into());
    Ok(())
}
