//! The answer to a request that shows no acceptable token: `WWW-Authenticate` (RFC 6750 §3, RFC 9449 §7.1, RFC 9728 §5.1,
//! RFC 9470 §3).

use std::fmt::Write as _;

use crate::algorithm::AlgorithmSet;
use crate::binding::Scheme;

/// What a resource offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The realm; both challenges carry it.
    pub realm: String,
    /// The proof algorithms, when DPoP-bound tokens are taken.
    pub dpop: Option<AlgorithmSet>,
    /// Whether unbound or certificate-bound tokens are taken under the Bearer scheme.
    pub bearer: bool,
    /// The URL of the metadata document (RFC 9728).
    pub resource_metadata: Option<String>,
}

/// Why a credential was refused. Without one, a challenge has no error attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problem {
    /// The OAuth error code.
    pub error: &'static str,
    /// A text for a person.
    pub description: Option<String>,
    /// The scopes that would help.
    pub scope: Option<String>,
    /// The authentication context classes that would help (RFC 9470).
    pub acr_values: Option<String>,
    /// The greatest age of the authentication that would help, in seconds (RFC 9470).
    pub max_age: Option<u64>,
}

impl Offer {
    /// The values of `WWW-Authenticate`, one field line each: DPoP first, then Bearer.
    ///
    /// The problem stands on the scheme that the client used when that is offered, else on the other: a bound token that came as
    /// a bearer token is told so by the DPoP challenge, through `bound`.
    #[must_use]
    pub fn challenges(&self, problem: Option<&Problem>, used: Scheme, bound: bool) -> Vec<String> {
        let on_dpop = self.dpop.is_some() && (used == Scheme::Dpop || bound || !self.bearer);
        let mut values = Vec::with_capacity(2);
        if let Some(algorithms) = self.dpop {
            let names: Vec<&str> = algorithms.iter().map(crate::algorithm::Algorithm::name).collect();
            values.push(self.challenge("DPoP", problem.filter(|_| on_dpop), Some(&names.join(" "))));
        }
        if self.bearer || self.dpop.is_none() {
            values.push(self.challenge("Bearer", problem.filter(|_| !on_dpop), None));
        }
        values
    }

    fn challenge(&self, scheme: &str, problem: Option<&Problem>, algorithms: Option<&str>) -> String {
        let mut out = format!("{scheme} realm=\"{}\"", quoted(&self.realm));
        let mut attribute = |name: &str, value: &str| {
            let _ = write!(out, ", {name}=\"{value}\"");
        };
        if let Some(problem) = problem {
            if !problem.error.is_empty() {
                attribute("error", problem.error);
            }
            if let Some(description) = &problem.description {
                attribute("error_description", &plain(description));
            }
            if let Some(scope) = &problem.scope {
                attribute("scope", &plain(scope));
            }
            if let Some(acr_values) = &problem.acr_values {
                attribute("acr_values", &plain(acr_values));
            }
            if let Some(max_age) = problem.max_age {
                attribute("max_age", &max_age.to_string());
            }
        }
        if let Some(algorithms) = algorithms {
            attribute("algs", algorithms);
        }
        if let Some(url) = &self.resource_metadata {
            attribute("resource_metadata", &plain(url));
        }
        out
    }
}

/// The characters that RFC 6750 §3 allows in `error_description` and `scope`; others become a question mark.
fn plain(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
    text.chars().map(|c| if allowed(c) { c } else { '?' }).collect()
}

/// The inside of a quoted-string (RFC 9110 §5.6.4).
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\x20'..='\x7e' => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;

    fn offer(dpop: bool, bearer: bool) -> Offer {
        let algorithms = [Algorithm::Es256, Algorithm::EdDsa].into_iter().collect();
        Offer { realm: "keybound".into(), dpop: dpop.then_some(algorithms), bearer, resource_metadata: None }
    }

    fn problem(error: &'static str) -> Problem {
        Problem { error, description: Some("iat is too old".into()), ..Problem::default() }
    }

    #[test]
    fn without_a_credential_there_is_no_error_attribute() {
        assert_eq!(
            offer(true, true).challenges(None, Scheme::Bearer, false),
            ["DPoP realm=\"keybound\", algs=\"ES256 EdDSA\"", "Bearer realm=\"keybound\""]
        );
        assert_eq!(offer(false, true).challenges(None, Scheme::Bearer, false), ["Bearer realm=\"keybound\""]);
        assert_eq!(
            offer(true, false).challenges(None, Scheme::Bearer, false),
            ["DPoP realm=\"keybound\", algs=\"ES256 EdDSA\""]
        );
    }

    #[test]
    fn the_error_stands_on_the_scheme_used_and_on_dpop_for_a_bound_token_sent_as_bearer() {
        let problem = problem("invalid_token");
        let with = "realm=\"keybound\", error=\"invalid_token\", error_description=\"iat is too old\"";
        let dpop = |text: &str| format!("DPoP {text}, algs=\"ES256 EdDSA\"");
        let both = offer(true, true);
        assert_eq!(
            both.challenges(Some(&problem), Scheme::Dpop, true),
            [dpop(with), "Bearer realm=\"keybound\"".into()]
        );
        assert_eq!(
            both.challenges(Some(&problem), Scheme::Bearer, false),
            [dpop("realm=\"keybound\""), format!("Bearer {with}")]
        );
        assert_eq!(
            both.challenges(Some(&problem), Scheme::Bearer, true),
            [dpop(with), "Bearer realm=\"keybound\"".into()]
        );
        assert_eq!(offer(true, false).challenges(Some(&problem), Scheme::Bearer, false), [dpop(with)]);
    }

    #[test]
    fn nothing_breaks_out_of_a_quoted_string() {
        let mut offer = offer(false, true);
        offer.realm = "a\"b\\c\r\nd".into();
        let problem = Problem {
            error: "insufficient_scope",
            description: Some("x\"y\\z\r\n\u{fc}".into()),
            scope: Some("a b".into()),
            ..Problem::default()
        };
        assert_eq!(
            offer.challenges(Some(&problem), Scheme::Bearer, false),
            [
                "Bearer realm=\"a\\\"b\\\\c??d\", error=\"insufficient_scope\", error_description=\"x?y?z???\", scope=\"a b\""
            ]
        );
    }
}
