//! The bytes of every request, made before the clock runs.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use keybound_pop::sign::{self, ProofClaims, SigningKey};
use keybound_pop::thumbprint;
use serde_json::{Map, Value};

/// Requests without any credential: all the same.
pub(crate) fn plain(host: &str, path: &str, count: usize) -> Vec<Vec<u8>> {
    vec![head(host, path, "").into_bytes(); count]
}

/// Requests with a DPoP-bound token and a proof that is used once, the clients of the folder taking turns.
pub(crate) fn bound(
    host: &str,
    path: &str,
    count: usize,
    folder: &Path,
    token: &str,
) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let clients: Vec<Map<String, Value>> = serde_json::from_slice(&fs::read(folder.join("clients.json"))?)?;
    let clients: Vec<Client> =
        clients.iter().map(|client| Client::read(client, token)).collect::<Result<_, _>>()?;
    let (url, iat) = (format!("http://{host}{path}"), now());
    // No two processes of one machine share both within a second.
    let run = format!("{iat:x}-{:x}", std::process::id());
    clients
        .iter()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(number, client)| {
            let claims = ProofClaims {
                method: "GET".to_owned(),
                url: url.clone(),
                jti: format!("{run}-{number:x}"),
                iat,
                ath: Some(client.token_hash),
                nonce: None,
            };
            let proof = sign::proof(&client.key, &claims)?;
            let credential = format!("Authorization: DPoP {}\r\nDPoP: {proof}\r\n", client.token);
            Ok(head(host, path, &credential).into_bytes())
        })
        .collect()
}

/// Seconds since the epoch.
#[allow(clippy::disallowed_methods, reason = "a generator has no clock to be given")]
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().try_into().unwrap_or(0))
}

struct Client {
    key: SigningKey,
    token: String,
    token_hash: [u8; 32],
}

impl Client {
    fn read(client: &Map<String, Value>, token: &str) -> Result<Self, Box<dyn Error>> {
        let key = client.get("key").and_then(Value::as_object).ok_or("clients.json: no key")?;
        let token = client.get(token).and_then(Value::as_str).ok_or("clients.json: no such token")?;
        Ok(Self {
            key: SigningKey::from_jwk(key)?,
            token: token.to_owned(),
            token_hash: thumbprint::token_hash(token.as_bytes()),
        })
    }
}

fn head(host: &str, path: &str, credential: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: keybound-load\r\nAccept: */*\r\n{credential}\r\n"
    )
}
