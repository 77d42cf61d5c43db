//! The proof as a compact JWS: parts, base64url, signatures, and the payload's JSON.

use keybound_pop::algorithm::Algorithm;
use keybound_pop::base64url;
use keybound_suites::{Client, Request, Stage};

fn proof(stage: &Stage) -> String {
    stage.client.proof("GET", &stage.url(Stage::PATH))
}

/// A request whose proof is the good one after an edit of header, payload and signature.
fn parts(stage: &Stage, edit: fn(&str, &str, &str) -> String) -> Request {
    let whole = proof(stage);
    let parts: Vec<&str> = whole.split('.').collect();
    stage.request(&edit(parts[0], parts[1], parts[2]))
}

/// A request whose proof has this text as its payload.
fn payload(stage: &Stage, text: &str) -> Request {
    stage.request(&stage.client.signed(&stage.client.header().to_string(), text))
}

/// A request whose proof has the good claims after an edit of their text.
fn claims(stage: &Stage, edit: fn(&str) -> String) -> Request {
    payload(stage, &edit(&stage.client.claims("GET", &stage.url(Stage::PATH)).to_string()))
}

/// A request whose proof has another signature.
fn signature(stage: &Stage, edit: fn(&mut Vec<u8>)) -> Request {
    signature_of(stage, &stage.client, edit)
}

fn signature_of(stage: &Stage, client: &Client, edit: fn(&mut Vec<u8>)) -> Request {
    let whole = client.proof("GET", &stage.url(Stage::PATH));
    let (signed, signature) = whole.rsplit_once('.').unwrap();
    let mut bytes = base64url::decode(signature).unwrap();
    edit(&mut bytes);
    stage.by(client, "GET", Stage::PATH).proof(&format!("{signed}.{}", base64url::encode(&bytes)))
}

