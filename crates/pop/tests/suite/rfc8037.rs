//! RFC 8037, Appendix A: Ed25519.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_pop::jws::CompactJws;
use keybound_pop::sign::{self, SigningKey};
use serde_json::{Map, json};

use crate::{key, object};

const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const JWS: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iyl\
    Gjg5BhVsPt9g7sVvpAr_MuM0KAg";

#[test]
fn a_3_thumbprint() {
    let key = key(json!({"kty": "OKP", "crv": "Ed25519", "x": X}));
    assert_eq!(key.thumbprint().encode(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_4_signing_gives_the_signature_of_the_example() {
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "x": X, "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"});
    let key = SigningKey::from_jwk(&object(jwk)).unwrap();
    let (signed, signature) = JWS.rsplit_once('.').unwrap();
    assert_eq!(base64url::encode(&key.sign(signed.as_bytes()).unwrap()), signature);
    assert!(sign::jws(&key, Map::new(), &Map::new()).unwrap().starts_with("eyJhbGciOiJFZERTQSJ9.e30."));
}

#[test]
fn a_5_validation() {
    let key = key(json!({"kty": "OKP", "crv": "Ed25519", "x": X}));
    assert_eq!(CompactJws::parse(JWS, 8192).unwrap().verify(&key), Ok(()));
    assert!(key.fits(Algorithm::EdDsa) && key.fits(Algorithm::Ed25519) && !key.fits(Algorithm::Es256));
}
