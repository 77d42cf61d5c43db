//! `keybound-budget NAME TIMES` does one operation so many times; `keybound-budget` lists the names.
//!
//! `cargo xtask budget` runs it under callgrind twice: the difference is what the operation itself takes, without start and
//! preparation.

#![allow(clippy::print_stdout, reason = "the names go to standard output")]

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;

use keybound_budget::{Bound, Kept, NOW, POLICY, URL};
use keybound_pop::algorithm::{Algorithm, AlgorithmSet};
use keybound_pop::htu::{self, Target};
use keybound_pop::jwk::{PreparedKey, Preparer};
use keybound_pop::jws::CompactJws;
use keybound_pop::nonce::NonceKeys;
use keybound_pop::proof::{KeyCache, NoCache, ProofHeader};
use keybound_pop::replay::ReplayId;
use keybound_pop::thumbprint::token_hash;

/// A proof, always the same: the numbers in a signature decide how many instructions its check takes.
const PROOF: &str = "eyJhbGciOiJFUzI1NiIsImp3ayI6eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6Ik1LQkNUTkljS1VTRGlpMTF5U3MzNTI2\
     aURaOEFpVG83VHU2S1BBcXY3RDQiLCJ5IjoiNEV0bDZTUlcyWWlMVXJONXZmdlZIdWhwN3g4UHhsdG1XV2xiYk00SUZ5TSJ9LCJ0\
     eXAiOiJkcG9wK2p3dCJ9.\
     eyJhdGgiOiJGUGxjTS0xVVhpaXZPWW96cFVycDdkMTE3Sm5LelBGNFlYdVhObmZabWRVIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0\
     cHM6Ly9hcGkuZXhhbXBsZS9vcmRlcnMvNDIiLCJpYXQiOjE3MDAwMDAwMDAsImp0aSI6IjBjNWY3YjllLTNmMmQtNGE1Ni05ZDFj\
     LTFmMGEyYjNjNGQ1ZSJ9.\
     olZ1Lo7s879oXo1AK5_SDCbfFK8neIOjyU13vVwD8-bwiefARwlM5gr-5IX3LiNdSxAKZKcm4RSClZhPGkZgMg";

type Operation = Box<dyn Fn() -> Result<(), Box<dyn Error>>>;
type Prepare = fn() -> Result<Operation, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("keybound-budget: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [name, times] = arguments else {
        for (name, _) in OPERATIONS {
            println!("{name}");
        }
        return Ok(());
    };
    let (_, prepare) =
        OPERATIONS.iter().find(|(known, _)| known == name).ok_or("there is no such operation")?;
    let operation = prepare()?;
    for _ in 0..times.parse::<u32>()? {
        operation()?;
    }
    Ok(())
}

/// Each operation by its name, with what prepares it.
const OPERATIONS: [(&str, Prepare); 9] = [
    ("proof_key_prepared", || {
        let bound = bound()?;
        let often = Often { kept: Kept::default(), prepared: Arc::new(prepared()?) };
        Ok(Box::new(move || bound.check(PROOF, &often)))
    }),
    ("proof_header_known", || {
        let (bound, kept) = (bound()?, Kept::default());
        Ok(Box::new(move || bound.check(PROOF, &kept)))
    }),
    ("proof_header_new", || {
        let bound = bound()?;
        Ok(Box::new(move || bound.check(PROOF, &NoCache)))
    }),
    ("signature_key_prepared", || {
        let key = prepared()?;
        let signature = CompactJws::parse(PROOF, POLICY.max_length)?.signature().to_vec();
        let (message, _) = PROOF.rsplit_once('.').ok_or("a proof has three parts")?;
        Ok(Box::new(move || Ok(key.verify(Algorithm::Es256, black_box(message.as_bytes()), &signature)?)))
    }),
    ("compact_jws", || {
        Ok(Box::new(|| {
            let jws = CompactJws::parse(black_box(PROOF), POLICY.max_length)?;
            black_box(jws.claims()?);
            Ok(())
        }))
    }),
    ("htu_compared", || {
        let target = Target::parse(URL)?;
        Ok(Box::new(move || Ok(htu::compare(black_box(URL), &target, false)?)))
    }),
    ("token_hashed", || {
        Ok(Box::new(|| {
            black_box(token_hash(black_box(&[b'a'; 1024])));
            Ok(())
        }))
    }),
    ("nonce_opened", || {
        let keys = NonceKeys::new(&["a secret of some length"])?;
        let nonce = keys.seal(NOW, b"", [7; 12]);
        Ok(Box::new(move || {
            black_box(keys.open(black_box(&nonce), b"", NOW, 300, 10)?);
            Ok(())
        }))
    }),
    ("replay_name", || {
        let header = header()?;
        Ok(Box::new(move || {
            let jti = black_box("0c5f7b9e-3f2d-4a56-9d1c-1f0a2b3c4d5e");
            black_box(ReplayId::new(header.thumbprint(), jti));
            Ok(())
        }))
    }),
];

fn header() -> Result<ProofHeader, Box<dyn Error>> {
    let (header, _) = PROOF.split_once('.').ok_or("a proof has three parts")?;
    Ok(ProofHeader::parse(header, AlgorithmSet::ALL)?)
}

fn bound() -> Result<Bound, Box<dyn Error>> {
    Bound::to(*header()?.thumbprint())
}

fn prepared() -> Result<PreparedKey, Box<dyn Error>> {
    Ok(Preparer::new().prepare(header()?.key()).ok_or("a key of P-256 can be prepared")?)
}

/// The same, of a key that comes back often.
struct Often {
    kept: Kept,
    prepared: Arc<PreparedKey>,
}

impl KeyCache for Often {
    fn find(&self, segment: &str) -> Option<Arc<ProofHeader>> {
        self.kept.find(segment)
    }

    fn keep(&self, segment: &str, header: &Arc<ProofHeader>) {
        self.kept.keep(segment, header);
    }

    fn prepared(&self, _: &ProofHeader) -> Option<Arc<PreparedKey>> {
        Some(Arc::clone(&self.prepared))
    }
}