fn deep(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// The order of P-256.
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The order of Ed25519's group, least significant byte first.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

bad_proofs! {
    js_01_not_a_jws: |s| s.request("foo") => "proof_malformed";
    js_01_one_dot: |s| parts(s, |header, payload, _| format!("{header}.{payload}")) => "proof_malformed";
    js_01_dots_only: |s| s.request("..") => "proof_malformed";
    js_01_json_instead: |s| s.request("{\"payload\":\"e30\"}") => "proof_malformed";
    js_03_four_parts: |s| s.request(&format!("{}.x", proof(s))) => "proof_malformed";
    js_03_five_parts: |s| s.request(&format!("{}.x.x", proof(s))) => "proof_malformed";
    js_05_a_dot_behind: |s| s.request(&format!("{}.", proof(s))) => "proof_malformed";
    js_06_a_dot_before: |s| s.request(&format!(".{}", proof(s))) => "proof_malformed";
    js_06_no_header: |s| parts(s, |_, payload, signature| format!(".{payload}.{signature}")) => "proof_malformed";
    js_07_no_payload: |s| parts(s, |header, _, signature| format!("{header}..{signature}")) => "proof_malformed";
    js_10_no_signature: |s| parts(s, |header, payload, _| format!("{header}.{payload}.")) => "proof_malformed";
    js_11_one_bit_of_the_signature: |s| signature(s, |bytes| bytes[0] ^= 1) => "proof_signature";
    js_11_the_last_bit_of_the_signature: |s| signature(s, |bytes| bytes[63] ^= 1) => "proof_signature";
    js_11_the_signature_of_another_proof: |s| {
        let other = proof(s);
        let (signed, _) = other.rsplit_once('.').unwrap();
        s.request(&format!("{signed}.{}", proof(s).rsplit_once('.').unwrap().1))
    } => "proof_signature";
    js_11_the_payload_of_another_proof: |s| {
        let (one, other) = (proof(s), proof(s));
        let (one, other): (Vec<_>, Vec<_>) = (one.split('.').collect(), other.split('.').collect());
        s.request(&format!("{}.{}.{}", one[0], other[1], one[2]))
    } => "proof_signature";
    js_13_ecdsa_of_zeros: |s| signature(s, |bytes| bytes.fill(0)) => "proof_signature";
    js_13_ecdsa_r_zero: |s| signature(s, |bytes| bytes[..32].fill(0)) => "proof_signature";
    js_13_ecdsa_s_zero: |s| signature(s, |bytes| bytes[32..].fill(0)) => "proof_signature";
    js_14_ecdsa_r_is_the_order: |s| signature(s, |bytes| bytes[..32].copy_from_slice(&N)) => "proof_signature";
    js_14_ecdsa_s_is_the_order: |s| signature(s, |bytes| bytes[32..].copy_from_slice(&N)) => "proof_signature";
    js_14_ecdsa_all_bits_set: |s| signature(s, |bytes| bytes.fill(0xff)) => "proof_signature";
    js_15_ecdsa_63_bytes: |s| signature(s, |bytes| { bytes.pop(); }) => "proof_signature";
    js_15_ecdsa_65_bytes: |s| signature(s, |bytes| bytes.push(0)) => "proof_signature";
    js_15_ecdsa_in_der: |s| signature(s, |bytes| {
        let number = |part: &[u8]| [&[2, 33, 0], part].concat();
        let (r, s) = bytes.split_at(32);
        let both = [number(r), number(s)].concat();
        *bytes = [&[0x30, both.len() as u8], both.as_slice()].concat();
    }) => "proof_signature";
    js_17_eddsa_s_plus_the_order: |s| signature_of(s, &s.provider.client_with(Algorithm::EdDsa), |bytes| {
        let mut carry = 0;
        for (byte, add) in bytes[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            (*byte, carry) = (sum as u8, sum >> 8);
        }
    }) => "proof_signature";
    js_17_eddsa_one_bit: |s| {
        signature_of(s, &s.provider.client_with(Algorithm::EdDsa), |bytes| bytes[5] ^= 4)
    } => "proof_signature";
    js_17_eddsa_63_bytes: |s| {
        signature_of(s, &s.provider.client_with(Algorithm::EdDsa), |bytes| { bytes.pop(); })
    } => "proof_signature";
    js_20_rsa_one_bit: |s| {
        signature_of(s, &s.provider.client_with(Algorithm::Rs256), |bytes| bytes[5] ^= 4)
    } => "proof_signature";
    js_20_rsa_without_padding: |s| {
        // The number one: what any key turns one into, and no padding at all.
        signature_of(s, &s.provider.client_with(Algorithm::Rs256), |bytes| {
            bytes.fill(0);
            *bytes.last_mut().unwrap() = 1;
        })
    } => "proof_signature";
    js_20_rsa_of_zeros: |s| {
        signature_of(s, &s.provider.client_with(Algorithm::Rs256), |bytes| bytes.fill(0))
    } => "proof_signature";
    js_20_rsa_one_byte_short: |s| {
        signature_of(s, &s.provider.client_with(Algorithm::Rs256), |bytes| { bytes.pop(); })
    } => "proof_signature";
    js_20_rsa_one_byte_long: |s| {
        signature_of(s, &s.provider.client_with(Algorithm::Rs256), |bytes| bytes.insert(0, 0))
    } => "proof_signature";
    js_24_spare_bits_in_the_payload: |s| {
        // One byte more or less of white space leaves spare bits for every length.
        let good = s.client.claims("GET", &s.url(Stage::PATH)).to_string();
        let text = format!("{good}{}", " ".repeat((4 - good.len() % 3) % 3));
        let whole = s.client.signed(&s.client.header().to_string(), &text);
        let (head, signature) = whole.rsplit_once('.').unwrap();
        let (rest, last) = head.split_at(head.len() - 1);
        s.request(&format!("{rest}{}.{signature}", if last == "A" { 'B' } else { char::from(last.as_bytes()[0] + 1) }))
    } => "proof_malformed";
    js_24_spare_bits_in_the_signature: |s| {
        let whole = proof(s);
        let (rest, last) = whole.split_at(whole.len() - 1);
        // 64 bytes end in a character with four spare bits: A, Q, g or w.
        s.request(&format!("{rest}{}", char::from(last.as_bytes()[0] + 1)))
    } => "proof_malformed";
    js_24_padding_behind: |s| s.request(&format!("{}==", proof(s))) => "proof_malformed";
    js_24_padding_in_the_header: |s| parts(s, |header, payload, signature| {
        format!("{header}=.{payload}.{signature}")
    }) => "proof_malformed";
    js_25_the_other_alphabet: |s| parts(s, |header, payload, signature| {
        format!("{header}.{payload}.+/{}", &signature[2..])
    }) => "proof_malformed";
    js_25_white_space_inside: |s| parts(s, |header, payload, signature| {
        format!("{header}. {payload}.{signature}")
    }) => "proof_malformed";
    js_25_a_tab_inside: |s| parts(s, |header, payload, signature| {
        format!("{header}.{payload}\t.{signature}")
    }) => "proof_malformed";
    js_27_dots_as_escapes: |s| s.request(&proof(s).replace('.', "%2E")) => "proof_malformed";
    js_27_a_quoted_proof: |s| s.request(&format!("\"{}\"", proof(s))) => "proof_malformed";
    js_28_payload_is_no_json: |s| payload(s, "not json") => "proof_payload";
    js_28_payload_is_cut_off: |s| claims(s, |text| text[..text.len() - 1].to_owned()) => "proof_payload";
    js_29_payload_is_a_list: |s| claims(s, |text| format!("[{text}]")) => "proof_payload";
    js_29_payload_is_text: |s| payload(s, "\"x\"") => "proof_payload";
    js_29_payload_is_null: |s| payload(s, "null") => "proof_payload";
    js_30_bytes_behind_the_payload: |s| claims(s, |text| format!("{text} trailing")) => "proof_payload";
    js_30_a_second_object: |s| claims(s, |text| format!("{text}{text}")) => "proof_payload";
    js_30_a_nul_behind: |s| claims(s, |text| format!("{text}\0")) => "proof_payload";
    js_30_a_byte_order_mark: |s| claims(s, |text| format!("\u{feff}{text}")) => "proof_payload";
    js_33_not_a_number: |s| claims(s, |text| text.replacen('{', "{\"x\":NaN,", 1)) => "proof_payload";
    js_33_infinity: |s| claims(s, |text| text.replacen('{', "{\"x\":Infinity,", 1)) => "proof_payload";
    js_33_a_number_without_end: |s| claims(s, |text| text.replacen('{', "{\"x\":1e999,", 1)) => "proof_payload";
    js_33_a_comment: |s| claims(s, |text| text.replacen('{', "{/**/", 1)) => "proof_payload";
    js_33_a_comma_behind: |s| claims(s, |text| text.replacen('}', ",}", 1)) => "proof_payload";
    js_33_a_leading_zero: |s| claims(s, |text| text.replacen('{', "{\"x\":01,", 1)) => "proof_payload";
    js_33_a_raw_control_character: |s| claims(s, |text| text.replacen('{', "{\"x\":\"\u{1}\",", 1)) => "proof_payload";
    js_34_a_thousand_levels: |s| {
        let good = s.client.claims("GET", &s.url(Stage::PATH)).to_string();
        payload(s, &good.replacen('{', &format!("{{\"x\":{},", deep(1000)), 1))
    } => "proof_payload";
    js_34_one_level_too_many: |s| {
        let good = s.client.claims("GET", &s.url(Stage::PATH)).to_string();
        payload(s, &good.replacen('{', &format!("{{\"x\":{},", deep(16)), 1))
    } => "proof_payload";
    js_35_htm_twice: |s| claims(s, |text| text.replacen('{', "{\"htm\":\"POST\",", 1)) => "proof_payload";
    js_35_htm_twice_the_same: |s| claims(s, |text| text.replacen('{', "{\"htm\":\"GET\",", 1)) => "proof_payload";
    js_35_htm_twice_through_an_escape: |s| claims(s, |text| {
        text.replacen('{', "{\"\\u0068tm\":\"GET\",", 1)
    }) => "proof_payload";
    js_36_jti_twice: |s| claims(s, |text| text.replacen('{', "{\"jti\":\"x\",", 1)) => "proof_payload";
    js_36_htu_twice: |s| claims(s, |text| text.replacen('{', "{\"htu\":\"x\",", 1)) => "proof_payload";
    js_36_ath_twice: |s| claims(s, |text| text.replacen('{', "{\"ath\":\"x\",", 1)) => "proof_payload";
    js_37_nonce_twice: |s| claims(s, |text| {
        text.replacen('{', "{\"nonce\":\"x\",\"nonce\":\"y\",", 1)
    }) => "proof_payload";
    js_37_a_duplicate_in_an_unknown_claim: |s| claims(s, |text| {
        text.replacen('{', "{\"x\":{\"a\":1,\"a\":2},", 1)
    }) => "proof_payload";
}

forwarded! {
    js_30_white_space_around_the_payload: |s| claims(s, |text| format!(" {text}\r\n\t"));
    js_34_the_greatest_depth: |s| {
        let good = s.client.claims("GET", &s.url(Stage::PATH)).to_string();
        payload(s, &good.replacen('{', &format!("{{\"x\":{},", deep(15)), 1))
    };
}
