use std::sync::LazyLock;

use super::Descriptor;
use super::fields::{created_at, id, owner, tags};
use crate::schema::{OnDelete, Schema, foreign, string};

/// A certificate's subject that `mtls-auth` takes for a consumer.
pub static MTLS_AUTH_CREDENTIALS: LazyLock<Descriptor> = LazyLock::new(|| {
    Descriptor::new("mtls_auth_credentials", "mtls_auth_credential", schema())
        .unique_together(&["subject_name", "ca_certificate"])
        .paths(Some("mtls-auths"), Some("mtls-auth"))
});

fn schema() -> Schema {
    Schema::new([
        ("id", id()),
        ("created_at", created_at()),
        ("consumer", owner()),
        ("subject_name", string().required().doc("The subject: an alternative name, or the common name.")),
        (
            "ca_certificate",
            foreign("ca_certificates")
                .on_delete(OnDelete::Cascade)
                .doc("The authority that must have issued the certificate; any that is trusted when absent."),
        ),
        ("tags", tags()),
    ])
}
