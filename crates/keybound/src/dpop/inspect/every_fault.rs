//! For every fault of a proof there is a proof that inspect names it for, with the gateway's own code.

use std::collections::BTreeSet;

use keybound_pop::base64url;
use keybound_pop::sign::SigningKey;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;
const URL: &str = "https://api.example/orders";

/// What only the gateway sees: how many fields there are, who sends how much, what it remembers, and when it started.
const GATEWAYS: [ProofFault; 5] = [
    ProofFault::Missing,
    ProofFault::Multiple,
    ProofFault::WorkExhausted,
    ProofFault::Cold,
    ProofFault::Replayed,
];

struct Forge(SigningKey);

impl Forge {
    /// A good proof but for these members; null takes one away.
    fn proof(&self, header: Value, claims: Value) -> String {
        let good_header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": self.0.public().to_jwk() });
        let ath = base64url::encode(&token_hash(b"token"));
        let good_claims = json!({ "htm": "GET", "htu": URL, "jti": "one", "iat": NOW, "ath": ath });
        self.signed(&changed(good_header, header), &changed(good_claims, claims))
    }

    /// A good proof but for these members of its key.
    fn jwk(&self, alg: &str, members: Value) -> String {
        let jwk = changed(Value::Object(self.0.public().to_jwk()), members);
        self.proof(json!({ "alg": alg, "jwk": jwk }), json!({}))
    }

    fn claim(&self, name: &str, value: Value) -> String {
        self.proof(json!({}), json!({ name: value }))
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| base64url::encode(value.to_string().as_bytes());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(input.as_bytes()).unwrap();
        format!("{input}.{}", base64url::encode(&signature))
    }
}

fn changed(base: Value, changes: Value) -> Value {
    let (Value::Object(mut whole), Value::Object(changes)) = (base, changes) else { unreachable!() };
    whole.extend(changes);
    whole.retain(|_, value| !value.is_null());
    Value::Object(whole)
}

fn given() -> Given {
    Given {
        method: Some("GET".to_owned()),
        target: Some(Target::parse(URL).unwrap()),
        token: Some("token".to_owned()),
        lifetime: 300,
        leeway: 10,
        ..Given::default()
    }
}

fn cases(forge: &Forge) -> Vec<(String, Given)> {
    let rsa = |octets: usize, exponent: &str| {
        let modulus = base64url::encode(&vec![0xff; octets]);
        json!({ "kty": "RSA", "crv": null, "x": null, "y": null, "n": modulus, "e": exponent })
    };
    let short = base64url::encode(&[1; 31]);
    let zero = base64url::encode(&[0; 32]);
    let plain = [
        forge.claim("x", json!("x".repeat(9000))),
        "not-a-proof".to_owned(),
        forge.signed(&json!([]), &json!({})),
        forge.proof(json!({ "typ": "JWT" }), json!({})),
        forge.proof(json!({ "crit": ["x"] }), json!({})),
        forge.proof(json!({ "alg": "none" }), json!({})),
        forge.proof(json!({ "jwk": null }), json!({})),
        forge.jwk("ES256", json!({ "d": "x" })),
        forge.jwk("ES256", json!({ "kty": "XYZ" })),
        forge.jwk("ES256", json!({ "use": "enc" })),
        forge.jwk("ES256", json!({ "key_ops": ["sign"] })),
        forge.jwk("ES256", json!({ "crv": "secp256k1" })),
        forge.jwk("ES256", json!({ "x": null })),
        forge.jwk("ES256", json!({ "x": short })),
        forge.jwk("ES256", json!({ "x": zero, "y": zero })),
        forge.jwk("RS256", rsa(128, "AQAB")),
        forge.jwk("RS256", rsa(256, "Aw")),
        forge.jwk("ES256", json!({ "alg": "ES384" })),
        forge.jwk("ES384", json!({})),
        {
            let good = forge.proof(json!({}), json!({}));
            let parts: Vec<&str> = good.split('.').collect();
            format!("{}.{}.{}", parts[0], base64url::encode(b"[]"), parts[2])
        },
        forge.claim("jti", json!(null)),
        forge.claim("htm", json!(null)),
        forge.claim("htu", json!(null)),
        forge.claim("iat", json!("now")),
        forge.claim("exp", json!("soon")),
        forge.claim("exp", json!(NOW - 100)),
        forge.claim("nbf", json!(NOW + 100)),
        forge.claim("nonce", json!(7)),
        forge.claim("ath", json!(null)),
        forge.claim("htm", json!("POST")),
        forge.claim("htu", json!("/orders")),
        forge.claim("htu", json!("ftp://api.example/orders")),
        forge.claim("htu", json!("https://u@api.example/orders")),
        forge.claim("htu", json!("https://api.example./orders")),
        forge.claim("htu", json!("https://api.example:99999/orders")),
        forge.claim("htu", json!("https://api.example/or ders")),
        forge.claim("htu", json!("https://api.example/%zz")),
        forge.claim("htu", json!("https://api.example/prices")),
        forge.claim("iat", json!(NOW - 311)),
        forge.claim("iat", json!(NOW + 11)),
        forge.claim("ath", json!(base64url::encode(&token_hash(b"another")))),
        forge.proof(json!({}), json!({})).split_at(20).0.to_owned(),
        {
            let good = forge.proof(json!({}), json!({}));
            format!("{}.{}", good.rsplit_once('.').unwrap().0, base64url::encode(&[1; 64]))
        },
    ];
    let good = || forge.proof(json!({}), json!({}));
    let eddsa = [Algorithm::EdDsa].into_iter().collect();
    let stranger = Thumbprint::of(b"another key");
    let nonce = |nonce: &str| Given { nonce: Some(nonce.to_owned()), ..given() };
    let mut cases: Vec<_> = plain.into_iter().map(|proof| (proof, given())).collect();
    cases.extend([
        (good(), Given { algorithms: Some(eddsa), ..given() }),
        (good(), Given { ambiguous: has_empty_segments("https://api.example//orders"), ..given() }),
        (good(), Given { jkt: Some(stranger), ..given() }),
        (good(), nonce("n")),
        (forge.claim("nonce", json!("old")), nonce("n")),
    ]);
    cases
}

#[test]
fn inspect_names_every_fault_of_a_proof_as_the_gateway_does() {
    let forge = Forge(SigningKey::generate(Algorithm::Es256).unwrap());
    let mut named = BTreeSet::new();
    for (proof, given) in cases(&forge) {
        let (page, passes) = inspect(&proof, &given, UnixTime::from_secs(NOW));
        assert!(!passes, "{page}");
        let code =
            page.lines().find_map(|line| line.strip_prefix("result")?.trim().strip_prefix("refused: "));
        named.insert(code.unwrap().to_owned());
        assert!(page.contains("\nlook at "), "{page}");
    }
    let all: BTreeSet<String> = ProofFault::all()
        .into_iter()
        .filter(|fault| !GATEWAYS.contains(fault))
        .map(|fault| fault.code().to_owned())
        .collect();
    assert_eq!(named, all);
}

#[test]
fn an_empty_segment_of_the_path_is_found_and_one_of_the_query_is_not() {
    assert!(has_empty_segments("https://api.example/a//b"));
    assert!(!has_empty_segments("https://api.example/a/b?next=https://x//y"));
}
