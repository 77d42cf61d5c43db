use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::DemoFault;
use super::client::{self, Answer, Client};
use super::provider::Secret;
use super::screen::Screen;
use super::stage::Stage;

/// The service, and the upstream's path before the request's.
pub(super) const SERVICE: &str = "demo";

/// A request to the gateway, and how it should end.
pub(super) struct Attempt<'a> {
    pub(super) title: &'a str,
    pub(super) path: &'a str,
    pub(super) scheme: &'a str,
    pub(super) token: &'a str,
    /// The proof, and what is to be known about it.
    pub(super) proof: Option<(&'a str, String)>,
    pub(super) expected: Expected,
}

/// How a request should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The upstream answers.
    Forwarded,
    /// The gateway refuses, for this reason.
    Refused { error: &'static str, code: &'static str },
}

/// How a request ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The upstream answered: what it saw.
    Forwarded(Value),
    /// The gateway refused.
    Refused { status: u16, error: String, code: String, description: String, upstream_saw_it: bool },
}

/// Walks the story; the number of steps.
///
/// # Errors
/// [`DemoFault::Surprise`] when steps ended otherwise than they should, after all of them were walked.
pub(super) async fn tell(screen: &Screen, stage: &Stage) -> Result<usize, DemoFault> {
    let http = client::http()?;
    let owner = Client::new(Arc::clone(&stage.clock))?;
    let thief = Client::new(Arc::clone(&stage.clock))?;
    let url = |path: &str| format!("http://{}{path}", stage.proxy);
    let mut teller = Teller { screen, stage, http: &http, step: 0, surprises: 0 };

    let token = teller
        .token("The client makes a key and asks for a token bound to it", &owner, Grant::Client)
        .await?;

    let proof = owner.proof("GET", &url("/orders"), Some(&token))?;
    let used = proof.clone();
    let by_owner = format!("signed by the key {}, for GET {}", short(&owner.thumbprint()), url("/orders"));
    teller
        .attempt(Attempt {
            title: "It calls the API with the token and a proof of its key",
            path: "/orders",
            scheme: "DPoP",
            token: &token,
            proof: Some((&proof, by_owner)),
            expected: Expected::Forwarded,
        })
        .await?;

    screen.heading("Now the token is stolen. The thief has everything but the key");
    teller
        .attempt(Attempt {
            title: "The token alone",
            path: "/orders",
            scheme: "DPoP",
            token: &token,
            proof: None,
            expected: Expected::Refused { error: "invalid_dpop_proof", code: "proof_missing" },
        })
        .await?;
    teller
        .attempt(Attempt {
            title: "The token as if it were a bearer token",
            path: "/orders",
            scheme: "Bearer",
            token: &token,
            proof: None,
            expected: Expected::Refused { error: "invalid_token", code: "binding_dpop_required" },
        })
        .await?;
    let proof = thief.proof("GET", &url("/orders"), Some(&token))?;
    teller
        .attempt(Attempt {
            title: "The token with a proof of the thief's own key",
            path: "/orders",
            scheme: "DPoP",
            token: &token,
            proof: Some((&proof, format!("signed by another key, {}", short(&thief.thumbprint())))),
            expected: Expected::Refused { error: "invalid_token", code: "proof_key_mismatch" },
        })
        .await?;
    let proof = owner.proof("GET", &url("/prices"), Some(&token))?;
    teller
        .attempt(Attempt {
            title: "The token with a proof that the client made for another URL",
            path: "/orders",
            scheme: "DPoP",
            token: &token,
            proof: Some((&proof, format!("signed by the right key, for GET {}", url("/prices")))),
            expected: Expected::Refused { error: "invalid_dpop_proof", code: "proof_htu_mismatch" },
        })
        .await?;
    teller
        .attempt(Attempt {
            title: "The token with the very proof that passed before",
            path: "/orders",
            scheme: "DPoP",
            token: &token,
            proof: Some((&used, "the same as in step 2, byte for byte".to_owned())),
            expected: Expected::Refused { error: "invalid_dpop_proof", code: "proof_replayed" },
        })
        .await?;

    screen.heading("The same with an opaque token, which the gateway has the provider introspect");
    let token = teller
        .token("A user's token that is not a JWT, bound to the client's key", &owner, Grant::User)
        .await?;
    let proof = owner.proof("GET", &url("/vault"), Some(&token))?;
    teller
        .attempt(Attempt {
            title: "With a proof of the client's key",
            path: "/vault",
            scheme: "DPoP",
            token: &token,
            proof: Some((&proof, format!("signed by the key {}", short(&owner.thumbprint())))),
            expected: Expected::Forwarded,
        })
        .await?;
    teller
        .attempt(Attempt {
            title: "Stolen: as if it were a bearer token",
            path: "/vault",
            scheme: "Bearer",
            token: &token,
            proof: None,
            expected: Expected::Refused { error: "invalid_token", code: "binding_dpop_required" },
        })
        .await?;
    let Teller { step, surprises, .. } = teller;
    if surprises > 0 { Err(DemoFault::Surprise(surprises)) } else { Ok(step) }
}

