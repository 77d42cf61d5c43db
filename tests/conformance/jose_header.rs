//! The proof's protected header: `typ`, `alg`, `jwk`, extensions, and the JSON itself.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_suites::{Client, Request, Stage};
use serde_json::{Value, json};

use crate::stage;

/// A request whose proof has these members in its header instead of the good ones.
fn header(stage: &Stage, more: Value) -> Request {
    stage.differing(more, json!({}))
}

/// A request whose proof has this text as its header.
fn header_text(stage: &Stage, text: &str) -> Request {
    let claims = stage.client.claims("GET", &stage.url(Stage::PATH));
    stage.request(&stage.client.signed(text, &claims.to_string()))
}

/// A request whose proof has this JSON as its header, put together from the good one's text.
fn header_edited(stage: &Stage, edit: fn(&str) -> String) -> Request {
    header_text(stage, &edit(&stage.client.header().to_string()))
}

/// A request whose proof's `jwk` has these members beside or, `null`, without them.
fn jwk(stage: &Stage, more: Value) -> Request {
    jwk_of(stage, &stage.client, "ES256", more)
}

/// The same with the key of another client, whose header names `alg`.
fn jwk_of(stage: &Stage, client: &Client, alg: &str, more: Value) -> Request {
    let mut jwk = client.key.public().to_jwk();
    jwk.extend(more.as_object().unwrap().clone());
    jwk.retain(|_, value| !value.is_null());
    stage.proved(client, "GET", Stage::PATH, json!({ "alg": alg, "jwk": jwk }), json!({}))
}

/// An RSA key of so many bits, of which nobody knows the factors.
fn rsa(stage: &Stage, bits: usize, exponent: &[u8]) -> Request {
    let mut modulus = vec![0xab; bits.div_ceil(8)];
    modulus[0] = match bits % 8 {
        0 => 0x80,
        spare => 1 << (spare - 1),
    };
    *modulus.last_mut().unwrap() = 0xab;
    let (n, e) = (base64url::encode(&modulus), base64url::encode(exponent));
    header(stage, json!({ "alg": "RS256", "jwk": { "kty": "RSA", "n": n, "e": e } }))
}

/// A key of the curve with these coordinates.
fn point(stage: &Stage, curve: &str, alg: &str, x: &[u8], y: &[u8]) -> Request {
    let (x, y) = (base64url::encode(x), base64url::encode(y));
    header(stage, json!({ "alg": alg, "jwk": { "kty": "EC", "crv": curve, "x": x, "y": y } }))
}

fn ed25519(stage: &Stage, x: &[u8]) -> Request {
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(x) });
    header(stage, json!({ "alg": "EdDSA", "jwk": jwk }))
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// A coordinate of the stage's key.
fn x(stage: &Stage) -> Vec<u8> {
    base64url::decode(stage.client.key.public().to_jwk()["x"].as_str().unwrap()).unwrap()
}

const LOW_ORDER: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
    0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

const F4: [u8; 3] = [1, 0, 1];

