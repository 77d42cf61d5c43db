use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::dispatch::Verb;
use crate::failure::Failure;
use crate::ports::Issuer;
use crate::state::AdminState;

/// The media type of a key set (RFC 7517 §8.5.2).
const KEY_SET: HeaderValue = HeaderValue::from_static("application/jwk-set+json");

/// `GET /openid-connect/issuers`: the providers whose metadata is at hand. `DELETE`: forgets them all.
pub(crate) fn issuers(state: &AdminState, verb: Verb) -> Result<Answer, Failure> {
    if verb == Verb::Delete {
        state.openid_connect.forget(None);
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let data: Vec<Value> = state.openid_connect.issuers().into_iter().map(shown).collect();
    Ok(Answer::ok(json!({"data": data, "next": null})))
}

/// `/openid-connect/issuers/{id or issuer}`
pub(crate) fn issuer(state: &AdminState, key: &str, verb: Verb) -> Result<Answer, Failure> {
    let is_it = |issuer: &Issuer| issuer.issuer == key || issuer.id.to_string() == key.to_ascii_lowercase();
    let found = state.openid_connect.issuers().into_iter().find(is_it);
    if verb == Verb::Delete {
        if let Some(issuer) = found {
            state.openid_connect.forget(Some(&issuer.issuer));
        }
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    found.map(|issuer| Answer::ok(shown(issuer))).ok_or(Failure::NotFound)
}

fn shown(issuer: Issuer) -> Value {
    let Issuer { id, issuer, created_at, configuration, keys } = issuer;
    json!({
        "id": id.to_string(),
        "issuer": issuer,
        "created_at": created_at,
        "configuration": configuration,
        "keys": keys,
    })
}

/// `GET /openid-connect/jwks`: the public keys of the gateway, 404 while it has none. `DELETE`: others in their place.
pub(crate) async fn jwks(state: &AdminState, verb: Verb) -> Result<Answer, Failure> {
    if verb == Verb::Delete {
        state.openid_connect.rotate().await.map_err(Failure::Unexpected)?;
        return Ok(Answer::empty(StatusCode::NO_CONTENT));
    }
    let keys = state.openid_connect.keys();
    if keys.is_empty() {
        return Err(Failure::NotFound);
    }
    Ok(Answer::ok(json!({"keys": keys})).with(CONTENT_TYPE, KEY_SET))
}
