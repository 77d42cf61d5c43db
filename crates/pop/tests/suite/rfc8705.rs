//! RFC 8705: certificate thumbprints.

use keybound_pop::confirmation::{Confirmation, ConfirmationFault};
use keybound_pop::thumbprint;
use serde_json::json;

use crate::object;

/// Appendix A, without its PEM armour.
const CERTIFICATE: &str = "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbX\
    RsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZI\
    zj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=";

#[test]
fn appendix_a_thumbprint_of_the_certificate() {
    use base64::Engine as _;
    let der = base64::engine::general_purpose::STANDARD.decode(CERTIFICATE).unwrap();
    let claims = object(json!({"cnf": {"x5t#S256": "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"}}));
    assert_eq!(Confirmation::from_claims(&claims).unwrap().x5t_s256, Some(thumbprint::certificate(&der)));
}

/// The value in the figures of §3.1 and §3.2 ends in a character with set spare bits: no digest encodes to it, and a reader that
/// takes only canonical base64url refuses it.
#[test]
fn section_3_1_the_printed_value_is_not_canonical() {
    let claims = object(json!({"cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}));
    assert_eq!(Confirmation::from_claims(&claims), Err(ConfirmationFault::X5t));
}
