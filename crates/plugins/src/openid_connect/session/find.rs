//! From a request's cookies to the session that they hold.

use keybound_pop::binding::Mode;
use keybound_pop::time::UnixTime;

use super::Sessions;
use super::cookie::{Found, Jar};
use super::record::{Login, SessionId, SessionRecord};
use super::seal::{self, Purpose};
use super::shelf::Missed;
use super::visit::{Kind, Session, Visit};
use crate::contract::Head;
use crate::fault::SessionFault;

/// What one cookie came to.
#[derive(Default)]
struct Looked {
    session: Option<Session>,
    fault: Option<SessionFault>,
    others: Vec<Login>,
}

impl Sessions {
    /// The session of a request. A remembered login stands in where the session is gone.
    pub(in crate::openid_connect) async fn find(&self, head: &Head, now: UnixTime) -> Visit {
        let jar = Jar::of(&head.headers, &self.config.cookie);
        let mut looked = self.look(Kind::Session, &jar, head, now).await;
        let (mut remembered, mut forgotten) = (Jar::default(), false);
        if let Some(name) = &self.config.remember {
            remembered = Jar::of(&head.headers, name);
            let is_gone = matches!(
                (&looked.session, looked.fault),
                (None, None) | (_, Some(SessionFault::Expired | SessionFault::Unknown))
            );
            if is_gone {
                let kept = self.look(Kind::Remember, &remembered, head, now).await;
                forgotten = kept.fault == Some(SessionFault::Expired);
                let is_better = kept.session.is_some() && kept.fault.is_none();
                if is_better || kept.fault == Some(SessionFault::StoreUnreachable) {
                    looked = kept;
                }
            }
        }
        let Looked { session, fault, others } = looked;
        Visit { jar, remembered, session, fault, forgotten, others }
    }

    async fn look(&self, kind: Kind, jar: &Jar, head: &Head, now: UnixTime) -> Looked {
        match self.open(kind, jar).await {
            Ok(None) => Looked::default(),
            Ok(Some(record)) => self.choose(kind, record, head, now),
            Err(fault) => Looked { fault: Some(fault), ..Looked::default() },
        }
    }

    /// The record that cookies hold, or that they name. A value that is none of ours is no session, and no fault.
    pub(super) async fn open(&self, kind: Kind, jar: &Jar) -> Result<Option<SessionRecord>, SessionFault> {
        let sealed = match jar.found() {
            Found::Nothing => return Ok(None),
            Found::Ambiguous => return Err(SessionFault::Ambiguous),
            Found::Sealed(sealed) => sealed,
        };
        let (purpose, name) = (self.purpose(kind), self.name(kind));
        if !seal::is_of(&sealed, purpose) {
            return Ok(None);
        }
        let opened = self.sealer.open(purpose, name.as_bytes(), &sealed).ok_or(SessionFault::Unknown)?;
        let Some(shelf) = &self.shelf else {
            return SessionRecord::decode(&opened).map(Some).ok_or(SessionFault::Unknown);
        };
        let id = SessionId::parse(&opened).ok_or(SessionFault::Unknown)?;
        match shelf.take(&id, &self.sealer).await {
            Ok(record) => Ok(Some(record)),
            // The reference is ours, so the session was there once.
            Err(Missed::Unknown) => Err(SessionFault::Expired),
            Err(Missed::Fault(fault)) => {
                tracing::error!(%fault, "the store of sessions failed");
                Err(SessionFault::StoreUnreachable)
            }
        }
    }

    /// This instance's part of a session, and whether it holds.
    fn choose(&self, kind: Kind, mut record: SessionRecord, head: &Head, now: UnixTime) -> Looked {
        let is_for_us = |login: &Login| login.audience == self.config.audience;
        let is_own = |login: &Login| is_for_us(login) && login.instance == self.instance;
        let at = record.logins.iter().position(is_own).or_else(|| record.logins.iter().position(is_for_us));
        let Some(at) = at else { return Looked { others: record.logins, ..Looked::default() } };
        let login = record.logins.remove(at);
        let own = login.instance == self.instance;
        let Some(confirmation) = login.confirmation() else {
            return Looked { fault: Some(SessionFault::Unknown), ..Looked::default() };
        };
        // One that another instance made is worth no more than its token, and nothing where keys are demanded.
        let keyless = self.possession.dpop == Mode::Off && self.possession.mtls == Mode::Off;
        let counts = own || (keyless && confirmation.is_unbound());
        if !counts {
            record.logins.push(login);
            let fault = Some(SessionFault::Foreign);
            return Looked { fault, others: record.logins, ..Looked::default() };
        }
        let is_over = match kind {
            Kind::Session => self.config.timeouts.is_over(&record, &login, now),
            Kind::Remember => self.config.timeouts.is_forgotten(&record, &login, now),
        };
        let fault = if is_over {
            Some(SessionFault::Expired)
        } else if !self.config.follows(login.method) {
            Some(SessionFault::Method)
        } else if !self.config.bind.holds(&login.terms, head) {
            Some(SessionFault::Terms)
        } else {
            None
        };
        let SessionRecord { id, rolled, used, logins: others } = record;
        let session = Session { kind, id, rolled, used, login, confirmation, own };
        Looked { session: Some(session), fault, others }
    }

    pub(super) fn purpose(&self, kind: Kind) -> Purpose {
        match (kind, &self.shelf) {
            (Kind::Session, None) => Purpose::Session,
            (Kind::Session, Some(_)) => Purpose::SessionReference,
            (Kind::Remember, None) => Purpose::Remember,
            (Kind::Remember, Some(_)) => Purpose::RememberReference,
        }
    }

    pub(super) fn name(&self, kind: Kind) -> &str {
        match (kind, &self.config.remember) {
            (Kind::Remember, Some(name)) => name,
            _ => &self.config.cookie,
        }
    }
}
