use std::path::PathBuf;

use clap::Args;
use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::SigningKey;

use super::{DpopFault, keyfile};

/// What `keybound dpop key` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The algorithm the key is for: ES256, ES384, ES512, PS256, PS384, PS512, RS256, RS384, RS512, EdDSA or Ed25519.
    #[arg(long, default_value = "ES256", value_name = "NAME")]
    alg: String,
    /// A new file for the key, readable by its owner alone; the thumbprint is printed in its place.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the bare JWK, not a set of one.
    #[arg(long)]
    jwk: bool,
}

/// Makes a key; what is to be printed.
pub(super) fn run(arguments: &Arguments) -> Result<String, DpopFault> {
    let algorithm = Algorithm::from_name(&arguments.alg).ok_or_else(|| DpopFault::Option {
        option: "--alg",
        cause: format!(
            "'{}' is not an algorithm for proofs: one of {}",
            arguments.alg,
            Algorithm::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ")
        ),
    })?;
    let key = SigningKey::generate(algorithm).map_err(|fault| DpopFault::Signing(fault.to_string()))?;
    let text = keyfile::text(&key, arguments.jwk);
    match &arguments.out {
        Some(path) => {
            keyfile::write_new(path, &text)?;
            Ok(format!("{}\n", key.public().thumbprint()))
        }
        None => Ok(text),
    }
}
