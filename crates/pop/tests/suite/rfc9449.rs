//! RFC 9449, DPoP: its examples by section.

use keybound_pop::algorithm::AlgorithmSet;
use keybound_pop::base64url;
use keybound_pop::confirmation::Confirmation;
use keybound_pop::htu::Target;
use keybound_pop::jws::CompactJws;
use keybound_pop::nonce::NonceKeys;
use keybound_pop::proof::{self, NoCache, NoncePolicy, Policy, ProofFault, ProofHeader, Request, Verified};
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use keybound_pop::time::UnixTime;
use serde_json::Value;

const POLICY: Policy = Policy { algorithms: AlgorithmSet::ALL, lifetime: 300, leeway: 10, max_length: 8192 };

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../vectors/rfc/rfc9449.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The request of section 7.1, changed in one place or none.
struct Asked<'a> {
    method: &'a str,
    url: &'a str,
    token: &'a str,
    now: i64,
}

impl Asked<'_> {
    fn check(&self, proof: &str) -> Result<Verified, ProofFault> {
        self.check_with(proof, NoncePolicy::Ignore)
    }

    fn check_with(&self, proof: &str, nonce: NoncePolicy<'_>) -> Result<Verified, ProofFault> {
        let (targets, hash) = ([Target::parse(self.url).unwrap()], token_hash(self.token.as_bytes()));
        let request = Request {
            method: self.method,
            targets: &targets,
            ambiguous_path: false,
            websocket: false,
            token_hash: &hash,
        };
        let jkt = Thumbprint::parse(text(&vectors()["s61_jkt"])).unwrap();
        let now = UnixTime::from_secs(self.now);
        proof::check(&[proof.as_bytes()], &request, &jkt, &POLICY, nonce, now, &NoCache)
    }
}

const ASKED: Asked<'static> = Asked {
    method: "GET",
    url: "https://resource.example.org/protectedresource",
    token: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
    now: 1_562_262_618,
};

#[test]
fn sections_4_1_and_5_the_proofs_for_token_requests_verify_and_without_ath_are_none_for_a_resource() {
    let vectors = vectors();
    for (name, iat) in [("s41_proof", 1_562_262_616), ("s5_refresh_proof", 1_562_265_296)] {
        let proof = text(&vectors[name]);
        let jws = CompactJws::parse(proof, 8192).unwrap();
        let header = ProofHeader::parse(jws.header_segment(), AlgorithmSet::ALL).unwrap();
        assert_eq!(jws.verify(header.key()), Ok(()), "{name}");
        assert_eq!(header.thumbprint().encode(), text(&vectors["s61_jkt"]));
        let claims = jws.claims().unwrap();
        assert_eq!((text(&claims["htm"]), text(&claims["jti"])), ("POST", "-BwC3ESc6acc2lTc"));
        let asked = Asked { method: "POST", url: "https://server.example.com/token", now: iat, ..ASKED };
        assert_eq!(asked.check(proof), Err(ProofFault::Ath), "{name}");
    }
}

#[test]
fn section_4_2_the_token_hash() {
    let hash = base64url::encode(&token_hash(ASKED.token.as_bytes()));
    assert_eq!(hash, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

#[test]
fn section_6_1_the_token_is_bound_to_the_key() {
    let vectors = vectors();
    let token = CompactJws::parse(text(&vectors["s61_token"]), 8192).unwrap();
    let confirmation = Confirmation::from_claims(&token.claims().unwrap()).unwrap();
    assert_eq!(confirmation.jkt.unwrap().encode(), text(&vectors["s61_jkt"]));
    assert_eq!(confirmation.x5t_s256, None);
}

#[test]
fn section_6_2_the_introspection_answer_is_bound_to_the_key() {
    let vectors = vectors();
    let confirmation = Confirmation::from_claims(vectors["s62_introspection"].as_object().unwrap()).unwrap();
    assert_eq!(confirmation.jkt.unwrap().encode(), text(&vectors["s61_jkt"]));
}

#[test]
fn section_7_1_the_proof_for_the_protected_resource_passes_every_step() {
    let vectors = vectors();
    assert_eq!(text(&vectors["s71_token"]), ASKED.token);
    let verified = ASKED.check(text(&vectors["s71_proof"])).unwrap();
    assert_eq!(verified.issued_at, UnixTime::from_secs(1_562_262_618));
    assert_eq!(verified.keep_until, UnixTime::from_secs(1_562_262_618 + 310));
    assert_eq!(verified.nonce_age, None);
}

#[test]
fn section_7_1_the_same_proof_for_anything_else_fails_by_its_claim() {
    let vectors = vectors();
    let proof = text(&vectors["s71_proof"]);
    let fault = |asked: Asked<'_>| asked.check(proof).unwrap_err().code();
    assert_eq!(fault(Asked { method: "POST", ..ASKED }), "proof_htm_mismatch");
    assert_eq!(fault(Asked { url: "https://resource.example.org/other", ..ASKED }), "proof_htu_mismatch");
    assert_eq!(fault(Asked { token: "another", ..ASKED }), "proof_ath_mismatch");
    assert_eq!(fault(Asked { now: ASKED.now + 311, ..ASKED }), "proof_iat_too_old");
    assert_eq!(fault(Asked { now: ASKED.now - 11, ..ASKED }), "proof_iat_too_new");
}

#[test]
fn section_8_a_nonce_is_asked_for_before_anything_dear() {
    let vectors = vectors();
    let proof = text(&vectors["s71_proof"]);
    let (signed, _) = proof.rsplit_once('.').unwrap();
    let keys = NonceKeys::new(&["secret"]).unwrap();
    let got = ASKED.check_with(&format!("{signed}.AAAA"), NoncePolicy::Require(&keys, b""));
    assert_eq!(got, Err(ProofFault::NonceMissing));
    assert_eq!(ProofFault::NonceMissing.error(), "use_dpop_nonce");
}

#[test]
fn section_8_1_nonces_are_made_of_the_characters_allowed_and_the_printed_one_is_not_ours() {
    let keys = NonceKeys::new(&["secret"]).unwrap();
    for byte in 0..=255 {
        let nonce = keys.seal(UnixTime::from_secs(ASKED.now), b"", [byte; 12]);
        assert!(nonce.len() < 200);
        assert!(nonce.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{nonce}");
    }
    let printed = vectors()["s9_nonce"].clone();
    assert!(keys.open(text(&printed), b"", UnixTime::from_secs(ASKED.now), 300, 10).is_err());
}
