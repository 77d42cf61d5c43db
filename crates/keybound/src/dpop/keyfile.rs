//! Files of private keys: a JWK set, as other clients take it too, or a bare JWK.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use keybound_pop::sign::SigningKey;
use serde_json::{Map, Value, json};

use super::DpopFault;

/// The key as a set of one, with `use`, `alg` and `kid` (other clients need the first two), or bare.
pub(super) fn text(key: &SigningKey, bare: bool) -> String {
    let mut jwk = key.to_jwk();
    let members = [
        ("use", "sig".to_owned()),
        ("alg", key.algorithm().name().to_owned()),
        ("kid", key.public().thumbprint().to_string()),
    ];
    for (member, value) in members {
        jwk.insert(member.to_owned(), Value::from(value));
    }
    let value = if bare { Value::Object(jwk) } else { json!({ "keys": [jwk] }) };
    format!("{value:#}\n")
}

/// Writes a new file that only its owner can read; one that is there stays as it is.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), DpopFault> {
    let fault = |cause| DpopFault::File { path: path.display().to_string(), cause };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fault)?;
    file.write_all(text.as_bytes()).map_err(fault)
}

/// The first key of a set that is for signing, or the bare key.
pub(super) fn read(path: &Path) -> Result<SigningKey, DpopFault> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|cause| DpopFault::File { path: name.clone(), cause })?;
    let fault = |cause: String| DpopFault::Key { path: name.clone(), cause };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| fault(format!("not JSON: {error}")))?;
    let jwk = first_for_signing(&value)
        .ok_or_else(|| fault("neither a JWK nor a JWK set with a signing key".to_owned()))?;
    SigningKey::from_jwk(jwk).map_err(|error| fault(error.to_string()))
}

fn first_for_signing(value: &Value) -> Option<&Map<String, Value>> {
    match value.get("keys") {
        Some(keys) => keys
            .as_array()?
            .iter()
            .filter_map(Value::as_object)
            .find(|jwk| jwk.get("use").is_none_or(|purpose| purpose == "sig")),
        None => value.as_object().filter(|jwk| jwk.contains_key("kty")),
    }
}
