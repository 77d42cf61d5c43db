use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use super::SealingKeys;
use super::keys::SealingKey;
use crate::config::StoreFault;

/// What a sealed value begins with: the format, and its version.
const PREFIX: &str = "{sealed:1:";
const SUFFIX: char = '}';

/// What a sealed value is bound to.
pub(super) fn place(entity: &str, id: &str, field: &str) -> String {
    format!("keybound store\0{entity}\0{id}\0{field}")
}

/// Whether a text is a sealed value.
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX) && text.ends_with(SUFFIX)
}

/// `{sealed:1:KEY:BASE64}`; the base64 holds nonce, encrypted JSON and tag.
pub(super) fn seal(key: &SealingKey, place: &str, value: &Value) -> Result<String, StoreFault> {
    let failed = |_| StoreFault::Engine("a secret could not be sealed".to_owned());
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(failed)?;
    let mut text = value.to_string().into_bytes();
    key.cipher()
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut text)
        .map_err(failed)?;
    let mut whole = nonce.to_vec();
    whole.append(&mut text);
    Ok(format!("{PREFIX}{}:{}{SUFFIX}", key.id(), STANDARD_NO_PAD.encode(whole)))
}

/// What was sealed for this place.
///
/// # Errors
/// [`StoreFault::Sealed`]: it names the key when that is not at hand, and the place when the value does not open.
pub(super) fn open(keys: &SealingKeys, place: &str, text: &str) -> Result<Value, StoreFault> {
    let (id, body) = text
        .strip_prefix(PREFIX)
        .and_then(|text| text.strip_suffix(SUFFIX))
        .and_then(|text| text.split_once(':'))
        .ok_or_else(|| broken("", place))?;
    let key =
        keys.by_id(id).ok_or_else(|| StoreFault::Sealed(format!("'{id}', which is not in store_key")))?;
    let whole = STANDARD_NO_PAD.decode(body).map_err(|_| broken(id, place))?;
    let (nonce, sealed) = whole.split_at_checked(NONCE_LEN).ok_or_else(|| broken(id, place))?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| broken(id, place))?;
    let mut sealed = sealed.to_vec();
    let opened = key
        .cipher()
        .open_in_place(nonce, Aad::from(place.as_bytes()), &mut sealed)
        .map_err(|_| broken(id, place))?;
    serde_json::from_slice(opened).map_err(|_| broken(id, place))
}

fn broken(id: &str, place: &str) -> StoreFault {
    let place = place.split('\0').skip(1).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    StoreFault::Sealed(format!("'{id}', but do not open with it: {place}"))
}
