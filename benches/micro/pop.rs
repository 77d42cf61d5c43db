//! `cargo bench -p keybound-benches --bench pop [NAME]`: what the checks around one signature cost.
//!
//! Each figure is the best of several interleaved rounds, and stands as a ratio to the bare signature check of the same
//! algorithm: that check is the floor under every DPoP request, and a ratio means the same on every machine.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run must say so and stop"
)]

mod measure;

use std::hint::black_box;
use std::sync::Arc;

use keybound_budget::{Bound, Kept, NOW, TOKEN, URL};
use keybound_pop::algorithm::{Algorithm, AlgorithmSet};
use keybound_pop::htu::{self, Target};
use keybound_pop::jwk::{Preparer, PublicKey};
use keybound_pop::jws::CompactJws;
use keybound_pop::nonce::NonceKeys;
use keybound_pop::proof::{KeyCache, NoCache, ProofHeader};
use keybound_pop::replay::ReplayId;
use keybound_pop::sign::{self, ProofClaims, SigningKey};
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use measure::{Case, Table};

fn main() {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut table = Table::new(filter, "the signature");
    for algorithm in Algorithm::ALL {
        // The two names of Ed25519 run the same code.
        if algorithm != Algorithm::Ed25519 {
            proof_of(algorithm, &mut table);
        }
    }
    parts(&mut table);
    table.print();
}

/// A proof check by one algorithm, the header known and unknown.
fn proof_of(algorithm: Algorithm, table: &mut Table) {
    let signed = Arc::new(Signed::by(algorithm));
    let (bare, known, fresh) = (Arc::clone(&signed), Arc::clone(&signed), signed);
    let name = algorithm.name();
    let kept = Kept::default();
    let kind = format!("{name} signature alone");
    let message = bare.text.rsplit_once('.').unwrap().0.to_owned();
    let signature = CompactJws::parse(&bare.text, 8192).unwrap().signature().to_vec();
    let key = bare.key.clone();
    table.measure(vec![
        Case::new(kind, move || {
            key.verify(algorithm, black_box(message.as_bytes()), black_box(&signature)).unwrap();
        }),
        Case::new(format!("{name} proof, header known"), move || known.check(&kept)),
        Case::new(format!("{name} proof, header new"), move || fresh.check(&NoCache)),
    ]);
}

/// The parts of a check, against the signature alone of ES256.
fn parts(table: &mut Table) {
    let signed = Signed::by(Algorithm::Es256);
    let message = signed.text.rsplit_once('.').unwrap().0.to_owned();
    let signature = CompactJws::parse(&signed.text, 8192).unwrap().signature().to_vec();
    let (key, other) = (signed.key.clone(), signed.key.clone());
    let preparer = Preparer::new();
    let prepared = preparer.prepare(&signed.key).unwrap();
    let (again, same) = (message.clone(), signature.clone());
    let fresh = signed.key.clone();
    let jwk = signed.key.to_jwk();
    let segment = signed.text.split('.').next().unwrap().to_owned();
    let text = signed.text.clone();
    let target = Target::parse(URL).unwrap();
    let keys = NonceKeys::new(&["a secret of some length"]).unwrap();
    let (nonce, sealing) = (keys.seal(NOW, b"", [7; 12]), NonceKeys::new(&["another secret"]).unwrap());
    let (one, two) = (Thumbprint::of(b"one"), Thumbprint::of(b"one"));
    table.measure(vec![
        Case::new("ES256 signature alone", move || {
            key.verify(Algorithm::Es256, black_box(message.as_bytes()), black_box(&signature)).unwrap();
        }),
        Case::new("ES256 signature, key prepared", move || {
            prepared.verify(Algorithm::Es256, black_box(again.as_bytes()), black_box(&same)).unwrap();
        }),
        Case::new("ES256 key prepared", move || {
            black_box(preparer.prepare(&fresh).unwrap());
        }),
        Case::new("compact JWS, all JSON", move || {
            let jws = CompactJws::parse(black_box(&text), 8192).unwrap();
            black_box(jws.claims().unwrap());
        }),
        Case::new("header with its key", move || {
            black_box(ProofHeader::parse(black_box(&segment), AlgorithmSet::ALL).unwrap());
        }),
        Case::new("JWK with its thumbprint", move || {
            black_box(PublicKey::from_jwk(black_box(&jwk)).unwrap());
        }),
        Case::new("thumbprints compared", move || {
            black_box(black_box(&one).ct_eq(black_box(&two)));
        }),
        Case::new("token hashed, 1 KiB", move || {
            black_box(token_hash(black_box(&[b'a'; 1024])));
        }),
        Case::new("htu compared", move || htu::compare(black_box(URL), black_box(&target), false).unwrap()),
        Case::new("nonce opened", move || {
            black_box(keys.open(black_box(&nonce), b"", NOW, 300, 10).unwrap());
        }),
        Case::new("nonce sealed", move || {
            black_box(sealing.seal(NOW, b"", black_box([7; 12])));
        }),
        Case::new("replay name", move || {
            black_box(ReplayId::new(&other.thumbprint(), black_box("0c5f7b9e-3f2d-4a56-9d1c-1f0a2b3c4d5e")));
        }),
    ]);
}

/// A proof as a client sends it.
struct Signed {
    key: PublicKey,
    text: String,
    bound: Bound,
}

impl Signed {
    fn by(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let claims = ProofClaims {
            method: "GET".into(),
            url: URL.into(),
            jti: "0c5f7b9e-3f2d-4a56-9d1c-1f0a2b3c4d5e".into(),
            iat: NOW.secs(),
            ath: Some(token_hash(TOKEN)),
            nonce: None,
        };
        let text = sign::proof(&key, &claims).unwrap();
        let key = key.public();
        Self { bound: Bound::to(key.thumbprint()).unwrap(), key, text }
    }

    fn check(&self, cache: &dyn KeyCache) {
        self.bound.check(&self.text, cache).unwrap();
    }
}