/// A text's beginning.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(12) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grant {
    Client,
    User,
}

struct Teller<'a> {
    screen: &'a Screen,
    stage: &'a Stage,
    http: &'a reqwest::Client,
    step: usize,
    surprises: usize,
}

impl Teller<'_> {
    async fn token(&mut self, title: &str, client: &Client, grant: Grant) -> Result<String, DemoFault> {
        self.step += 1;
        let Stage { credentials, provider, .. } = self.stage;
        let url = format!("{}/token", provider.issuer());
        let proof = client.proof("POST", &url, None)?;
        let (form, as_client): (Vec<(&str, &str)>, &Secret) = match grant {
            Grant::Client => (vec![("grant_type", "client_credentials")], &credentials.shop),
            Grant::User => {
                let john = &credentials.john;
                let form =
                    vec![("grant_type", "password"), ("username", john.name), ("password", &john.secret)];
                (form, &credentials.vault)
            }
        };
        let basic = STANDARD.encode(format!("{}:{}", as_client.name, as_client.secret));
        let fields = [("authorization", format!("Basic {basic}")), ("dpop", proof)];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = client::post_form(self.http, &url, &form, &fields).await?;
        let body = answer.json();
        let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        if answer.status != 200 || member("token_type") != "DPoP" {
            return Err(DemoFault::Answer {
                what: format!("POST {url}"),
                status: answer.status,
                body: answer.body,
            });
        }
        let token = member("access_token").to_owned();
        self.screen.token(self.step, title, &url, &form, &client.thumbprint(), &token);
        Ok(token)
    }

    async fn attempt(&mut self, attempt: Attempt<'_>) -> Result<(), DemoFault> {
        self.step += 1;
        let url = format!("http://{}{}", self.stage.proxy, attempt.path);
        let authorization = format!("{} {}", attempt.scheme, attempt.token);
        let mut fields = vec![("authorization", authorization.as_str())];
        if let Some((proof, _)) = &attempt.proof {
            fields.push(("dpop", proof));
        }
        let before = self.stage.received.count();
        let answer = client::get(self.http, &url, &fields).await?;
        let upstream_saw_it = self.stage.received.count() != before;
        let outcome = outcome(&answer, upstream_saw_it);
        let as_expected = is_expected(&attempt, &outcome);
        self.surprises += usize::from(!as_expected);
        self.screen.attempt(self.step, &attempt, &outcome, &answer, as_expected);
        Ok(())
    }
}

fn outcome(answer: &Answer, upstream_saw_it: bool) -> Outcome {
    let body = answer.json();
    if answer.status == 200 {
        return Outcome::Forwarded(body);
    }
    let member = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    Outcome::Refused {
        status: answer.status,
        error: member("error"),
        code: member("code"),
        description: member("error_description"),
        upstream_saw_it,
    }
}

/// Whether a request ended as it should: the status alone would not tell a right refusal from a wrong one, nor a
/// bearer request from one that still carries the proof.
fn is_expected(attempt: &Attempt<'_>, outcome: &Outcome) -> bool {
    match (attempt.expected, outcome) {
        (Expected::Forwarded, Outcome::Forwarded(seen)) => {
            let field = |name: &str| seen.pointer("/headers").and_then(|headers| headers.get(name));
            field("Authorization").and_then(Value::as_str) == Some(&format!("Bearer {}", attempt.token))
                && field("Dpop").is_none()
        }
        (
            Expected::Refused { error: expected_error, code: expected_code },
            Outcome::Refused { status, error, code, upstream_saw_it, .. },
        ) => *status == 401 && error == expected_error && code == expected_code && !upstream_saw_it,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attempt(expected: Expected) -> Attempt<'static> {
        Attempt { title: "", path: "/", scheme: "DPoP", token: "t", proof: None, expected }
    }

    fn refused(code: &str, upstream_saw_it: bool) -> Outcome {
        Outcome::Refused {
            status: 401,
            error: "invalid_token".to_owned(),
            code: code.to_owned(),
            description: String::new(),
            upstream_saw_it,
        }
    }

    #[test]
    fn a_refusal_for_another_reason_or_after_forwarding_is_a_surprise() {
        let expected = attempt(Expected::Refused { error: "invalid_token", code: "proof_key_mismatch" });
        assert!(is_expected(&expected, &refused("proof_key_mismatch", false)));
        assert!(!is_expected(&expected, &refused("token_expired", false)));
        assert!(!is_expected(&expected, &refused("proof_key_mismatch", true)));
    }

    #[test]
    fn an_upstream_that_saw_the_proof_or_another_token_is_a_surprise() {
        let expected = attempt(Expected::Forwarded);
        let seen = |headers: Value| Outcome::Forwarded(json!({ "headers": headers }));
        assert!(is_expected(&expected, &seen(json!({ "Authorization": "Bearer t" }))));
        assert!(!is_expected(&expected, &seen(json!({ "Authorization": "Bearer t", "Dpop": "p" }))));
        assert!(!is_expected(&expected, &seen(json!({ "Authorization": "DPoP t" }))));
    }
}
