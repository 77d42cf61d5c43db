//! What a token says it is bound to: the `cnf` claim (RFC 7800), in a JWT or at the top of an introspection answer.

use serde_json::{Map, Value};

use crate::thumbprint::Thumbprint;

/// The keys that a token is bound to. Both `None`: a plain bearer token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Confirmation {
    /// `jkt`: the thumbprint of the DPoP key (RFC 9449 §6).
    pub jkt: Option<Thumbprint>,
    /// `x5t#S256`: the thumbprint of the client's certificate (RFC 8705 §3.1).
    pub x5t_s256: Option<Thumbprint>,
}

/// Why a `cnf` claim cannot be honoured. A token with such a claim is never taken for a plain bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ConfirmationFault {
    /// `cnf` is not an object.
    #[error("cnf is not an object")]
    NotAnObject,
    /// `cnf` has no member.
    #[error("cnf is empty")]
    Empty,
    /// `cnf` has members, and none of them is `jkt` or `x5t#S256`.
    #[error("cnf holds no confirmation method that is known here")]
    UnknownMethod,
    /// `jkt` is not 43 characters of base64url.
    #[error("cnf.jkt is not a SHA-256 thumbprint")]
    Jkt,
    /// `x5t#S256` is not 43 characters of base64url.
    #[error("cnf.x5t#S256 is not a SHA-256 thumbprint")]
    X5t,
}

impl ConfirmationFault {
    /// Every fault, for the documentation.
    pub const ALL: [Self; 5] = [Self::NotAnObject, Self::Empty, Self::UnknownMethod, Self::Jkt, Self::X5t];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAnObject => "token_cnf_not_object",
            Self::Empty => "token_cnf_empty",
            Self::UnknownMethod => "token_cnf_unknown",
            Self::Jkt => "token_cnf_jkt",
            Self::X5t => "token_cnf_x5t",
        }
    }
}

impl Confirmation {
    /// Reads `cnf` from a token's claims. No `cnf`: bound to nothing. Members beside a known one are ignored.
    ///
    /// # Errors
    /// See [`ConfirmationFault`].
    pub fn from_claims(claims: &Map<String, Value>) -> Result<Self, ConfirmationFault> {
        let Some(cnf) = claims.get("cnf") else { return Ok(Self::default()) };
        let cnf = cnf.as_object().ok_or(ConfirmationFault::NotAnObject)?;
        if cnf.is_empty() {
            return Err(ConfirmationFault::Empty);
        }
        let confirmation = Self {
            jkt: member(cnf, "jkt", ConfirmationFault::Jkt)?,
            x5t_s256: member(cnf, "x5t#S256", ConfirmationFault::X5t)?,
        };
        if confirmation.is_unbound() { Err(ConfirmationFault::UnknownMethod) } else { Ok(confirmation) }
    }

    /// Whether the token is bound to nothing.
    #[must_use]
    pub const fn is_unbound(&self) -> bool {
        self.jkt.is_none() && self.x5t_s256.is_none()
    }
}

fn member(
    cnf: &Map<String, Value>,
    name: &str,
    fault: ConfirmationFault,
) -> Result<Option<Thumbprint>, ConfirmationFault> {
    match cnf.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Thumbprint::parse(text).map(Some).map_err(|_| fault),
        Some(_) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

    fn read(cnf: Value) -> Result<Confirmation, ConfirmationFault> {
        let mut claims = Map::new();
        claims.insert("cnf".into(), cnf);
        Confirmation::from_claims(&claims)
    }

    #[test]
    fn known_members_are_read_and_others_beside_them_ignored() {
        let both = read(json!({"jkt": X, "x5t#S256": X, "kc-jkt-type": "DPoP"})).unwrap();
        assert_eq!(both.jkt.unwrap().encode(), X);
        assert_eq!(both.x5t_s256.unwrap().encode(), X);
        assert!(Confirmation::from_claims(&Map::new()).unwrap().is_unbound());
    }

    #[test]
    fn a_cnf_that_cannot_be_honoured_is_a_fault_and_never_a_plain_bearer_token() {
        for (cnf, fault) in [
            (json!("x"), ConfirmationFault::NotAnObject),
            (json!(1), ConfirmationFault::NotAnObject),
            (json!([]), ConfirmationFault::NotAnObject),
            (json!(true), ConfirmationFault::NotAnObject),
            (json!(null), ConfirmationFault::NotAnObject),
            (json!({}), ConfirmationFault::Empty),
            (json!({"jwk": {}}), ConfirmationFault::UnknownMethod),
            (json!({"kid": "x", "jku": "y"}), ConfirmationFault::UnknownMethod),
            (json!({"x5t": X}), ConfirmationFault::UnknownMethod),
            (json!({"jkt": 1}), ConfirmationFault::Jkt),
            (json!({"jkt": null}), ConfirmationFault::Jkt),
            (json!({"jkt": format!("{X}=")}), ConfirmationFault::Jkt),
            (json!({"jkt": X, "x5t#S256": "00"}), ConfirmationFault::X5t),
        ] {
            assert_eq!(read(cnf.clone()), Err(fault), "{cnf}");
        }
    }
}
