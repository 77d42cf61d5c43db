use keybound_model::entity::{CA_CERTIFICATES, CERTIFICATES, JWT_SECRETS, KEYS, take_snis};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
    PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd,
};
use serde_json::{Value, json};

use crate::catalog::{ID, fields, insert, message, object};

fn certificate(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> String {
    let mut params = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
    params.not_after = date_time_ymd(2040, 1, 1);
    change(&mut params);
    params.self_signed(key).unwrap().pem()
}

fn authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

fn pair(key: &KeyPair) -> (String, String) {
    (certificate(key, |_| {}), key.serialize_pem())
}

fn p256() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

#[test]
fn a_certificate_comes_with_its_key_of_any_kind() {
    let keys = [
        p256(),
        KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
        KeyPair::generate_for(&PKCS_ED25519).unwrap(),
        KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap(),
    ];
    for key in &keys {
        let (cert, key) = pair(key);
        let record = insert(&CERTIFICATES, json!({"cert": cert, "key": key})).unwrap();
        assert_eq!(record["cert_alt"], Value::Null);
        assert!(!record.contains_key("snis"));
    }
    let (cert, key) = pair(&keys[0]);
    let (cert_alt, key_alt) = pair(&keys[3]);
    let both = json!({"cert": cert, "key": key, "cert_alt": cert_alt, "key_alt": key_alt});
    assert!(insert(&CERTIFICATES, both).is_ok());
}

#[test]
fn each_fault_of_a_certificate_has_its_text() {
    let (one, other) = (p256(), p256());
    let (cert, key) = pair(&one);
    let (cert_2, key_2) = pair(&other);
    let cases = [
        (json!({}), "2 schema violations (cert: required field missing; key: required field missing)"),
        (
            json!({"cert": "x", "key": key}),
            "schema violation (cert: invalid certificate: no PEM block 'CERTIFICATE' can be read)",
        ),
        (
            json!({"cert": cert, "key": "x"}),
            "schema violation (key: invalid key: no PEM block with a private key in the clear can be read)",
        ),
        (json!({"cert": cert, "key": key_2}), "schema violation (certificate does not match key)"),
        (
            json!({"cert": cert, "key": key, "cert_alt": cert_2}),
            "2 schema violations (all or none of these fields must be set: 'cert_alt', 'key_alt'; certificate and \
             alternative certificate need to have different type (e.g. RSA and ECDSA), the provided certificates were both \
             of the same type)",
        ),
        (
            json!({"cert": cert, "key": key, "cert_alt": cert_2, "key_alt": key}),
            "2 schema violations (alternative certificate does not match key; certificate and alternative certificate need \
             to have different type (e.g. RSA and ECDSA), the provided certificates were both of the same type)",
        ),
        (
            json!({"cert": cert, "key": key, "cert_alt": cert_2, "key_alt": key_2}),
            "schema violation (certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), \
             the provided certificates were both of the same type)",
        ),
    ];
    for (input, text) in cases {
        assert_eq!(message(&CERTIFICATES, input), text);
    }
    let hidden = json!({"cert": "{vault://env/cert}", "key": "{vault://env/key}"});
    assert!(insert(&CERTIFICATES, hidden).is_ok(), "what a vault has is checked where it is used");
}

#[test]
fn an_authority_is_one_certificate_that_is_one_and_has_not_ended() {
    let key = p256();
    let good = certificate(&key, authority);
    let record = insert(&CA_CERTIFICATES, json!({"cert": good, "cert_digest": "made up"})).unwrap();
    let digest = record["cert_digest"].as_str().unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    let ended = certificate(&key, |params| {
        authority(params);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let cases = [
        (format!("{good}{good}"), "please submit only one certificate at a time"),
        (ended, "certificate expired, \"Not After\" time is in the past"),
        (
            certificate(&key, |_| {}),
            "certificate does not appear to be a CA because it is missing the \"CA\" basic constraint",
        ),
    ];
    for (cert, text) in cases {
        assert_eq!(fields(&CA_CERTIFICATES, json!({"cert": cert})), json!({"@entity": [text]}));
    }
    assert_eq!(
        message(&CA_CERTIFICATES, json!({"cert": "x"})),
        "schema violation (cert: invalid certificate: no PEM block 'CERTIFICATE' can be read)"
    );
}

#[test]
fn public_keys_are_read_and_pairs_compared() {
    let (one, other) = (p256(), p256());
    let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let owner = json!({"id": ID.to_string()});
    for (key, algorithm) in [(&one, "ES256"), (&rsa, "RS256")] {
        let input = json!({"consumer": owner, "key": "k", "secret": "s", "algorithm": algorithm,
            "rsa_public_key": key.public_key_pem()});
        assert!(insert(&JWT_SECRETS, input).is_ok(), "{algorithm}");
    }
    let pem = |public: &KeyPair| json!({"kid": "1", "pem": {"private_key": one.serialize_pem(), "public_key": public.public_key_pem()}});
    assert!(insert(&KEYS, pem(&one)).is_ok());
    assert_eq!(
        fields(&KEYS, pem(&other)),
        json!({"pem": {"@entity": ["public key does not match private key"]}})
    );
}

#[test]
fn the_names_of_a_certificate_are_taken_off_its_body() {
    let mut body = object(json!({"cert": "x", "snis": ["b.test", "*.a.test"]}));
    assert_eq!(take_snis(&mut body), Ok(Some(vec!["b.test".to_owned(), "*.a.test".to_owned()])));
    assert_eq!(body, object(json!({"cert": "x"})));
    assert_eq!(take_snis(&mut body), Ok(None));
    let cases = [
        (json!(["a", "b", "a"]), "schema violation (snis: a is duplicated)"),
        (json!("a"), "schema violation (snis: expected a set)"),
        (json!(["a", "10.0.0.1"]), "schema violation (snis.2: must not be an IP)"),
    ];
    for (snis, text) in cases {
        let mut body = object(json!({ "snis": snis }));
        assert_eq!(take_snis(&mut body).unwrap_err().message(), text);
    }
}
