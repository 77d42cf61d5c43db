use clap::Args;
use keybound_pop::algorithm::{Algorithm, AlgorithmSet};
use keybound_pop::confirmation::Confirmation;
use keybound_pop::htu::Target;
use keybound_pop::jws::CompactJws;
use keybound_pop::proof::{self, NoCache, NoncePolicy, Policy, ProofFault, Request, Step};
use keybound_pop::thumbprint::{Thumbprint, token_hash};
use keybound_pop::time::{Clock as _, UnixTime};
use serde_json::{Map, Value};

use super::decoded::{self, Decoded};
use super::{DpopFault, Text};
use crate::clock::SystemClock;
use crate::reference::advice::advice;

/// What `keybound dpop inspect` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The proof: itself, @FILE, or - for standard input.
    proof: Text,
    /// The method that the gateway sees; without it, the proof's own.
    #[arg(long)]
    method: Option<String>,
    /// The URL that the gateway sees; without it, the proof's own.
    #[arg(long)]
    url: Option<String>,
    /// The access token: itself, @FILE, or - for standard input; without it, the proof's own digest of one. The key that
    /// a JWT is bound to is read from it.
    #[arg(long)]
    token: Option<Text>,
    /// The thumbprint of the key that the token is bound to, for tokens that are no JWT.
    #[arg(long, value_name = "THUMBPRINT")]
    jkt: Option<String>,
    /// The nonce that the gateway gave.
    #[arg(long)]
    nonce: Option<String>,
    /// dpop_proof_lifetime of the gateway, in seconds.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    lifetime: u32,
    /// dpop_proof_leeway of the gateway, in seconds.
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    leeway: u32,
    /// dpop_proof_max_length of the gateway, in bytes.
    #[arg(long, default_value_t = MAX_LENGTH, value_name = "BYTES")]
    max_length: usize,
    /// dpop_signing_algorithms of the gateway, with commas between; without it, all that Keybound knows.
    #[arg(long, value_delimiter = ',', value_name = "ALGORITHM")]
    algorithms: Vec<String>,
}

/// The default of `dpop_proof_max_length`.
const MAX_LENGTH: usize = 8192;

/// Takes a proof apart: what is to be printed, and whether it would pass.
pub(super) fn run(arguments: &Arguments) -> Result<(String, bool), DpopFault> {
    let text = arguments.proof.read()?;
    let given = Given::read(arguments)?;
    Ok(inspect(&text, &given, SystemClock.now()))
}

/// What the proof is held against; what is not given is taken from the proof, and so agrees with it.
#[derive(Debug, Default)]
struct Given {
    method: Option<String>,
    target: Option<Target>,
    token: Option<String>,
    jkt: Option<Thumbprint>,
    nonce: Option<String>,
    lifetime: i64,
    leeway: i64,
    max_length: Option<usize>,
    algorithms: Option<AlgorithmSet>,
    /// Whether the URL has empty segments in its path.
    ambiguous: bool,
}

impl Given {
    fn read(arguments: &Arguments) -> Result<Self, DpopFault> {
        let option = |option, cause: String| DpopFault::Option { option, cause };
        let target = arguments.url.as_deref().map(Target::parse).transpose();
        let jkt = arguments.jkt.as_deref().map(Thumbprint::parse).transpose();
        Ok(Self {
            method: arguments.method.clone(),
            target: target.map_err(|fault| option("--url", fault.to_string()))?,
            token: arguments.token.as_ref().map(Text::read).transpose()?,
            jkt: jkt.map_err(|fault| option("--jkt", fault.to_string()))?,
            nonce: arguments.nonce.clone(),
            lifetime: i64::from(arguments.lifetime),
            leeway: i64::from(arguments.leeway),
            max_length: Some(arguments.max_length),
            algorithms: algorithms(&arguments.algorithms)?,
            ambiguous: arguments.url.as_deref().is_some_and(has_empty_segments),
        })
    }
}

