use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::algorithm::Algorithm;
use crate::htu::HtuFault;
use crate::jwk::{KeyFault, PreparedKey, Preparer};
use crate::sign::{self, SigningKey};
use crate::thumbprint::token_hash;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const URL: &str = "https://api.example/orders";

/// A proof in parts, to be broken in one place at a time.
struct Draft {
    key: SigningKey,
    header: Object,
    claims: Object,
}

impl Draft {
    fn new() -> Self {
        Self::with(Algorithm::Es256)
    }

    fn with(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let header = object(json!({"typ": "dpop+jwt", "jwk": key.public().to_jwk()}));
        let claims = object(json!({
            "jti": "one", "htm": "GET", "htu": URL, "iat": NOW.secs(), "ath": base64url::encode(&token_hash(b"token"))
        }));
        Self { key, header, claims }
    }

    fn claim(mut self, name: &str, value: Value) -> Self {
        self.claims.insert(name.into(), value);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    fn header(mut self, name: &str, value: Value) -> Self {
        self.header.insert(name.into(), value);
        self
    }

    fn text(&self) -> String {
        sign::jws(&self.key, self.header.clone(), &self.claims).unwrap()
    }

    fn check(&self) -> Result<Verified, ProofFault> {
        check_text(&self.text(), &self.key.public().thumbprint(), NoncePolicy::Ignore, NOW)
    }
}

fn object(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

fn policy() -> Policy {
    Policy { algorithms: AlgorithmSet::ALL, lifetime: 300, leeway: 10, max_length: 8192 }
}

fn check_text(
    text: &str,
    jkt: &Thumbprint,
    nonce: NoncePolicy<'_>,
    now: UnixTime,
) -> Result<Verified, ProofFault> {
    let (targets, hash) = ([Target::parse(URL).unwrap()], token_hash(b"token"));
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    check(&[text.as_bytes()], &request, jkt, &policy(), nonce, now, &NoCache)
}

fn fault(draft: &Draft) -> ProofFault {
    draft.check().unwrap_err()
}

#[test]
fn a_proof_by_each_algorithm_is_verified() {
    for algorithm in Algorithm::ALL {
        let draft = Draft::with(algorithm);
        let verified = draft.check().unwrap();
        assert_eq!(verified.thumbprint, draft.key.public().thumbprint(), "{algorithm}");
        assert_eq!(verified.keep_until, NOW.plus_secs(310));
    }
}

#[test]
fn exactly_one_field_of_bounded_length_is_taken() {
    let draft = Draft::new();
    let (text, jkt) = (draft.text(), draft.key.public().thumbprint());
    let (targets, hash) = ([Target::parse(URL).unwrap()], token_hash(b"token"));
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    let check =
        |fields: &[&[u8]]| check(fields, &request, &jkt, &policy(), NoncePolicy::Ignore, NOW, &NoCache);
    assert_eq!(check(&[]), Err(ProofFault::Missing));
    assert_eq!(check(&[text.as_bytes(), text.as_bytes()]), Err(ProofFault::Multiple));
    assert_eq!(check(&[b""]), Err(ProofFault::Form));
    assert_eq!(check(&[format!("{text}, {text}").as_bytes()]), Err(ProofFault::Form));
    assert_eq!(check(&[b"\xff.a.b"]), Err(ProofFault::Form));
    assert_eq!(check(&[&[b'a'; 8193]]), Err(ProofFault::TooLong));
    assert_eq!(check(&[format!("{text}=").as_bytes()]), Err(ProofFault::Form));
}

#[test]
fn typ_is_a_media_type_of_either_length_in_any_case() {
    for typ in ["dpop+jwt", "DPOP+JWT", "application/dpop+jwt", "Application/DPoP+JWT"] {
        assert!(Draft::new().header("typ", json!(typ)).check().is_ok(), "{typ}");
    }
    for typ in [json!("JWT"), json!("at+jwt"), json!(1), json!("dpop+jwt;x=1"), json!("")] {
        assert_eq!(fault(&Draft::new().header("typ", typ.clone())), ProofFault::Typ, "{typ}");
    }
}

#[test]
fn each_rule_of_the_header() {
    for (name, value, expected) in [
        ("crit", json!(["exp"]), ProofFault::Extension),
        ("crit", json!([]), ProofFault::Extension),
        ("b64", json!(false), ProofFault::Extension),
        ("zip", json!("DEF"), ProofFault::Extension),
        ("jwk", json!(null), ProofFault::JwkMissing),
        ("jwk", json!("x"), ProofFault::JwkMissing),
        ("jwk", json!({}), ProofFault::Jwk(KeyFault::Type)),
        ("jwk", json!({"kty": "oct", "k": "AAAA"}), ProofFault::Jwk(KeyFault::Private)),
        ("jwk", json!({"kty": "AKP"}), ProofFault::Jwk(KeyFault::Type)),
    ] {
        assert_eq!(fault(&Draft::new().header(name, value.clone())), expected, "{name} {value}");
    }
    for (name, value) in
        [("kid", json!("x")), ("x5u", json!("http://x")), ("jku", json!("file:///")), ("x5c", json!([]))]
    {
        assert!(Draft::new().header(name, value).check().is_ok(), "{name}");
    }
}

#[test]
fn alg_none_hmac_and_unknown_are_not_algorithms() {
    for alg in [
        json!("none"),
        json!("NONE"),
        json!("nOnE"),
        json!("HS256"),
        json!("RS1"),
        json!(["ES256"]),
        json!(null),
    ] {
        let draft = Draft::new();
        let mut header = draft.header.clone();
        header.insert("alg".into(), alg.clone());
        let encode = |object: &Object| base64url::encode(&serde_json::to_vec(object).unwrap());
        let text = format!("{}.{}.QUFB", encode(&header), encode(&draft.claims));
        let jkt = draft.key.public().thumbprint();
        assert_eq!(check_text(&text, &jkt, NoncePolicy::Ignore, NOW), Err(ProofFault::Algorithm), "{alg}");
    }
}

/// A cache that offers one prepared key for whatever header.
struct Offers(Option<Arc<PreparedKey>>);

impl KeyCache for Offers {
    fn find(&self, _segment: &str) -> Option<Arc<ProofHeader>> {
        None
    }
    fn keep(&self, _segment: &str, _header: &Arc<ProofHeader>) {}
    fn prepared(&self, _header: &ProofHeader) -> Option<Arc<PreparedKey>> {
        self.0.clone()
    }
}

#[test]
fn a_prepared_key_decides_as_the_key_itself_and_never_for_another_key() {
    let (draft, other) = (Draft::new(), Draft::new());
    let (text, jkt) = (draft.text(), draft.key.public().thumbprint());
    let (head, signature) = text.rsplit_once('.').unwrap();
    // The other key's signature in a proof that shows this key.
    let (_, others) = sign::jws(&other.key, draft.header.clone(), &draft.claims)
        .map(|text| text.rsplit_once('.').map(|(head, tail)| (head.to_owned(), tail.to_owned())).unwrap())
        .unwrap();
    let (targets, hash) = ([Target::parse(URL).unwrap()], token_hash(b"token"));
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    let preparer = Preparer::new();
    for offered in [None, preparer.prepare(&draft.key.public()), preparer.prepare(&other.key.public())] {
        let cache = Offers(offered.map(Arc::new));
        let check = |text: &str| {
            check(&[text.as_bytes()], &request, &jkt, &policy(), NoncePolicy::Ignore, NOW, &cache)
        };
        assert!(check(&text).is_ok());
        assert_eq!(check(&format!("{head}.{others}")), Err(ProofFault::Signature));
        let flipped = format!("{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
        assert_eq!(check(&format!("{head}.{flipped}")), Err(ProofFault::Signature));
    }
    assert!(preparer.prepare(&SigningKey::generate(Algorithm::Es384).unwrap().public()).is_none());
}

#[test]
fn an_algorithm_outside_of_the_policy_is_refused_also_from_the_cache() {
    #[derive(Default)]
    struct Kept(Mutex<HashMap<String, Arc<ProofHeader>>>);
    impl KeyCache for Kept {
        fn find(&self, segment: &str) -> Option<Arc<ProofHeader>> {
            self.0.lock().unwrap().get(segment).cloned()
        }
        fn keep(&self, segment: &str, header: &Arc<ProofHeader>) {
            self.0.lock().unwrap().insert(segment.into(), header.clone());
        }
    }
    let (cache, draft) = (Kept::default(), Draft::new());
    let (text, jkt) = (draft.text(), draft.key.public().thumbprint());
    let (targets, hash) = ([Target::parse(URL).unwrap()], token_hash(b"token"));
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    let check = |text: &str, policy| {
        check(&[text.as_bytes()], &request, &jkt, &policy, NoncePolicy::Ignore, NOW, &cache)
    };
    let mut broken = text.clone();
    broken.replace_range(
        text.len() - 10..text.len() - 9,
        if text.as_bytes()[text.len() - 10] == b'A' { "B" } else { "A" },
    );
    assert_eq!(check(&broken, policy()), Err(ProofFault::Signature));
    assert!(cache.0.lock().unwrap().is_empty(), "a header is kept only after its signature verified");
    assert!(check(&text, policy()).is_ok());
    assert_eq!(cache.0.lock().unwrap().len(), 1);
    assert!(check(&text, policy()).is_ok());
    let others = Policy { algorithms: [Algorithm::Ps256].into_iter().collect(), ..policy() };
    assert_eq!(check(&text, others), Err(ProofFault::AlgorithmNotAccepted));
}

#[test]
fn each_claim_has_its_type() {
    for (name, expected) in [
        ("jti", ProofFault::Jti),
        ("htm", ProofFault::Htm),
        ("htu", ProofFault::Htu),
        ("iat", ProofFault::Iat),
        ("ath", ProofFault::Ath),
    ] {
        assert_eq!(fault(&Draft::new().without(name)), expected, "{name} missing");
        for value in [json!(null), json!(true), json!([]), json!({})] {
            assert_eq!(fault(&Draft::new().claim(name, value.clone())), expected, "{name} {value}");
        }
    }
    let hash = base64url::encode(&token_hash(b"token"));
    for (name, value, expected) in [
        ("jti", json!(""), ProofFault::Jti),
        ("jti", json!("x".repeat(257)), ProofFault::Jti),
        ("jti", json!(7), ProofFault::Jti),
        ("iat", json!(NOW.secs().to_string()), ProofFault::Iat),
        ("iat", json!(1e300), ProofFault::Iat),
        ("exp", json!("soon"), ProofFault::NumericDate),
        ("nbf", json!(null), ProofFault::NumericDate),
        ("nonce", json!(1), ProofFault::NonceType),
        ("ath", json!(format!("{hash}=")), ProofFault::Ath),
        ("ath", json!("x"), ProofFault::Ath),
    ] {
        assert_eq!(fault(&Draft::new().claim(name, value.clone())), expected, "{name} {value}");
    }
    for (name, value) in [
        ("jti", json!("x".repeat(256))),
        ("jti", json!("\u{0}\n\u{202e}\u{1f600}")),
        ("iat", json!(1_700_000_000.5)),
        ("aud", json!(1)),
        ("bh", json!("x")),
    ] {
        assert!(Draft::new().claim(name, value.clone()).check().is_ok(), "{name} {value}");
    }
}

#[test]
fn a_member_named_twice_or_nested_without_end_is_no_payload() {
    let draft = Draft::new();
    let header = draft.text().split('.').next().unwrap().to_owned();
    let nested = format!("{{\"x\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    for payload in [
        "{\"htm\":\"POST\",\"htm\":\"GET\"}",
        "{\"jti\":\"a\",\"j\\u0074i\":\"b\"}",
        "[]",
        "{}x",
        nested.as_str(),
    ] {
        let text = format!("{header}.{}.QUFB", base64url::encode(payload.as_bytes()));
        let jkt = draft.key.public().thumbprint();
        assert_eq!(
            check_text(&text, &jkt, NoncePolicy::Ignore, NOW),
            Err(ProofFault::Payload),
            "{payload:.40}"
        );
    }
}

#[test]
fn method_and_url_are_the_requests_own() {
    for htm in ["get", "POST", "GET ", ""] {
        assert_eq!(fault(&Draft::new().claim("htm", json!(htm))), ProofFault::HtmMismatch, "{htm}");
    }
    let other = Draft::new().claim("htu", json!("https://api.example/other"));
    assert_eq!(fault(&other), ProofFault::HtuMismatch(HtuFault::PathMismatch));
    assert!(Draft::new().claim("htu", json!(format!("{URL}?a=b#c"))).check().is_ok());
    let text = Draft::new().text();
    let targets = [Target::parse(URL).unwrap()];
    let hash = token_hash(b"token");
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: true,
        websocket: false,
        token_hash: &hash,
    };
    let got = check(
        &[text.as_bytes()],
        &request,
        &Thumbprint::of(b""),
        &policy(),
        NoncePolicy::Ignore,
        NOW,
        &NoCache,
    );
    assert_eq!(got, Err(ProofFault::AmbiguousPath));
}

#[test]
fn iat_lies_in_its_window_both_edges_included() {
    for (age, expected) in [
        (0, Ok(())),
        (310, Ok(())),
        (311, Err(ProofFault::TooOld)),
        (-10, Ok(())),
        (-11, Err(ProofFault::TooNew)),
        (NOW.secs(), Err(ProofFault::TooOld)),
        (-NOW.secs() * 100, Err(ProofFault::TooNew)),
    ] {
        let got = Draft::new().claim("iat", json!(NOW.secs() - age)).check().map(|_| ());
        assert_eq!(got, expected, "iat {age} s ago");
    }
}

#[test]
fn exp_and_nbf_hold_within_the_leeway_when_given() {
    for (name, offset, expected) in [
        ("exp", 300, Ok(())),
        ("exp", -9, Ok(())),
        ("exp", -10, Err(ProofFault::Expired)),
        ("nbf", 0, Ok(())),
        ("nbf", 10, Ok(())),
        ("nbf", 11, Err(ProofFault::NotYetValid)),
    ] {
        let got = Draft::new().claim(name, json!(NOW.secs() + offset)).check().map(|_| ());
        assert_eq!(got, expected, "{name} in {offset} s");
    }
}

#[test]
fn a_nonce_of_ours_counts_instead_of_iat() {
    let keys = NonceKeys::new(&["secret"]).unwrap();
    let fresh = keys.seal(NOW, b"", [1; 12]);
    let old = keys.seal(NOW.plus_secs(-301), b"", [2; 12]);
    let foreign = NonceKeys::new(&["other"]).unwrap().seal(NOW, b"", [3; 12]);
    let run = |nonce: Option<&str>, iat: i64, policy: NoncePolicy<'_>| {
        let mut draft = Draft::new().claim("iat", json!(NOW.secs() + iat));
        if let Some(nonce) = nonce {
            draft = draft.claim("nonce", json!(nonce));
        }
        check_text(&draft.text(), &draft.key.public().thumbprint(), policy, NOW)
            .map(|verified| verified.nonce_age)
    };
    let require = NoncePolicy::Require(&keys, b"");
    let accept = NoncePolicy::Accept(&keys, b"");
    assert_eq!(run(None, 0, require), Err(ProofFault::NonceMissing));
    assert_eq!(run(Some(&fresh), 0, require), Ok(Some(0)));
    assert_eq!(run(Some(&fresh), -3600, require), Ok(Some(0)));
    assert_eq!(run(Some(&fresh), 3600, require), Ok(Some(0)));
    assert_eq!(run(Some(&old), 0, require), Err(ProofFault::NonceInvalid));
    assert_eq!(run(Some(&foreign), 0, require), Err(ProofFault::NonceInvalid));
    assert_eq!(run(None, 0, accept), Ok(None));
    assert_eq!(run(Some(&foreign), 0, accept), Ok(None));
    assert_eq!(run(Some(&foreign), -3600, accept), Err(ProofFault::TooOld));
    assert_eq!(run(Some(&fresh), -3600, accept), Ok(Some(0)));
    assert_eq!(run(Some(&old), 0, accept), Err(ProofFault::NonceInvalid));
    assert_eq!(run(Some(&fresh), -3600, NoncePolicy::Ignore), Err(ProofFault::TooOld));
}

#[test]
fn the_token_and_the_key_are_the_ones_presented() {
    let other = base64url::encode(&token_hash(b"another token"));
    assert_eq!(fault(&Draft::new().claim("ath", json!(other))), ProofFault::AthMismatch);
    let prefixed = base64url::encode(&token_hash(b"DPoP token"));
    assert_eq!(fault(&Draft::new().claim("ath", json!(prefixed))), ProofFault::AthMismatch);
    let got =
        check_text(&Draft::new().text(), &Draft::new().key.public().thumbprint(), NoncePolicy::Ignore, NOW);
    assert_eq!(got, Err(ProofFault::KeyMismatch));
    assert_eq!(ProofFault::KeyMismatch.error(), "invalid_token");
}

#[test]
fn a_proof_that_breaks_two_rules_is_refused_for_the_earlier_one() {
    // Each draft breaks its own rule and all later ones.
    type Break = fn(Draft) -> Draft;
    let breaks: [(Break, ProofFault); 8] = [
        (|draft| draft.header("typ", json!("JWT")), ProofFault::Typ),
        (|draft| draft.without("jti"), ProofFault::Jti),
        (|draft| draft.claim("htm", json!("POST")), ProofFault::HtmMismatch),
        (
            |draft| draft.claim("htu", json!("https://x/")),
            ProofFault::HtuMismatch(HtuFault::AuthorityMismatch),
        ),
        (|draft| draft.claim("iat", json!(1)), ProofFault::TooOld),
        (|draft| draft.claim("ath", json!(base64url::encode(&[0; 32]))), ProofFault::AthMismatch),
        (|draft| draft, ProofFault::KeyMismatch),
        (|draft| draft, ProofFault::Signature),
    ];
    let stranger = Draft::new().key.public().thumbprint();
    let mut draft = Draft::new();
    for (index, (break_it, expected)) in breaks.into_iter().enumerate().rev() {
        draft = break_it(draft);
        let text = draft.text();
        let (signed, _) = text.rsplit_once('.').unwrap();
        let text = format!("{signed}.{}", base64url::encode(&[1; 64]));
        let jkt = if index == 7 { draft.key.public().thumbprint() } else { stranger };
        assert_eq!(check_text(&text, &jkt, NoncePolicy::Ignore, NOW), Err(expected));
    }
    let steps: Vec<Step> = ProofFault::all().into_iter().map(ProofFault::step).collect();
    assert!(ORDER.iter().all(|step| steps.contains(step)), "every step can fail");
    assert!(ORDER.is_sorted());
}

#[test]
fn codes_are_stable_and_descriptions_fit_a_challenge() {
    for fault in ProofFault::all() {
        assert!(fault.code().starts_with("proof_"), "{fault:?}");
        assert!(
            fault.description().bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)),
            "{fault:?}"
        );
    }
}

