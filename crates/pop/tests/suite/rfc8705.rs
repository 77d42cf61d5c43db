//! RFC 8705, certificate-bound tokens: section 3.1 and appendix A.

use base64::Engine as _;
use keybound_pop::confirmation::{Confirmation, ConfirmationFault};
use keybound_pop::jwk::PublicKey;
use keybound_pop::thumbprint;
use serde_json::{Map, Value};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../vectors/rfc/rfc8705.json")).unwrap()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

#[test]
fn section_3_1_the_made_up_digest_of_the_example_is_not_canonical_and_refused() {
    // Its last character sets bits beyond the 32 octets: no SHA-256 digest is written so.
    let claims = vectors()["s31_claims"].clone();
    assert_eq!(Confirmation::from_claims(object(&claims)), Err(ConfirmationFault::X5t));
}

#[test]
fn appendix_a_the_thumbprint_of_the_certificate() {
    let vectors = vectors();
    let der =
        base64::engine::general_purpose::STANDARD.decode(vectors["a_certificate"].as_str().unwrap()).unwrap();
    let confirmation = Confirmation::from_claims(object(&vectors["a_cnf"])).unwrap();
    assert_eq!(confirmation.x5t_s256, Some(thumbprint::certificate(&der)));
    assert_eq!(confirmation.jkt, None);
}

#[test]
fn appendix_a_the_key_of_the_certificate_is_read() {
    assert!(PublicKey::from_jwk(object(&vectors()["a_jwk"])).is_ok());
}
