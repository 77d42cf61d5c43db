use std::sync::LazyLock;

use super::Descriptor;
use super::fields::id;
use crate::schema::{Schema, Type, array, record, string};

/// The id of the one set that is used, as in Kong.
pub const OIC_JWKS_ID: &str = "c3cfba2d-1617-453f-a416-52e6edb5f9a0";

/// The keys with which `openid-connect` authenticates the gateway at providers. The set of the id [`OIC_JWKS_ID`] is used, else
/// the first that there is.
pub static OIC_JWKS: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor::new("oic_jwks", "oic_jwk", schema()));

fn schema() -> Schema {
    let keys = array(jwk()).required().doc("The keys, as JWKs.");
    Schema::new([("id", id()), ("jwks", record([("keys", keys)]).required().doc("The set."))])
}

/// A key as JWK (RFC 7517). Its private members are secrets.
#[must_use]
pub fn jwk() -> Type {
    let secret = || string().referenceable().encrypted();
    let strings = || array(string());
    record([
        ("issuer", string()),
        ("kty", string()),
        ("use", string()),
        ("key_ops", strings()),
        ("alg", string()),
        ("kid", string()),
        ("x5u", string()),
        ("x5c", strings()),
        ("x5t", string()),
        ("x5t#S256", string()),
        ("k", secret()),
        ("x", string()),
        ("y", string()),
        ("crv", string()),
        ("n", string()),
        ("e", string()),
        ("d", secret()),
        ("p", secret()),
        ("q", secret()),
        ("dp", secret()),
        ("dq", secret()),
        ("qi", secret()),
        ("oth", secret()),
        ("r", secret()),
        ("t", secret()),
    ])
}