#[test]
fn the_detail_for_the_log_names_origin_and_path_and_the_clocks_difference_only() {
    let (targets, hash) = ([Target::parse(URL).unwrap()], token_hash(b"token"));
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    let text = Draft::new().claim("htu", json!("https://api.example:8443/x?secret=1")).text();
    let mismatch = ProofFault::HtuMismatch(HtuFault::AuthorityMismatch);
    assert_eq!(
        detail(mismatch, &[text.as_bytes()], &request, NOW).unwrap(),
        "expected htu https://api.example/orders, received https://api.example:8443/x"
    );
    let text = Draft::new().claim("iat", json!(NOW.secs() + 60)).text();
    assert_eq!(
        detail(ProofFault::TooNew, &[text.as_bytes()], &request, NOW).unwrap(),
        "iat is 60 s after this server's clock"
    );
}

#[test]
fn an_explanation_holds_origins_paths_clocks_and_thumbprints_and_is_short() {
    let (targets, hash) = ([Target::parse(URL).unwrap()], token_hash(b"token"));
    let request = Request {
        method: "GET",
        targets: &targets,
        ambiguous_path: false,
        websocket: false,
        token_hash: &hash,
    };
    let long = format!("https://api.example/{}?access_token=secret#secret", "a".repeat(2000));
    let draft = Draft::new().claim("htu", json!(long)).claim("iat", json!(NOW.secs() - 7));
    let (thumbprint, text) = (draft.key.public().thumbprint(), draft.text());
    let mismatch = ProofFault::HtuMismatch(HtuFault::PathMismatch);
    let explained = explain(mismatch, &[text.as_bytes()], &request, NOW);
    assert_eq!(explained.expected_htu.as_deref(), Some(URL));
    let received = explained.received_htu.unwrap();
    assert_eq!(
        received,
        format!("https://api.example/{}...", "a".repeat(256 - "https://api.example/".len()))
    );
    assert_eq!(explained.clock_difference, Some(-7));
    assert_eq!(explained.thumbprint, Some(thumbprint));

    // What is no URL is not repeated, and what was not decoded for the check is not decoded for the log.
    let text = Draft::new().claim("htu", json!("secret\r\nforged: line")).text();
    let broken = explain(ProofFault::HtuMismatch(HtuFault::NotAbsolute), &[text.as_bytes()], &request, NOW);
    assert_eq!(broken.received_htu.as_deref(), Some("not a URL"));
    let unread = explain(ProofFault::TooLong, &[text.as_bytes()], &request, NOW);
    assert_eq!((unread.received_htu, unread.clock_difference, unread.thumbprint), (None, None, None));
}
