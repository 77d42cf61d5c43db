//! What is said of a decision afterwards: counts by route, code and client, and a line for each fault that was only reported.

use std::sync::Arc;

use super::token::VerifiedToken;
use crate::contract::{Head, Notes, Scope};
use crate::metrics::{Metrics, Outcome};

/// Most bytes of a claim in the log.
const MAX_TEXT: usize = 256;

/// Where one instance says what it decided.
#[derive(Debug)]
pub(super) struct Reporter {
    metrics: Arc<Metrics>,
}

impl Reporter {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics }
    }

    /// Notes whom a verified token speaks for, in bounded texts: the claims are the provider's, but not always chosen by it.
    pub(super) fn identify(token: &VerifiedToken, notes: &mut Notes) {
        notes.subject = token.subject().map(bounded);
        notes.client = token.client().map(bounded);
    }

    /// The request goes on.
    pub(super) fn passed(&self, head: &Head, scope: &Scope, notes: &Notes) {
        let client = notes.client.as_deref();
        let count = |outcome, what| self.metrics.bindings.count(outcome, what, scope, client);
        match notes.fault {
            Some(code) => {
                count(Outcome::Reported, code);
                line(code, head, scope, notes);
            }
            None => count(Outcome::Passed, notes.binding.unwrap_or("none")),
        }
        self.noticed(scope, notes);
    }

    /// The request ends here.
    pub(super) fn refused(&self, code: &'static str, scope: &Scope, notes: &Notes) {
        self.metrics.bindings.count(Outcome::Refused, code, scope, notes.client.as_deref());
        self.noticed(scope, notes);
    }

    fn noticed(&self, scope: &Scope, notes: &Notes) {
        for code in &notes.noticed {
            self.metrics.bindings.count(Outcome::Noticed, code, scope, notes.client.as_deref());
        }
    }
}

/// The line in the log: what would have been refused, and why.
fn line(code: &'static str, head: &Head, scope: &Scope, notes: &Notes) {
    let name = |part: &'_ Option<(Arc<str>, Option<Arc<str>>)>| {
        part.as_ref().map(|(id, name)| name.as_ref().unwrap_or(id).to_string())
    };
    let explanation = notes.explanation.as_deref();
    tracing::info!(
        code,
        service = name(&scope.service),
        route = name(&scope.route),
        client_id = notes.client,
        subject = notes.subject,
        detail = notes.detail,
        expected_htu = explanation.and_then(|known| known.expected_htu.as_deref()),
        received_htu = explanation.and_then(|known| known.received_htu.as_deref()),
        clock_difference = explanation.and_then(|known| known.clock_difference),
        proof_jkt = explanation.and_then(|known| known.thumbprint).map(|jkt| jkt.to_string()),
        jkt = notes.jkt.map(|jkt| jkt.to_string()),
        request_id = head.request_id,
        "would have been refused",
    );
}

/// A claim, cut to what a line bears.
fn bounded(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let end = (0..=MAX_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}...", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_claim_is_cut_between_characters() {
        assert_eq!(bounded("app"), "app");
        let long = "\u{e9}".repeat(200);
        assert_eq!(bounded(&long), format!("{}...", "\u{e9}".repeat(128)));
        assert_eq!(bounded(&format!("a{long}")), format!("a{}...", "\u{e9}".repeat(127)));
    }
}
