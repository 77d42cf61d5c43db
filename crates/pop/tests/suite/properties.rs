//! Properties over random input.

use std::sync::LazyLock;

use keybound_pop::algorithm::{Algorithm, AlgorithmSet};
use keybound_pop::base64url;
use keybound_pop::htu::{self, Target, normal_path};
use keybound_pop::json::{self, JsonFault};
use keybound_pop::jwk::PublicKey;
use keybound_pop::jws::CompactJws;
use keybound_pop::nonce::NonceKeys;
use keybound_pop::proof::{self, NoCache, NoncePolicy, Policy, ProofFault, Request, Verified};
use keybound_pop::sign::{self, ProofClaims, SigningKey};
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use keybound_pop::time::UnixTime;
use proptest::prelude::*;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const URL: &str = "https://api.example/a/b";

static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| {
    Algorithm::ALL.into_iter().map(|algorithm| SigningKey::generate(algorithm).unwrap()).collect()
});

fn signed(key: &SigningKey, jti: &str) -> String {
    let claims = ProofClaims {
        method: "GET".into(),
        url: URL.into(),
        jti: jti.into(),
        iat: NOW.secs(),
        ath: Some(token_hash(b"token")),
        nonce: None,
    };
    sign::proof(key, &claims).unwrap()
}

fn check(text: &[u8], jkt: &Thumbprint) -> Result<Verified, ProofFault> {
    let (targets, hash) = ([Target::parse(URL).unwrap()], token_hash(b"token"));
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    let policy = Policy { algorithms: AlgorithmSet::ALL, lifetime: 300, leeway: 10, max_length: 8192 };
    proof::check(&[text], &request, jkt, &policy, NoncePolicy::Ignore, NOW, &NoCache)
}

