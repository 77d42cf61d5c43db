//! A provider made of files: a static server can be one, because nothing is asked of it but its keys.

use std::error::Error;
use std::fs;
use std::path::Path;

use keybound_pop::algorithm::Algorithm;
use keybound_pop::sign::{self, SigningKey};
use serde_json::{Map, Value, json};

/// So many clients, each with a key of its own.
const CLIENTS: usize = 8;
/// Tokens outlive any run.
const LIFETIME: i64 = 86_400;

/// Writes `www/` (what the server serves) and `clients.json` (what the generator signs with) into the folder.
pub(crate) fn write(folder: &Path, issuer: &str) -> Result<(), Box<dyn Error>> {
    let www = folder.join("www/.well-known");
    fs::create_dir_all(&www)?;
    let document = json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") });
    fs::write(www.join("openid-configuration"), document.to_string())?;

    let provider = [("es256", Algorithm::Es256), ("rs256", Algorithm::Rs256)]
        .map(|(name, algorithm)| Ok::<_, Box<dyn Error>>((name, SigningKey::generate(algorithm)?)));
    let provider: Vec<_> = provider.into_iter().collect::<Result<_, _>>()?;
    let keys: Vec<Value> = provider
        .iter()
        .map(|(name, key)| {
            let mut jwk = key.public().to_jwk();
            jwk.extend(object(json!({ "kid": name, "use": "sig", "alg": key.algorithm().name() })));
            Value::Object(jwk)
        })
        .collect();
    fs::write(folder.join("www/jwks"), json!({ "keys": keys }).to_string())?;

    let clients: Vec<Value> = (0..CLIENTS)
        .map(|number| {
            let key = SigningKey::generate(Algorithm::Es256)?;
            let jkt = key.public().thumbprint().to_string();
            let mut client = object(json!({ "key": key.to_jwk() }));
            for (name, signer) in &provider {
                client.insert((*name).to_owned(), token(signer, name, issuer, number, &jkt)?.into());
            }
            Ok(Value::Object(client))
        })
        .collect::<Result<_, Box<dyn Error>>>()?;
    fs::write(folder.join("clients.json"), Value::Array(clients).to_string())?;
    Ok(())
}

fn token(
    key: &SigningKey,
    kid: &str,
    issuer: &str,
    client: usize,
    jkt: &str,
) -> Result<String, Box<dyn Error>> {
    let now = crate::requests::now();
    let header = object(json!({ "alg": key.algorithm().name(), "typ": "at+jwt", "kid": kid }));
    let claims = object(json!({
        "iss": issuer, "sub": format!("client-{client}"), "client_id": format!("client-{client}"),
        "aud": "https://api.keybound.test", "scope": "read write", "jti": format!("token-{client}"),
        "iat": now, "exp": now + LIFETIME, "cnf": { "jkt": jkt },
    }));
    Ok(sign::jws(key, header, &claims)?)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
