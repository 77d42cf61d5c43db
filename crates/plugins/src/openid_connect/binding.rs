//! The third step: is the token's bearer the one it was issued to?
//!
//! The decision table is `keybound_pop::binding`, the proof's check `keybound_pop::proof`; here they get what they need to
//! know of the request, and the replay record is written as the last step of all.

use std::sync::Arc;

use keybound_pop::binding::{BindingFault, Decision, Mode, Presented, Scheme, decide};
use keybound_pop::confirmation::Confirmation;
use keybound_pop::proof::{self, KeyCache, ProofFault};
use keybound_pop::thumbprint::Thumbprint;
use keybound_pop::time::UnixTime;

use super::certificate::{CertificateSource, ShownCertificate};
use super::config::Possession;
use super::credential::Place;
use super::nonce::Nonces;
use super::proof_work::{Metered, ProofWork};
use super::replay::Replay;
use super::rewrite::DPOP;
use super::target::Targets;
use super::token::VerifiedToken;
use crate::contract::{Head, Notes, Scope};
use crate::fault::AccessFault;
use crate::metrics::Metrics;

/// Checks bindings for one instance.
pub(super) struct Binder {
    pub(super) possession: Possession,
    pub(super) targets: Targets,
    pub(super) nonces: Nonces,
    pub(super) replay: Replay,
    pub(super) keys: Arc<dyn KeyCache>,
    pub(super) work: Arc<ProofWork>,
    pub(super) certificates: CertificateSource,
    pub(super) metrics: Arc<Metrics>,
}

/// A token that its bearer may use, as far as keys go.
#[derive(Debug)]
pub(super) struct BoundToken {
    token: VerifiedToken,
    /// A nonce for the client's next proof.
    nonce: Option<String>,
    /// Whether the binding holds, and is not only reported.
    held: bool,
}

/// A binding that does not hold.
#[derive(Debug)]
pub(super) struct Unbound {
    pub(super) fault: AccessFault,
    /// The nonce that the client has to use.
    pub(super) nonce: Option<String>,
    pub(super) token: VerifiedToken,
}

impl BoundToken {
    pub(super) fn token(&self) -> &VerifiedToken {
        &self.token
    }

    /// Whether what the token is bound to was shown, as far as that is checked.
    pub(super) fn held(&self) -> bool {
        self.held
    }

    /// A nonce that goes out with the success.
    pub(super) fn nonce(&self) -> Option<&str> {
        self.nonce.as_deref()
    }
}

/// Why a proof is not good, and the nonce that would help.
struct Refused {
    fault: AccessFault,
    nonce: Option<String>,
}

impl<F: Into<AccessFault>> From<F> for Refused {
    fn from(fault: F) -> Self {
        Self { fault: fault.into(), nonce: None }
    }
}

impl Binder {
    /// Whether a scheme is refused whatever the token is, so that nobody has to verify it.
    ///
    /// # Errors
    /// [`BindingFault::SchemeNotOffered`] or [`BindingFault::DpopRequired`].
    pub(super) fn admits(&self, scheme: Scheme) -> Result<(), BindingFault> {
        let presented = Presented { scheme, in_authorization: true, proof_present: false, certificate: None };
        let unbound = Confirmation { jkt: None, x5t_s256: None };
        match decide(&self.possession.policy, &presented, &unbound) {
            Err(BindingFault::DpopRequired) if self.possession.report_only => Ok(()),
            Err(fault @ (BindingFault::SchemeNotOffered | BindingFault::DpopRequired)) => Err(fault),
            _ => Ok(()),
        }
    }

    /// Checks what the token is bound to. With `proof_of_possession_report_only`, a fault of possession is only noted.
    ///
    /// # Errors
    /// [`Unbound`], with a nonce where a nonce helps.
    pub(super) async fn bind(
        &self,
        token: VerifiedToken,
        head: &Head,
        scope: &Scope,
        now: UnixTime,
        notes: &mut Notes,
    ) -> Result<BoundToken, Box<Unbound>> {
        match self.check(&token, head, scope, now, notes).await {
            Ok(nonce) => {
                notes.binding = self.proven(token.confirmation());
                Ok(BoundToken { token, nonce, held: true })
            }
            Err(Refused { fault, nonce }) if self.possession.report_only && fault.is_possession() => {
                notes.fault = Some(fault.row().code);
                Ok(BoundToken { token, nonce, held: false })
            }
            Err(Refused { fault, nonce }) => Err(Box::new(Unbound { fault, nonce, token })),
        }
    }

