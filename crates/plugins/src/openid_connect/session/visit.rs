//! What a request's cookies say of a session.

use http::HeaderValue;
use keybound_pop::binding::{Mode, Policy, Scheme};
use keybound_pop::confirmation::Confirmation;
use keybound_pop::thumbprint::token_hash;

use super::cookie::Jar;
use super::record::{Login, SessionId, SessionRecord};
use crate::fault::SessionFault;
use crate::openid_connect::credential::{Credential, Place};

/// Which of the two cookies a session came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Remember,
}

/// The session of a request, if it has one, and whether it holds.
#[derive(Default)]
pub(in crate::openid_connect) struct Visit {
    pub(super) jar: Jar,
    pub(super) remembered: Jar,
    pub(super) session: Option<Session>,
    /// Why the session cannot be used, or why there is none.
    pub(super) fault: Option<SessionFault>,
    /// Whether there is a remembered login that is over too.
    pub(super) forgotten: bool,
    /// Logins of other applications in the same cookie.
    pub(super) others: Vec<Login>,
}

/// A session that was opened.
pub(super) struct Session {
    pub(super) kind: Kind,
    pub(super) id: SessionId,
    pub(super) rolled: i64,
    pub(super) used: i64,
    pub(super) login: Login,
    pub(super) confirmation: Confirmation,
    /// Whether this instance made it.
    pub(super) own: bool,
}

impl Visit {
    /// A request that also has a token: the session counts only when it holds and is that token's. Whatever else is wrong with
    /// it does not matter, because the token decides.
    pub(in crate::openid_connect) fn beside(&mut self, token: &str) {
        let fault = self.fault.take();
        match self.session.take() {
            Some(session) if fault.is_none() && session.hash() == token_hash(token.as_bytes()) => {
                self.session = Some(session);
            }
            Some(session) if !session.own => self.others.push(session.login),
            _ => {}
        }
    }

    /// Why the request's session does not stand for a token.
    pub(in crate::openid_connect) fn fault(&self) -> Option<SessionFault> {
        self.fault
    }

    /// The session's token, as the credential of this request. The scheme is that of the token's type.
    pub(in crate::openid_connect) fn credential(&self, policy: &Policy) -> Option<Credential> {
        let session = self.session.as_ref().filter(|_| self.fault.is_none())?;
        let value = HeaderValue::from_str(&session.login.token).ok()?;
        Some(Credential::new(session.scheme(policy), Place::Session, value, 0))
    }

    /// The scheme that a refusal of this session speaks of.
    pub(in crate::openid_connect) fn scheme(&self, policy: &Policy) -> Option<Scheme> {
        self.session.as_ref().map(|session| session.scheme(policy))
    }

    /// Whether the session's token is bound to a key that was not shown when the session began, and is to be shown now.
    pub(in crate::openid_connect) fn is_unproven(&self, policy: &Policy) -> bool {
        self.session.as_ref().is_some_and(|session| {
            let Login { shown, .. } = &session.login;
            let dpop = session.confirmation.jkt.is_some() && policy.dpop != Mode::Off && !shown.dpop;
            let mtls = session.confirmation.x5t_s256.is_some() && policy.mtls != Mode::Off && !shown.mtls;
            dpop || mtls
        })
    }
}

impl Session {
    /// The SHA-256 of its token.
    pub(super) fn hash(&self) -> [u8; 32] {
        token_hash(self.login.token.as_bytes())
    }

    /// The record that it was opened from.
    pub(super) fn record(&self, others: &[Login]) -> SessionRecord {
        let logins = std::iter::once(&self.login).chain(others).cloned().collect();
        SessionRecord { id: self.id.clone(), rolled: self.rolled, used: self.used, logins }
    }

    fn scheme(&self, policy: &Policy) -> Scheme {
        let dpop = self.confirmation.jkt.is_some() && policy.dpop != Mode::Off;
        if dpop { Scheme::Dpop } else { Scheme::Bearer }
    }
}
