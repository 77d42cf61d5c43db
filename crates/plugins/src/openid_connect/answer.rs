//! From a fault to what the client is told: challenge, nonce, wait, message.

use std::borrow::Cow;

use http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use keybound_pop::binding::{Leftover, Mode, Scheme};
use keybound_pop::challenge::{Offer, Problem};

use super::config::{Answers, Possession};
use super::step_up::StepUp;
use crate::contract::{Detail, Refusal};
use crate::fault::{AccessFault, Row};

pub(super) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A request that is refused, and what its answer has to say.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) fault: AccessFault,
    /// The scheme that the client used.
    pub(super) used: Scheme,
    /// Whether the token is bound by DPoP.
    pub(super) bound: bool,
    /// The scope that would help.
    pub(super) scope: Option<String>,
    /// The nonce that the client has to use.
    pub(super) nonce: Option<String>,
}

/// How one instance answers.
#[derive(Debug, Clone)]
pub(super) struct Answerer {
    answers: Answers,
    offer: Offer,
    step_up: StepUp,
}

impl Refused {
    pub(super) fn new(fault: impl Into<AccessFault>, used: Scheme) -> Self {
        Self { fault: fault.into(), used, bound: false, scope: None, nonce: None }
    }
}

impl Answerer {
    pub(super) fn new(answers: Answers, possession: &Possession, step_up: StepUp) -> Self {
        let (policy, algorithms) = (&possession.policy, possession.proof.algorithms);
        let dpop = (policy.dpop != Mode::Off).then_some(algorithms);
        let unbound = policy.unbound_tokens == Leftover::Accept || policy.mtls != Mode::Off;
        let bearer = match policy.dpop {
            Mode::Off => true,
            Mode::Optional => unbound,
            // Where faults of possession are only reported, a bearer token gets through.
            Mode::Strict => possession.report_only,
        };
        let offer = Offer { realm: answers.realm.clone(), dpop, bearer, resource_metadata: None };
        Self { answers, offer, step_up }
    }

    /// The refusal. `metadata` is the URL of the resource's metadata, where there are such.
    pub(super) fn refuse(&self, refused: Refused, metadata: Option<String>) -> Refusal {
        let row = refused.fault.row();
        let mut headers = Vec::new();
        match row.status {
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                for challenge in self.challenges(row, &refused, metadata) {
                    headers
                        .extend(HeaderValue::try_from(challenge).ok().map(|value| (WWW_AUTHENTICATE, value)));
                }
            }
            _ => {}
        }
        if let Some(nonce) = refused.nonce.as_deref().and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
            headers.push((DPOP_NONCE, nonce));
            headers.push((CACHE_CONTROL, NO_STORE));
        }
        headers.extend(refused.fault.retry_after().map(|seconds| (RETRY_AFTER, seconds.max(1).into())));
        let detail = self.answers.display_errors.then(|| Detail {
            error: row.error.unwrap_or(row.code),
            description: refused.fault.description().into(),
        });
        Refusal { message: self.message(row), headers, detail, ..Refusal::new(refused.fault) }
    }

    /// A 403 challenges only on the scheme that was used: another one would not help.
    fn challenges(&self, row: Row, refused: &Refused, metadata: Option<String>) -> Vec<String> {
        let problem = self.problem(row, refused);
        let offer = Offer { resource_metadata: metadata, ..self.offer.clone() };
        if row.status != StatusCode::FORBIDDEN {
            return offer.challenges(problem.as_ref(), refused.used, refused.bound);
        }
        let dpop = offer.dpop.filter(|_| refused.used == Scheme::Dpop);
        let offer = Offer { dpop, bearer: dpop.is_none(), ..offer };
        offer.challenges(problem.as_ref(), refused.used, false)
    }

    fn problem(&self, row: Row, refused: &Refused) -> Option<Problem> {
        let error = row.error?;
        if !self.answers.expose_error_code {
            // Without this one no client could know that it has to come back with the nonce.
            return (error == "use_dpop_nonce").then(|| Problem { error, ..Problem::default() });
        }
        let description = Some(refused.fault.description());
        let mut problem = Problem { error, description, scope: refused.scope.clone(), ..Problem::default() };
        if let AccessFault::StepUp(_) = refused.fault {
            self.step_up.ask(&mut problem);
        }
        Some(problem)
    }

    fn message(&self, row: Row) -> Option<Cow<'static, str>> {
        match row.status {
            StatusCode::UNAUTHORIZED => Some(self.answers.unauthorized_message.clone().into()),
            StatusCode::FORBIDDEN => Some(self.answers.forbidden_message.clone().into()),
            _ => None,
        }
    }
}