/// RFC 3986 §5.2.4 step by step, on a buffer, as it stands there.
fn by_the_letter(path: &str) -> String {
    let (mut input, mut output) = (path.to_owned(), String::new());
    while !input.is_empty() {
        if let Some(rest) = input.strip_prefix("../").or_else(|| input.strip_prefix("./")) {
            input = rest.to_owned();
        } else if let Some(rest) = input.strip_prefix("/./") {
            input = format!("/{rest}");
        } else if input == "/." {
            input = "/".to_owned();
        } else if input.starts_with("/../") || input == "/.." {
            input = format!("/{}", input.strip_prefix("/../").unwrap_or_default());
            output.truncate(output.rfind('/').unwrap_or_default());
        } else if input == "." || input == ".." {
            input.clear();
        } else {
            let end = input.char_indices().skip(1).find(|(_, c)| *c == '/').map_or(input.len(), |(at, _)| at);
            output.push_str(&input[..end]);
            input = input[end..].to_owned();
        }
    }
    output
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_signed_verifies_and_any_flipped_bit_is_refused(
        algorithm in 0..Algorithm::ALL.len(),
        jti in "\\PC{1,60}",
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let key = &KEYS[algorithm];
        let jkt = key.public().thumbprint();
        let mut text = signed(key, &jti).into_bytes();
        prop_assert!(check(&text, &jkt).is_ok());
        let index = place.index(text.len());
        text[index] ^= 1 << bit;
        prop_assert!(check(&text, &jkt).is_err(), "bit {bit} of byte {index}");
    }

    #[test]
    fn no_input_is_taken_for_a_proof_and_none_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(check(&bytes, &Thumbprint::of(b"")).is_err());
    }

    #[test]
    fn base64url_decodes_only_what_it_encodes(bytes in prop::collection::vec(any::<u8>(), 0..80), text in "[A-Za-z0-9_=+/ -]{0,24}") {
        prop_assert_eq!(base64url::decode(&base64url::encode(&bytes)), Ok(bytes));
        if let Ok(decoded) = base64url::decode(&text) {
            prop_assert_eq!(base64url::encode(&decoded), text);
        }
    }

    #[test]
    fn a_public_key_round_trips_through_its_jwk(algorithm in 0..Algorithm::ALL.len()) {
        let public = KEYS[algorithm].public();
        let again = PublicKey::from_jwk(&public.to_jwk()).unwrap();
        prop_assert_eq!(again.thumbprint(), public.thumbprint());
        prop_assert_eq!(again.to_jwk(), public.to_jwk());
    }

    #[test]
    fn a_jws_keeps_its_claims(name in "[a-z]{1,10}", value in "\\PC{0,40}") {
        let claims = serde_json::Map::from_iter([(name, value.into())]);
        let text = sign::jws(&KEYS[0], serde_json::Map::new(), &claims).unwrap();
        let jws = CompactJws::parse(&text, 8192).unwrap();
        prop_assert!(jws.verify(&KEYS[0].public()).is_ok());
        prop_assert_eq!(jws.claims(), Ok(claims));
    }

    #[test]
    fn the_normal_form_of_a_path_is_its_own_normal_form(path in "(/[A-Za-z0-9._~%;:@!$&'()*+,=-]{0,6}){1,6}") {
        if let Ok(normal) = normal_path(&path) {
            prop_assert_eq!(normal_path(&normal), Ok(normal.clone()));
            prop_assert!(!normal.split('/').any(|segment| segment == "." || segment == ".."), "{normal}");
        }
    }

    #[test]
    fn dot_segments_go_as_rfc_3986_section_5_2_4_removes_them(path in "(/(\\.|\\.\\.|[a-z]{0,2}|\\.[a-z])){1,8}") {
        prop_assert_eq!(normal_path(&path), Ok(by_the_letter(&path)));
    }

    #[test]
    fn an_escaped_unreserved_character_is_the_character(path in "(/[A-Za-z0-9_~-]{1,5}){1,4}", which in any::<u32>()) {
        let escaped: String = path.char_indices().map(|(at, c)| match c {
            '/' => "/".to_owned(),
            _ if which & 1 << (at % 32) == 0 => c.to_string(),
            _ if at % 2 == 0 => format!("%{:02x}", u32::from(c)),
            _ => format!("%{:02X}", u32::from(c)),
        }).collect();
        prop_assert_eq!(normal_path(&escaped), Ok(path));
    }

    #[test]
    fn an_object_is_read_as_serde_json_reads_it_unless_a_member_comes_twice(
        members in prop::collection::vec(("[a-c]{1,2}", any::<i32>()), 0..6),
        escaped in any::<bool>(),
    ) {
        let name = |name: &str| match escaped {
            false => name.to_owned(),
            true => name.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect(),
        };
        let text: Vec<String> = members.iter().map(|(at, value)| format!("\"{}\": {value}", name(at))).collect();
        let text = format!("{{{}}}", text.join(", "));
        let distinct: std::collections::BTreeSet<&String> = members.iter().map(|(name, _)| name).collect();
        let got = json::parse_object(text.as_bytes(), json::MAX_DEPTH);
        if distinct.len() == members.len() {
            prop_assert_eq!(got.unwrap(), serde_json::from_str::<serde_json::Map<_, _>>(&text).unwrap());
        } else {
            prop_assert_eq!(got, Err(JsonFault::Duplicate));
        }
    }

    #[test]
    fn a_url_names_itself_and_no_other_path(path in "(/[a-z0-9]{1,4}){1,4}", other in "(/[a-z0-9]{1,4}){1,4}") {
        let target = Target::parse(&format!("https://h{path}")).unwrap();
        prop_assert_eq!(htu::compare(&target.to_string(), &target, false), Ok(()));
        let same = htu::compare(&format!("https://h{other}"), &target, false).is_ok();
        prop_assert_eq!(same, path == other);
    }

    #[test]
    fn any_text_is_a_url_or_a_fault_and_never_a_panic(text in "\\PC{0,80}") {
        let _ = Target::parse(&text);
        let _ = htu::parse_authority(&text);
        let _ = normal_path(&text);
    }

    #[test]
    fn a_nonce_opens_for_its_whole_life_under_its_secret_only(age in 0..=300_i64, secret in "[a-z]{1,20}", random in any::<[u8; 12]>()) {
        let keys = NonceKeys::new(&[secret.as_str()]).unwrap();
        let nonce = keys.seal(NOW, b"", random);
        prop_assert!(nonce.len() < 200);
        prop_assert_eq!(keys.open(&nonce, b"", NOW.plus_secs(age), 300, 10).unwrap().age, age);
        let other = NonceKeys::new(&[format!("{secret}!")]).unwrap();
        prop_assert!(other.open(&nonce, b"", NOW, 300, 10).is_err());
    }
}