bad_proofs! {
    jh_01_typ_missing: |s| header(s, json!({ "typ": null })) => "proof_typ";
    jh_01_typ_jwt: |s| header(s, json!({ "typ": "JWT" })) => "proof_typ";
    jh_01_typ_of_access_tokens: |s| header(s, json!({ "typ": "at+jwt" })) => "proof_typ";
    jh_01_typ_empty: |s| header(s, json!({ "typ": "" })) => "proof_typ";
    jh_01_typ_with_a_space: |s| header(s, json!({ "typ": "dpop+jwt " })) => "proof_typ";
    jh_04_typ_of_another_tree: |s| header(s, json!({ "typ": "text/dpop+jwt" })) => "proof_typ";
    jh_06_typ_is_a_number: |s| header(s, json!({ "typ": 1 })) => "proof_typ";
    jh_06_typ_is_a_list: |s| header(s, json!({ "typ": ["dpop+jwt"] })) => "proof_typ";
    jh_07_alg_missing: |s| header(s, json!({ "alg": null })) => "proof_alg";
    jh_08_alg_none_with_a_signature: |s| header(s, json!({ "alg": "none" })) => "proof_alg";
    jh_08_alg_none_without_a_signature: |s| {
        let proof = s.client.proof_with("GET", &s.url(Stage::PATH), json!({ "alg": "none" }), json!({}));
        s.request(&format!("{}.", proof.rsplit_once('.').unwrap().0))
    } => "proof_malformed";
    jh_09_alg_none_in_mixed_case: |s| header(s, json!({ "alg": "nOnE" })) => "proof_alg";
    jh_09_alg_none_with_a_capital: |s| header(s, json!({ "alg": "None" })) => "proof_alg";
    jh_09_alg_none_in_capitals: |s| header(s, json!({ "alg": "NONE" })) => "proof_alg";
    jh_09_alg_in_lower_case: |s| header(s, json!({ "alg": "es256" })) => "proof_alg";
    jh_09_alg_empty: |s| header(s, json!({ "alg": "" })) => "proof_alg";
    jh_09_alg_hs256: |s| header(s, json!({ "alg": "HS256" })) => "proof_alg";
    jh_13_alg_of_a_longer_curve: |s| header(s, json!({ "alg": "ES384" })) => "proof_jwk_alg_mismatch";
    jh_13_alg_of_another_type: |s| header(s, json!({ "alg": "RS256" })) => "proof_jwk_alg_mismatch";
    jh_13_alg_of_edwards_curves: |s| header(s, json!({ "alg": "EdDSA" })) => "proof_jwk_alg_mismatch";
    jh_14_alg_of_a_shorter_curve: |s| {
        jwk_of(s, &s.provider.client_with(Algorithm::Es384), "ES256", json!({}))
    } => "proof_jwk_alg_mismatch";
    jh_17_alg_ps256_signed_as_rs256: |s| {
        jwk_of(s, &s.provider.client_with(Algorithm::Rs256), "PS256", json!({}))
    } => "proof_signature";
    jh_17_alg_rs256_signed_as_ps256: |s| {
        jwk_of(s, &s.provider.client_with(Algorithm::Ps256), "RS256", json!({}))
    } => "proof_signature";
    jh_17_alg_rs512_signed_as_rs256: |s| {
        jwk_of(s, &s.provider.client_with(Algorithm::Rs256), "RS512", json!({}))
    } => "proof_signature";
    jh_19_alg_with_sha_1: |s| header(s, json!({ "alg": "RS1" })) => "proof_alg";
    jh_19_alg_on_a_curve_of_coins: |s| header(s, json!({ "alg": "ES256K" })) => "proof_alg";
    jh_21_alg_is_a_list: |s| header(s, json!({ "alg": ["ES256"] })) => "proof_alg";
    jh_21_alg_is_a_number: |s| header(s, json!({ "alg": -7 })) => "proof_alg";
    jh_23_jwk_missing: |s| header(s, json!({ "jwk": null })) => "proof_jwk_missing";
    jh_23_jwk_is_text: |s| header(s, json!({ "jwk": "x" })) => "proof_jwk_missing";
    jh_23_jwk_is_a_list: |s| header(s, json!({ "jwk": [s.client.key.public().to_jwk()] })) => "proof_jwk_missing";
    jh_23_jwk_empty: |s| header(s, json!({ "jwk": {} })) => "proof_jwk_type";
    jh_23_jwk_in_the_payload_only: |s| {
        s.differing(json!({ "jwk": null }), json!({ "jwk": s.client.key.public().to_jwk() }))
    } => "proof_jwk_missing";
    jh_23_kid_instead_of_jwk: |s| header(s, json!({ "jwk": null, "kid": "x" })) => "proof_jwk_missing";
    jh_25_jwk_with_the_private_number: |s| jwk(s, json!({ "d": s.client.key.to_jwk()["d"] })) => "proof_jwk_private";
    jh_25_jwk_with_an_empty_private_member: |s| jwk(s, json!({ "d": "" })) => "proof_jwk_private";
    jh_25_jwk_of_ed25519_with_d: |s| {
        let client = s.provider.client_with(Algorithm::EdDsa);
        let d = client.key.to_jwk()["d"].clone();
        jwk_of(s, &client, "EdDSA", json!({ "d": d }))
    } => "proof_jwk_private";
    jh_26_jwk_with_all_of_an_rsa_key: |s| {
        let client = s.provider.client_with(Algorithm::Rs256);
        let mut whole = client.key.to_jwk();
        whole.retain(|name, _| ["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
        jwk_of(s, &client, "RS256", Value::Object(whole))
    } => "proof_jwk_private";
    jh_27_jwk_with_p_only: |s| jwk(s, json!({ "p": "AA" })) => "proof_jwk_private";
    jh_27_jwk_with_q_only: |s| jwk(s, json!({ "q": "AA" })) => "proof_jwk_private";
    jh_27_jwk_with_dp_only: |s| jwk(s, json!({ "dp": "AA" })) => "proof_jwk_private";
    jh_27_jwk_with_dq_only: |s| jwk(s, json!({ "dq": "AA" })) => "proof_jwk_private";
    jh_27_jwk_with_qi_only: |s| jwk(s, json!({ "qi": "AA" })) => "proof_jwk_private";
    jh_27_jwk_with_oth_only: |s| jwk(s, json!({ "oth": [] })) => "proof_jwk_private";
    jh_27_jwk_with_k_beside_a_public_key: |s| jwk(s, json!({ "k": "AA" })) => "proof_jwk_private";
    jh_29_jwk_symmetric: |s| header(s, json!({ "jwk": { "kty": "oct", "k": "AA" } })) => "proof_jwk_private";
    jh_29_jwk_symmetric_without_k: |s| header(s, json!({ "jwk": { "kty": "oct" } })) => "proof_jwk_type";
    jh_30_jwk_of_unknown_type: |s| jwk(s, json!({ "kty": "AKP" })) => "proof_jwk_type";
    jh_30_jwk_of_made_up_type: |s| jwk(s, json!({ "kty": "XYZ" })) => "proof_jwk_type";
    jh_30_jwk_type_in_lower_case: |s| jwk(s, json!({ "kty": "ec" })) => "proof_jwk_type";
    jh_30_jwk_without_type: |s| jwk(s, json!({ "kty": null })) => "proof_jwk_type";
    jh_30_jwk_type_is_a_number: |s| jwk(s, json!({ "kty": 2 })) => "proof_jwk_type";
    jh_32_jwk_without_y: |s| jwk(s, json!({ "y": null })) => "proof_jwk_member";
    jh_32_jwk_without_x: |s| jwk(s, json!({ "x": null })) => "proof_jwk_member";
    jh_32_jwk_without_curve: |s| jwk(s, json!({ "crv": null })) => "proof_jwk_curve";
    jh_32_jwk_with_a_number_for_x: |s| jwk(s, json!({ "x": 1 })) => "proof_jwk_member";
    jh_32_jwk_with_padding: |s| {
        jwk(s, json!({ "x": format!("{}=", s.client.key.public().to_jwk()["x"].as_str().unwrap()) }))
    } => "proof_jwk_member";
    jh_33_jwk_with_31_bytes_of_x: |s| jwk(s, json!({ "x": base64url::encode(&x(s)[1..]) })) => "proof_jwk_length";
    jh_33_jwk_with_33_bytes_of_x: |s| {
        jwk(s, json!({ "x": base64url::encode(&[&[0], x(s).as_slice()].concat()) }))
    } => "proof_jwk_length";
    jh_33_jwk_with_an_empty_x: |s| jwk(s, json!({ "x": "" })) => "proof_jwk_length";
    jh_35_jwk_off_the_curve: |s| jwk(s, json!({ "y": base64url::encode(&x(s)) })) => "proof_jwk_point";
    jh_35_jwk_at_the_origin: |s| point(s, "P-256", "ES256", &[0; 32], &[0; 32]) => "proof_jwk_point";
    jh_37_jwk_beyond_the_field: |s| point(s, "P-256", "ES256", &[0xff; 32], &[0xff; 32]) => "proof_jwk_point";
    jh_37_jwk_beyond_the_field_of_p_521: |s| point(s, "P-521", "ES512", &[0xff; 66], &[1; 66]) => "proof_jwk_point";
    jh_38_jwk_with_coordinates_of_a_longer_curve: |s| {
        jwk_of(s, &s.provider.client_with(Algorithm::Es384), "ES256", json!({ "crv": "P-256" }))
    } => "proof_jwk_length";
    jh_38_jwk_with_coordinates_of_a_shorter_curve: |s| {
        jwk_of(s, &s.client, "ES384", json!({ "crv": "P-384" }))
    } => "proof_jwk_length";
    jh_39_jwk_of_low_order: |s| ed25519(s, &LOW_ORDER) => "proof_jwk_point";
    jh_39_jwk_of_zeros: |s| ed25519(s, &[0; 32]) => "proof_jwk_point";
    jh_39_jwk_the_identity: |s| {
        let mut one = [0; 32];
        one[0] = 1;
        ed25519(s, &one)
    } => "proof_jwk_point";
    jh_39_jwk_beyond_the_field: |s| ed25519(s, &[0xff; 32]) => "proof_jwk_point";
    jh_39_jwk_of_31_bytes: |s| ed25519(s, &[9; 31]) => "proof_jwk_length";
    jh_40_jwk_that_agrees_and_does_not_sign: |s| {
        header(s, json!({ "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "X25519", "x": base64url::encode(&x(s)) } }))
    } => "proof_jwk_curve";
    jh_40_jwk_of_ed448: |s| {
        header(s, json!({ "alg": "EdDSA", "jwk": { "kty": "OKP", "crv": "Ed448", "x": base64url::encode(&[7; 57]) } }))
    } => "proof_jwk_curve";
    jh_40_jwk_of_another_curve: |s| jwk(s, json!({ "crv": "secp256k1" })) => "proof_jwk_curve";
    jh_41_rsa_1024_bits: |s| rsa(s, 1024, &F4) => "proof_jwk_modulus";
    jh_42_rsa_2047_bits: |s| rsa(s, 2047, &F4) => "proof_jwk_modulus";
    jh_42_rsa_2048_bits_with_a_leading_zero: |s| {
        let n = base64url::encode(&[&[0], [0xab; 256].as_slice()].concat());
        header(s, json!({ "alg": "RS256", "jwk": { "kty": "RSA", "n": n, "e": "AQAB" } }))
    } => "proof_jwk_member";
    jh_42_rsa_even_modulus: |s| {
        let n = base64url::encode(&[0xaa; 256]);
        header(s, json!({ "alg": "RS256", "jwk": { "kty": "RSA", "n": n, "e": "AQAB" } }))
    } => "proof_jwk_modulus";
    jh_43_rsa_exponent_one: |s| rsa(s, 2048, &[1]) => "proof_jwk_exponent";
    jh_44_rsa_exponent_even: |s| rsa(s, 2048, &[1, 0, 2]) => "proof_jwk_exponent";
    jh_44_rsa_exponent_three: |s| rsa(s, 2048, &[3]) => "proof_jwk_exponent";
    jh_44_rsa_exponent_just_too_small: |s| rsa(s, 2048, &[0xff, 0xff]) => "proof_jwk_exponent";
    jh_44_rsa_exponent_of_the_modulus_size: |s| rsa(s, 2048, &[0xab; 256]) => "proof_jwk_exponent";
    jh_44_rsa_exponent_empty: |s| rsa(s, 2048, &[]) => "proof_jwk_member";
    jh_45_rsa_16384_bits: |s| rsa(s, 16384, &F4) => "proof_jwk_modulus";
    jh_45_rsa_8193_bits: |s| rsa(s, 8193, &F4) => "proof_jwk_modulus";
    jh_48_key_ops_without_verify: |s| jwk(s, json!({ "key_ops": ["encrypt"] })) => "proof_jwk_key_ops";
    jh_48_key_ops_of_a_private_key: |s| jwk(s, json!({ "key_ops": ["sign"] })) => "proof_jwk_key_ops";
    jh_48_key_ops_empty: |s| jwk(s, json!({ "key_ops": [] })) => "proof_jwk_key_ops";
    jh_48_key_ops_is_text: |s| jwk(s, json!({ "key_ops": "verify" })) => "proof_jwk_key_ops";
    jh_48_use_enc: |s| jwk(s, json!({ "use": "enc" })) => "proof_jwk_use";
    jh_48_use_is_a_number: |s| jwk(s, json!({ "use": 1 })) => "proof_jwk_use";
    jh_49_jwk_alg_of_another_curve: |s| jwk(s, json!({ "alg": "ES384" })) => "proof_jwk_alg";
    jh_49_jwk_alg_unknown: |s| jwk(s, json!({ "alg": "ECDH-ES" })) => "proof_jwk_alg";
    jh_49_jwk_alg_that_the_key_could_serve: |s| {
        jwk_of(s, &s.provider.client_with(Algorithm::Rs256), "RS256", json!({ "alg": "PS256" }))
    } => "proof_jwk_alg_mismatch";
    jh_54_crit_unknown: |s| header(s, json!({ "crit": ["foo"], "foo": 1 })) => "proof_extension";
    jh_54_crit_empty: |s| header(s, json!({ "crit": [] })) => "proof_extension";
    jh_54_crit_of_a_known_name: |s| header(s, json!({ "crit": ["alg"] })) => "proof_extension";
    jh_54_crit_is_text: |s| header(s, json!({ "crit": "foo" })) => "proof_extension";
    jh_54_crit_null: |s| header_edited(s, |text| text.replacen('{', "{\"crit\":null,", 1)) => "proof_extension";
    jh_56_crit_b64: |s| header(s, json!({ "crit": ["b64"], "b64": false })) => "proof_extension";
    jh_56_b64_false_without_crit: |s| header(s, json!({ "b64": false })) => "proof_extension";
    jh_56_b64_true: |s| header(s, json!({ "b64": true })) => "proof_extension";
    jh_60_zip: |s| header(s, json!({ "zip": "DEF" })) => "proof_extension";
    jh_63_duplicate_in_jwk: |s| header_edited(s, |text| {
        text.replacen("\"kty\":\"EC\"", "\"kty\":\"EC\",\"kty\":\"EC\"", 1)
    }) => "proof_header";
    jh_63_duplicate_alg: |s| header_edited(s, |text| text.replacen('{', "{\"alg\":\"none\",", 1)) => "proof_header";
    jh_63_duplicate_jwk_through_an_escape: |s| header_edited(s, |text| {
        text.replacen('{', "{\"jw\\u006b\":{},", 1)
    }) => "proof_header";
    jh_63_duplicate_in_an_unknown_member: |s| header_edited(s, |text| {
        text.replacen('{', "{\"x\":[{\"a\":1,\"a\":1}],", 1)
    }) => "proof_header";
    jh_64_header_is_a_list: |s| header_text(s, "[]") => "proof_header";
    jh_64_header_is_text: |s| header_text(s, "\"dpop+jwt\"") => "proof_header";
    jh_64_header_is_a_number: |s| header_text(s, "1") => "proof_header";
    jh_64_header_is_null: |s| header_text(s, "null") => "proof_header";
    jh_64_header_is_no_json: |s| header_text(s, "{'alg':'ES256'}") => "proof_header";
    jh_64_header_with_bytes_behind: |s| header_edited(s, |text| format!("{text}{{}}")) => "proof_header";
    jh_65_header_a_thousand_levels_deep: |s| {
        header_text(s, &s.client.header().to_string().replacen('{', &format!("{{\"x\":{},", nested(1000)), 1))
    } => "proof_header";
    jh_65_header_one_level_too_deep: |s| {
        header_text(s, &s.client.header().to_string().replacen('{', &format!("{{\"x\":{},", nested(16)), 1))
    } => "proof_header";
    jh_67_header_with_a_byte_order_mark: |s| header_edited(s, |text| format!("\u{feff}{text}")) => "proof_header";
    jh_68_header_with_a_lone_surrogate: |s| header_edited(s, |text| {
        text.replacen('{', "{\"x\":\"\\ud800\",", 1)
    }) => "proof_header";
    jh_68_header_with_bytes_that_are_no_utf8: |s| {
        let whole = s.client.proof("GET", &s.url(Stage::PATH));
        let rest = whole.split_once('.').unwrap().1;
        s.request(&format!("{}.{rest}", base64url::encode(b"{\"alg\":\"\xff\"}")))
    } => "proof_header";
}

forwarded! {
    jh_03_typ_in_capitals: |s| header(s, json!({ "typ": "DPOP+JWT" }));
    jh_04_typ_as_a_whole_media_type: |s| header(s, json!({ "typ": "application/dpop+jwt" }));
    jh_04_typ_as_a_whole_media_type_in_mixed_case: |s| header(s, json!({ "typ": "Application/DPoP+JWT" }));
    jh_48_key_ops_with_verify: |s| jwk(s, json!({ "key_ops": ["verify"], "use": "sig" }));
    jh_49_jwk_alg_that_agrees: |s| jwk(s, json!({ "alg": "ES256" }));
    jh_51_other_ways_to_name_a_key_are_not_followed: |s| header(s, json!({
        "kid": "x", "x5u": "http://127.0.0.1:9/", "jku": "http://127.0.0.1:9/", "x5c": ["AA"], "x5t": 7,
    }));
    jh_51_members_of_the_jwk_that_say_nothing_here: |s| jwk(s, json!({
        "kid": 7, "x5u": "http://127.0.0.1:9/", "x5c": [], "x5t#S256": "x", "ext": true,
    }));
    jh_65_header_of_the_greatest_depth: |s| {
        header_text(s, &s.client.header().to_string().replacen('{', &format!("{{\"x\":{},", nested(15)), 1))
    };
}

#[test]
fn jh_25_what_was_given_away_is_not_logged() {
    let stage = stage();
    let client = stage.provider.client();
    let d = client.key.to_jwk()["d"].as_str().unwrap().to_owned();
    let request = jwk_of(stage, &client, "ES256", json!({ "d": d }));
    let answer = stage.refused("JH-25", &request, "invalid_dpop_proof", "proof_jwk_private");
    assert!(!format!("{answer:?}").contains(&d), "{answer:?}");
    assert!(!stage.gateway.log().contains(&d));
}

#[test]
fn jh_51_nothing_is_fetched_for_a_key() {
    let stage = stage();
    // A provider of its own, so that a visit could only be for this proof.
    let other = keybound_suites::Provider::start();
    let url = format!("{}/jwks", other.issuer);
    let request = header(stage, json!({ "jku": url, "x5u": url }));
    stage.forwarded("JH-51", &request, &stage.client.token);
    let request = header(stage, json!({ "jku": url, "x5u": url, "jwk": null }));
    stage.refused("JH-51", &request, "invalid_dpop_proof", "proof_jwk_missing");
    assert_eq!(other.key_requests(), 0);
}