    /// The nonce to hand out with the success, if it is time for a new one.
    async fn check(
        &self,
        token: &VerifiedToken,
        head: &Head,
        scope: &Scope,
        now: UnixTime,
        notes: &mut Notes,
    ) -> Result<Option<String>, Refused> {
        let shown = self.certificate(token, head)?;
        let presented = Presented {
            scheme: token.credential().scheme,
            // A session is begun by a bound token from there only, and sealed.
            in_authorization: matches!(token.credential().place, Place::Authorization | Place::Session),
            proof_present: head.headers.contains_key(DPOP),
            certificate: shown.as_ref().map(|shown| shown.thumbprint),
        };
        notes.jkt = token.confirmation().jkt;
        let decision = decide(&self.possession.policy, &presented, token.confirmation())?;
        if let Some(shown) = &shown {
            self.certificates.verify(shown, now).await?;
        }
        match decision {
            Decision::Forward => Ok(None),
            Decision::ForwardDroppingProof => {
                notes.noticed.push("proof_dropped");
                Ok(None)
            }
            Decision::CheckProof(expected) => {
                let open = notes.open("keybound.proof");
                let proven = self.prove(token, &expected, head, scope, now, notes).await;
                notes.close(open, proven.as_ref().err().map(|refused| refused.fault.row().code));
                proven
            }
        }
    }

    async fn prove(
        &self,
        token: &VerifiedToken,
        expected: &Thumbprint,
        head: &Head,
        scope: &Scope,
        now: UnixTime,
        notes: &mut Notes,
    ) -> Result<Option<String>, Refused> {
        let context = self.nonces.context(expected, scope);
        let targets = self.targets.of(head);
        let request = proof::Request {
            method: head.method.as_str(),
            targets: &targets,
            ambiguous_path: head.path.had_empty_segments,
            websocket: head.websocket,
            token_hash: token.hash(),
        };
        let lines = head.headers.get_all(DPOP);
        // Two are enough to know that there are too many.
        let fields: Vec<&[u8]> = lines.iter().take(2).map(http::HeaderValue::as_bytes).collect();
        let policy = &self.possession.proof;
        let refuse = |fault: ProofFault, notes: &mut Notes| {
            let explanation = proof::explain(fault, &fields, &request, now);
            notes.detail = explanation.sentence(fault, &request);
            notes.explanation = Some(Box::new(explanation));
            self.metrics.possession.proof_refused(fault);
            let nonce = (fault.error() == "use_dpop_nonce").then(|| self.new_nonce(now, &context));
            Refused { fault: fault.into(), nonce }
        };
        let nonce = self.nonces.policy(&context);
        let keys = Metered { keys: &*self.keys, work: &self.work, source: head.client_ip, now };
        let verified = proof::check(&fields, &request, expected, policy, nonce, now, &keys)
            .map_err(|fault| refuse(fault, notes))?;
        if self.replay.is_cold(&verified, !self.nonces.outlives_process(), now) {
            self.metrics.possession.cold();
            return Err(refuse(ProofFault::Cold, notes));
        }
        match self.replay.record(&verified, now, notes).await {
            Ok(()) => {}
            Err(AccessFault::Proof(fault)) => return Err(refuse(fault, notes)),
            Err(fault) => return Err(fault.into()),
        }
        let Some(age) = verified.nonce_age else { return Ok(None) };
        self.metrics.possession.nonce_accepted();
        Ok(self.nonces.is_due(age).then(|| self.new_nonce(now, &context)))
    }

    fn new_nonce(&self, now: UnixTime, context: &[u8]) -> String {
        self.metrics.possession.nonce_issued();
        self.nonces.seal(now, context)
    }

    /// What the bearer of a token that passed has proven.
    fn proven(&self, confirmation: &Confirmation) -> Option<&'static str> {
        let policy = &self.possession.policy;
        let dpop = confirmation.jkt.is_some() && policy.dpop != Mode::Off;
        let certificate = confirmation.x5t_s256.is_some() && policy.mtls != Mode::Off;
        match (dpop, certificate) {
            (true, true) => Some("dpop+certificate"),
            (true, false) => Some("dpop"),
            (false, true) => Some("certificate"),
            (false, false) => None,
        }
    }

    /// The request's certificate, where one counts.
    fn certificate(&self, token: &VerifiedToken, head: &Head) -> Result<Option<ShownCertificate>, Refused> {
        if self.possession.policy.mtls == Mode::Off || token.confirmation().x5t_s256.is_none() {
            return Ok(None);
        }
        Ok(self.certificates.shown(head)?)
    }
}

impl std::fmt::Debug for Binder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Binder").field("possession", &self.possession).finish_non_exhaustive()
    }
}