/// The algorithms of these names; `None` when none is named.
fn algorithms(names: &[String]) -> Result<Option<AlgorithmSet>, DpopFault> {
    let algorithm = |name: &String| {
        Algorithm::from_name(name).ok_or_else(|| DpopFault::Option {
            option: "--algorithms",
            cause: format!("no algorithm '{name}'"),
        })
    };
    let set = names.iter().map(algorithm).collect::<Result<AlgorithmSet, _>>()?;
    Ok((!names.is_empty()).then_some(set))
}

/// Whether a URL has `//` in its path, which the gateway reads as one slash and a proof does not.
fn has_empty_segments(url: &str) -> bool {
    let path = url.split(['?', '#']).next().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    path.is_some_and(|rest| rest.contains("//"))
}

/// Why the gateway would refuse.
struct Refusal {
    code: &'static str,
    error: &'static str,
    description: String,
    detail: Option<String>,
}

impl From<ProofFault> for Refusal {
    fn from(fault: ProofFault) -> Self {
        Self { code: fault.code(), error: fault.error(), description: fault.description(), detail: None }
    }
}

/// What the token is bound to, and how that is known.
enum Bound {
    To(Thumbprint, &'static str),
    Unknown(&'static str),
    Broken(Refusal),
}

fn inspect(text: &str, given: &Given, now: UnixTime) -> (String, bool) {
    let parts = decoded::decode(text);
    let bound = bound(given);
    let mut page = String::new();
    for (name, members) in [("header", &parts.header), ("claims", &parts.claims)] {
        match members {
            Some(members) => page.push_str(&format!("{name}\n{}\n", indented(members))),
            None => page.push_str(&format!("{name}\n  cannot be read\n")),
        }
    }
    let mut line = |name: &str, value: &str| page.push_str(&format!("{name:<10} {value}\n"));
    match &parts.key {
        Some(key) => line("key", &format!("thumbprint {}", key.thumbprint())),
        None => line("key", "cannot be read"),
    }
    if let Some(issued) = parts.number("iat") {
        line("issued", &age(issued, now.secs()));
    }
    line("method", given.method.as_deref().unwrap_or("not given: the proof's own"));
    line("url", &given.target.as_ref().map_or("not given: the proof's own".to_owned(), ToString::to_string));
    line("token", if given.token.is_some() { "given" } else { "not given: the proof's own digest" });
    match &bound {
        Bound::To(thumbprint, how) => line("bound to", &format!("{thumbprint} ({how})")),
        Bound::Unknown(why) => line("bound to", &format!("not known: {why}")),
        Bound::Broken(_) => line("bound to", "cannot be read"),
    }
    line("nonce", given.nonce.as_deref().unwrap_or("not given: not checked"));
    match judge(text, given, bound, &parts, now) {
        Ok(()) => {
            line("result", "passes every check; whether it was used before, only the gateway knows");
            (page, true)
        }
        Err(refusal) => {
            line("result", &format!("refused: {}", refusal.code));
            line("", &format!("{}: {}", refusal.error, refusal.description));
            if let Some(detail) = refusal.detail {
                line("", &detail);
            }
            if let Some(advice) = advice(refusal.code) {
                line("cause", advice.cause);
                line("look at", advice.look);
            }
            (page, false)
        }
    }
}

/// The gateway's own check; a nonce is compared with the one given, because only the gateway can open it.
fn judge(text: &str, given: &Given, bound: Bound, parts: &Decoded, now: UnixTime) -> Result<(), Refusal> {
    let expected = match bound {
        Bound::To(thumbprint, _) => Some(thumbprint),
        Bound::Unknown(_) => parts.key.as_ref().map(|key| key.thumbprint()),
        Bound::Broken(refusal) => return Err(refusal),
    };
    // A proof whose key cannot be read fails before any thumbprint is compared.
    let expected = expected.unwrap_or_else(|| Thumbprint::of(b""));
    let method = given.method.clone().or_else(|| parts.text("htm").map(str::to_owned)).unwrap_or_default();
    let own = || parts.text("htu").and_then(|htu| Target::parse(htu).ok());
    let targets: Vec<Target> = given.target.clone().or_else(own).into_iter().collect();
    let hash = match &given.token {
        Some(token) => token_hash(token.as_bytes()),
        None => parts.digest("ath").unwrap_or_default(),
    };
    let request = Request {
        method: &method,
        targets: &targets,
        ambiguous_path: given.ambiguous,
        websocket: false,
        token_hash: &hash,
    };
    let policy = Policy {
        algorithms: given.algorithms.unwrap_or(AlgorithmSet::ALL),
        lifetime: given.lifetime,
        leeway: given.leeway,
        max_length: given.max_length.unwrap_or(MAX_LENGTH),
    };
    let fields = [text.as_bytes()];
    let at = |now| proof::check(&fields, &request, &expected, &policy, NoncePolicy::Ignore, now, &NoCache);
    let outcome = match (at(now), nonce(given, parts)) {
        (Err(fault), Err(_)) if fault.step() < Step::Time => Err(fault),
        (_, Err(fault)) => Err(fault),
        // With a valid nonce, the nonce's age counts and not the time of the proof.
        (Err(ProofFault::TooOld | ProofFault::TooNew), Ok(true)) => {
            at(UnixTime::from_secs(parts.number("iat").unwrap_or_default()))
        }
        (outcome, Ok(_)) => outcome,
    };
    outcome
        .map(|_| ())
        .map_err(|fault| Refusal { detail: proof::detail(fault, &fields, &request, now), ..fault.into() })
}

/// Whether a nonce was given and the proof carries it.
fn nonce(given: &Given, parts: &Decoded) -> Result<bool, ProofFault> {
    match (&given.nonce, parts.text("nonce")) {
        (None, _) => Ok(false),
        (Some(_), None) => Err(ProofFault::NonceMissing),
        (Some(expected), Some(carried)) if carried == expected => Ok(true),
        (Some(_), Some(_)) => Err(ProofFault::NonceInvalid),
    }
}

fn bound(given: &Given) -> Bound {
    if let Some(jkt) = given.jkt {
        return Bound::To(jkt, "as given");
    }
    let Some(token) = &given.token else { return Bound::Unknown("no token and no thumbprint given") };
    let Some(claims) = CompactJws::parse(token, 16_384).ok().and_then(|jws| jws.claims().ok()) else {
        return Bound::Unknown("the token is not a JWT, and no thumbprint is given");
    };
    let refusal = |code, description: String| {
        Bound::Broken(Refusal { code, error: "invalid_token", description, detail: None })
    };
    match Confirmation::from_claims(&claims) {
        Ok(Confirmation { jkt: Some(jkt), .. }) => {
            Bound::To(jkt, "cnf.jkt of the token, whose signature is not checked here")
        }
        Ok(_) => {
            let fault = keybound_pop::binding::BindingFault::NotBoundToDpop;
            refusal(fault.code(), fault.to_string())
        }
        Err(fault) => refusal(fault.code(), fault.to_string()),
    }
}

fn indented(members: &Map<String, Value>) -> String {
    let text = format!("{:#}", Value::Object(members.clone()));
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn age(issued: i64, now: i64) -> String {
    let seconds = now.saturating_sub(issued);
    if seconds < 0 {
        format!("{} s in the future", seconds.unsigned_abs())
    } else {
        format!("{seconds} s ago")
    }
}

#[cfg(test)]
mod every_fault;

#[cfg(test)]
mod tests {
    use keybound_pop::algorithm::Algorithm;
    use keybound_pop::sign::{self, ProofClaims, SigningKey};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const URL: &str = "https://api.example/orders";

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::Es256).unwrap()
    }

    fn made(key: &SigningKey, nonce: Option<&str>) -> String {
        let claims = ProofClaims {
            method: "GET".to_owned(),
            url: URL.to_owned(),
            jti: "one".to_owned(),
            iat: NOW,
            ath: Some(token_hash(b"token")),
            nonce: nonce.map(str::to_owned),
        };
        sign::proof(key, &claims).unwrap()
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

    /// The code on the line `result`, or `None` when it passes.
    fn result(proof: &str, given: &Given, at: i64) -> Option<String> {
        let (page, passes) = inspect(proof, given, UnixTime::from_secs(at));
        let line = page.lines().find_map(|line| line.strip_prefix("result")).unwrap().trim();
        let code = line.strip_prefix("refused: ").map(str::to_owned);
        assert_eq!(code.is_none(), passes, "{page}");
        code
    }

    #[test]
    fn a_good_proof_passes_against_what_it_was_made_for() {
        assert_eq!(result(&made(&key(), None), &given(), NOW), None);
    }

    #[test]
    fn what_is_not_given_is_taken_from_the_proof() {
        let open = Given { lifetime: 300, leeway: 10, ..Given::default() };
        assert_eq!(result(&made(&key(), None), &open, NOW), None);
    }

    #[test]
    fn each_disagreement_has_the_code_of_the_gateway() {
        let key = key();
        let proof = made(&key, Some("n1"));
        let bound_elsewhere = Some(SigningKey::generate(Algorithm::Es256).unwrap().public().thumbprint());
        let other = |url: &str| Some(Target::parse(url).unwrap());
        for (given, code) in [
            (Given { method: Some("POST".to_owned()), ..given() }, "proof_htm_mismatch"),
            (Given { target: other("https://api.example/prices"), ..given() }, "proof_htu_mismatch"),
            (Given { token: Some("another".to_owned()), ..given() }, "proof_ath_mismatch"),
            (Given { jkt: bound_elsewhere, ..given() }, "proof_key_mismatch"),
            (Given { nonce: Some("n2".to_owned()), ..given() }, "proof_nonce_invalid"),
        ] {
            assert_eq!(result(&proof, &given, NOW).as_deref(), Some(code));
        }
        assert_eq!(result(&proof, &given(), NOW + 311).as_deref(), Some("proof_iat_too_old"));
        assert_eq!(result(&proof, &given(), NOW - 11).as_deref(), Some("proof_iat_too_new"));
        assert_eq!(result("not-a-proof", &given(), NOW).as_deref(), Some("proof_malformed"));
    }

    #[test]
    fn the_right_nonce_counts_in_place_of_the_time_and_an_earlier_fault_before_a_wrong_one() {
        let proof = made(&key(), Some("n1"));
        let fitting = Given { nonce: Some("n1".to_owned()), ..given() };
        assert_eq!(result(&proof, &fitting, NOW + 9000), None);
        let wrong = Given { method: Some("PUT".to_owned()), nonce: Some("n2".to_owned()), ..given() };
        assert_eq!(result(&proof, &wrong, NOW).as_deref(), Some("proof_htm_mismatch"));
        let without = made(&key(), None);
        assert_eq!(result(&without, &fitting, NOW).as_deref(), Some("proof_nonce_missing"));
    }

    #[test]
    fn the_key_that_a_jwt_is_bound_to_is_read_from_it() {
        let (owner, thief) = (key(), key());
        let token = |cnf: Value| {
            let claims = json!({ "sub": "john", "cnf": cnf });
            let Value::Object(claims) = claims else { unreachable!() };
            sign::jws(&owner, Map::new(), &claims).unwrap()
        };
        let proof = |key: &SigningKey, token: &str| {
            let claims = ProofClaims {
                method: "GET".to_owned(),
                url: URL.to_owned(),
                jti: "one".to_owned(),
                iat: NOW,
                ath: Some(token_hash(token.as_bytes())),
                nonce: None,
            };
            sign::proof(key, &claims).unwrap()
        };
        let bound = token(json!({ "jkt": owner.public().thumbprint().to_string() }));
        let with = |token: &str| Given { token: Some(token.to_owned()), ..given() };
        assert_eq!(result(&proof(&owner, &bound), &with(&bound), NOW), None);
        assert_eq!(result(&proof(&thief, &bound), &with(&bound), NOW).as_deref(), Some("proof_key_mismatch"));
        let broken = token(json!({ "jkt": "short" }));
        assert_eq!(result(&proof(&owner, &broken), &with(&broken), NOW).as_deref(), Some("token_cnf_jkt"));
    }
}
