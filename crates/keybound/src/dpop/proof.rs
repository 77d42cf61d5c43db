use std::path::PathBuf;

use clap::Args;
use keybound_pop::sign::{self, ProofClaims};
use keybound_pop::thumbprint::token_hash;
use keybound_pop::time::Clock as _;
use uuid::Uuid;

use super::{DpopFault, Text, keyfile};
use crate::clock::SystemClock;

/// What `keybound dpop proof` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The private key: a file with a JWK set or a JWK, as `keybound dpop key` makes it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The method of the request.
    #[arg(long, default_value = "GET")]
    method: String,
    /// The URL of the request; query and fragment are left out of the proof (RFC 9449 §4.2).
    #[arg(long)]
    url: String,
    /// The access token the proof goes with: itself, @FILE, or - for standard input. Without it the proof is one for a
    /// token endpoint.
    #[arg(long)]
    token: Option<Text>,
    /// The nonce that the server gave last.
    #[arg(long)]
    nonce: Option<String>,
}

/// Signs a proof; what is to be printed.
pub(super) fn run(arguments: &Arguments) -> Result<String, DpopFault> {
    let key = keyfile::read(&arguments.key)?;
    let token = arguments.token.as_ref().map(Text::read).transpose()?;
    let claims = ProofClaims {
        method: arguments.method.clone(),
        url: arguments.url.clone(),
        jti: Uuid::new_v4().to_string(),
        iat: SystemClock.now().secs(),
        ath: token.map(|token| token_hash(token.as_bytes())),
        nonce: arguments.nonce.clone(),
    };
    let proof = sign::proof(&key, &claims).map_err(|fault| DpopFault::Signing(fault.to_string()))?;
    Ok(format!("{proof}\n"))
}
