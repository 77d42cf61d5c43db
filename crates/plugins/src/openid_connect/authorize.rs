//! The step after the binding: what the token's claims allow.
//!
//! Pure. Order: forbidden claims, scopes, groups, roles; all must hold. A wrong audience and a wrong `hd` are faults of the
//! token itself (RFC 9068 §4) and are found with it.

use keybound_oidc::Requirement;
use serde_json::{Map, Value};

use super::binding::BoundToken;
use super::credential::Credential;
use super::token::VerifiedToken;
use crate::fault::AuthorizationFault;

/// What claims must say (`*_claim` and `*_required`, `claims_forbidden`).
#[derive(Debug, Clone, Default)]
pub(super) struct Requirements {
    pub(super) forbidden: Vec<String>,
    pub(super) scopes: Option<Scopes>,
    pub(super) groups: Option<Requirement>,
    pub(super) roles: Option<Requirement>,
}

/// The required scopes, which a challenge names too.
#[derive(Debug, Clone)]
pub(super) struct Scopes {
    requirement: Requirement,
    path: Vec<String>,
    entries: Vec<String>,
}

type Claims = Map<String, Value>;

impl Scopes {
    pub(super) fn new(path: Vec<String>, entries: Vec<String>) -> Self {
        Self { requirement: Requirement::on_words(path.clone(), &entries), path, entries }
    }

    /// The entry of which the token lacks the fewest words: what a client should ask for.
    fn nearest(&self, claims: &Claims) -> Option<String> {
        let lacks =
            |word: &&str| !Requirement::on_words(self.path.clone(), &[(*word).to_owned()]).holds(claims);
        let missing = |entry: &&String| entry.split_ascii_whitespace().filter(lacks).count();
        self.entries.iter().min_by_key(missing).cloned()
    }
}

/// A request whose token is good, bound as demanded, and allows it.
#[derive(Debug)]
pub(super) struct Grant {
    bound: BoundToken,
}

impl Grant {
    /// The token, and how its binding was checked.
    pub(super) fn bound(&self) -> &BoundToken {
        &self.bound
    }

    /// The token that allows it.
    pub(super) fn token(&self) -> &VerifiedToken {
        self.bound.token()
    }

    /// The credential that was presented.
    pub(super) fn credential(&self) -> &Credential {
        self.bound.token().credential()
    }
}

/// Whether the token allows the request.
///
/// # Errors
/// The first [`AuthorizationFault`], with the `scope` that the challenge names.
pub(super) fn authorize(
    bound: BoundToken,
    requirements: &Requirements,
) -> Result<Grant, (AuthorizationFault, Option<String>)> {
    let claims = bound.token().claims();
    // What is known from two places must not have it in either.
    let other = bound.token().all_claims().answer;
    if other.is_some_and(|other| requirements.forbidden.iter().any(|name| other.contains_key(name))) {
        return Err((AuthorizationFault::ForbiddenClaim, None));
    }
    match allowed(claims, requirements) {
        Ok(()) => Ok(Grant { bound }),
        Err(AuthorizationFault::Scope) => {
            let scope = requirements.scopes.as_ref().and_then(|scopes| scopes.nearest(claims));
            Err((AuthorizationFault::Scope, scope))
        }
        Err(fault) => Err((fault, None)),
    }
}

fn allowed(claims: &Claims, requirements: &Requirements) -> Result<(), AuthorizationFault> {
    let demand = |holds: bool, fault| if holds { Ok(()) } else { Err(fault) };
    let holds =
        |requirement: Option<&Requirement>| requirement.is_none_or(|requirement| requirement.holds(claims));
    let forbidden = requirements.forbidden.iter().any(|name| claims.contains_key(name));
    demand(!forbidden, AuthorizationFault::ForbiddenClaim)?;
    demand(holds(requirements.scopes.as_ref().map(|scopes| &scopes.requirement)), AuthorizationFault::Scope)?;
    demand(holds(requirements.groups.as_ref()), AuthorizationFault::Group)?;
    demand(holds(requirements.roles.as_ref()), AuthorizationFault::Role)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        value.as_object().unwrap().clone()
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn scopes(required: &[&str]) -> Requirements {
        Requirements {
            scopes: Some(Scopes::new(owned(&["scope"]), owned(required))),
            ..Requirements::default()
        }
    }

    #[test]
    fn nothing_required_is_nothing_lacked() {
        assert_eq!(allowed(&claims(json!({})), &Requirements::default()), Ok(()));
    }

    #[test]
    fn each_pair_has_its_own_fault_and_all_must_hold() {
        let pair = |name, value| Some(Requirement::on_words(owned(&[name]), &owned(&[value])));
        let mut requirements = scopes(&["read"]);
        requirements.groups = pair("groups", "staff");
        requirements.roles = pair("roles", "admin");
        let with = |value| allowed(&claims(value), &requirements);
        assert_eq!(with(json!({"scope": "write"})), Err(AuthorizationFault::Scope));
        assert_eq!(with(json!({"scope": "read"})), Err(AuthorizationFault::Group));
        assert_eq!(with(json!({"scope": "read", "groups": ["staff"]})), Err(AuthorizationFault::Role));
        assert_eq!(with(json!({"scope": "read", "groups": ["staff"], "roles": "admin x"})), Ok(()));
    }

    #[test]
    fn a_forbidden_claim_refuses_even_when_it_is_null() {
        let requirements = Requirements { forbidden: owned(&["act"]), ..Requirements::default() };
        assert_eq!(
            allowed(&claims(json!({"act": null})), &requirements),
            Err(AuthorizationFault::ForbiddenClaim)
        );
        assert_eq!(allowed(&claims(json!({"sub": "a"})), &requirements), Ok(()));
    }

    #[test]
    fn the_challenge_names_the_entry_with_the_least_missing() {
        let scopes = Scopes::new(owned(&["scope"]), owned(&["admin audit", "read write"]));
        assert_eq!(scopes.nearest(&claims(json!({"scope": "write"}))).as_deref(), Some("read write"));
    }
}
