//! After the decision: a session goes on, begins, or ends.

use http::StatusCode;
use http::header::{CACHE_CONTROL, SET_COOKIE};
use keybound_oidc::Source;
use keybound_pop::binding::Mode;
use keybound_pop::htu::Scheme;
use keybound_pop::time::UnixTime;
use serde_json::Value;

use super::cookie::Jar;
use super::facts::Facts;
use super::record::{Login, MAX_LOGINS, Method, SessionRecord, Shown};
use super::timeouts::GRACE;
use super::visit::{Kind, Session, Visit};
use super::{SessionId, Sessions};
use crate::contract::{Head, Notes};
use crate::fault::{AccessFault, SessionFault};
use crate::openid_connect::answer::NO_STORE;
use crate::openid_connect::credential::Place;
use crate::openid_connect::token::VerifiedToken;

impl Sessions {
    /// Goes on with the request's session, or begins one for its token; what can be told of it. `held`: whether the token's
    /// bindings were checked and hold. A session that cannot be kept is no reason to refuse the request.
    pub(in crate::openid_connect) async fn settle(
        &self,
        mut visit: Visit,
        token: &VerifiedToken,
        held: bool,
        head: &Head,
        notes: &mut Notes,
        now: UnixTime,
    ) -> Option<Facts> {
        let shown = self.shown(token, held);
        let by_session = token.credential().place == Place::Session;
        // A link or a form of another page could carry somebody's token, and make the browser go on as that one.
        if matches!(token.credential().place, Place::Query | Place::Body(_)) {
            return None;
        }
        match visit.session.take() {
            // A proof of today does not make up for the one that was missing when the session began; its token does, and
            // begins another.
            Some(session) if by_session || (session.own && session.login.shown == shown) => {
                Some(self.go_on(session, &visit, head, notes, now).await)
            }
            _ => self.begin(&visit, token, shown, head, notes, now).await,
        }
    }

    /// Ends the request's session when the refusal says that it, or its token, is good for nothing any more, or that its owner
    /// may not do this. A fault of possession ends none: who has the cookie without the key could otherwise end sessions.
    pub(in crate::openid_connect) async fn end_after(
        &self,
        fault: &AccessFault,
        visit: &Visit,
        head: &Head,
        notes: &mut Notes,
        now: UnixTime,
    ) {
        let is_own_token = visit.session.as_ref().is_some_and(|session| session.own);
        let is_elsewheres = visit.session.as_ref().is_some_and(|session| !session.own);
        let mut with_remembered = true;
        let ends = match (fault.row().status, fault) {
            (
                StatusCode::UNAUTHORIZED,
                AccessFault::Session(SessionFault::Expired | SessionFault::Method),
            ) => {
                with_remembered = visit.forgotten;
                self.config.destroy_unauthorized && !is_elsewheres
            }
            (
                StatusCode::UNAUTHORIZED,
                AccessFault::Token(_) | AccessFault::Domain | AccessFault::Session(SessionFault::Rebound),
            ) => self.config.destroy_unauthorized && is_own_token,
            (StatusCode::FORBIDDEN, _) => self.config.destroy_forbidden && is_own_token,
            _ => false,
        };
        if ends {
            if with_remembered {
                self.forget(visit, head, notes).await;
            }
            self.end(visit, head, notes, now).await;
        }
    }

    async fn end(&self, visit: &Visit, head: &Head, notes: &mut Notes, now: UnixTime) {
        if let Some(session) = &visit.session {
            self.recent.forget(&session.hash(), &session.login);
            self.discard(&session.id, &session.login).await;
        }
        // The logins of other applications in the same cookie go on.
        if let (Some(session), Some(other)) = (&visit.session, visit.others.first()) {
            let logins = visit.others.clone();
            let record =
                SessionRecord { id: self.new_id(), rolled: session.rolled, used: session.used, logins };
            if self.keep(Kind::Session, &record, other, &visit.jar, head, (notes, now)).await {
                return;
            }
        }
        let secure = head.public.scheme == Scheme::Https;
        for line in visit.jar.clear(&self.config.cookie, &self.config.attributes, secure) {
            notes.response_headers.push((SET_COOKIE, line));
        }
        no_store(notes);
    }

    /// Ends the remembered login.
    async fn forget(&self, visit: &Visit, head: &Head, notes: &mut Notes) {
        let Some(name) = &self.config.remember else { return };
        if self.shelf.is_some()
            && let Ok(Some(remembered)) = self.open(Kind::Remember, &visit.remembered).await
            && let Some(login) = remembered.logins.first()
        {
            self.discard(&remembered.id, login).await;
        }
        let secure = head.public.scheme == Scheme::Https;
        for line in visit.remembered.clear(name, &self.config.attributes, secure) {
            notes.response_headers.push((SET_COOKIE, line));
        }
    }

    async fn go_on(
        &self,
        session: Session,
        visit: &Visit,
        head: &Head,
        notes: &mut Notes,
        now: UnixTime,
    ) -> Facts {
        let timeouts = &self.config.timeouts;
        let before = session.record(&visit.others);
        let mut login = session.login.clone();
        let mut record = before.clone();
        let mut changed = false;
        if session.own && login.settings != self.settings {
            // It was verified anew, or it would not have come here.
            login.settings.clone_from(&self.settings);
            changed = true;
        }
        let rolls = session.kind == Kind::Session && timeouts.is_roll_due(&before, now);
        if session.kind == Kind::Remember {
            if timeouts.is_remember_due(&before, now) {
                let rolled = SessionRecord { rolled: now.secs(), used: now.secs(), ..before.clone() };
                self.keep(Kind::Remember, &rolled, &login, &visit.remembered, head, (notes, now)).await;
            }
            login.begun = now.secs();
        }
        if rolls || session.kind == Kind::Remember {
            record.id = self.new_id();
            record.rolled = now.secs();
            changed = true;
        }
        if changed || timeouts.is_touch_due(&before, now) {
            record.used = now.secs();
            record.logins = std::iter::once(&login).chain(&visit.others).cloned().collect();
            let kept = self.keep(Kind::Session, &record, &login, &visit.jar, head, (notes, now)).await;
            if kept && rolls {
                self.retire(&before, &session.login).await;
            } else if !kept {
                record = before;
            }
        }
        self.facts(&record, &login, now)
    }

    async fn begin(
        &self,
        visit: &Visit,
        token: &VerifiedToken,
        shown: Shown,
        head: &Head,
        notes: &mut Notes,
        now: UnixTime,
    ) -> Option<Facts> {
        let login = self.login(token, shown, head, now);
        if !self.config.follows(login.method) {
            return None;
        }
        let is_kept = |other: &&Login| {
            (other.instance != login.instance || other.audience != login.audience)
                && (!self.config.same_subject || other.subject == login.subject)
        };
        let others = visit.others.iter().filter(is_kept).take(MAX_LOGINS - 1);
        let logins: Vec<Login> = std::iter::once(&login).chain(others).cloned().collect();
        let again = self.recent.find(token.hash(), &login, now, self.config.timeouts.recent());
        if let Some(record) = again.filter(|_| logins.len() == 1 && self.config.remember.is_none())
            && let Some(known) = record.logins.first()
            && self.set(Kind::Session, record.id.as_str().as_bytes(), None, &visit.jar, head, notes)
        {
            return Some(self.facts(&record, known, now));
        }
        let record = SessionRecord { id: self.new_id(), rolled: now.secs(), used: now.secs(), logins };
        if !self.keep(Kind::Session, &record, &login, &visit.jar, head, (notes, now)).await {
            return None;
        }
        if self.shelf.is_some() {
            self.recent.keep(token.hash(), &login, &record);
        }
        if self.config.remember.is_some() {
            let remembered = SessionRecord { id: self.new_id(), ..record.clone() };
            self.keep(Kind::Remember, &remembered, &login, &visit.remembered, head, (notes, now)).await;
        }
        Some(self.facts(&record, &login, now))
    }

    fn login(&self, token: &VerifiedToken, shown: Shown, head: &Head, now: UnixTime) -> Login {
        let method = match token.source() {
            Source::Jwt => Method::Bearer,
            Source::Introspection => Method::Introspection,
        };
        let confirmation = token.confirmation();
        Login {
            audience: self.config.audience.clone(),
            instance: self.instance,
            settings: self.settings.clone(),
            method,
            token: token.credential().token().to_owned(),
            issuer: token.issuer().to_owned(),
            claims: (method == Method::Introspection).then(|| token.claims().clone()),
            subject: token.claims().get("sub").and_then(Value::as_str).map(str::to_owned),
            jkt: confirmation.jkt.map(|jkt| jkt.encode()),
            x5t_s256: confirmation.x5t_s256.map(|x5t| x5t.encode()),
            shown,
            begun: now.secs(),
            terms: self.config.bind.of(head),
        }
    }

    /// The keys that this request showed.
    fn shown(&self, token: &VerifiedToken, held: bool) -> Shown {
        let confirmation = token.confirmation();
        Shown {
            dpop: held && confirmation.jkt.is_some() && self.possession.dpop != Mode::Off,
            mtls: held && confirmation.x5t_s256.is_some() && self.possession.mtls != Mode::Off,
        }
    }

    /// Keeps a session where sessions are kept, and gives the client its cookie; whether both worked.
    async fn keep(
        &self,
        kind: Kind,
        record: &SessionRecord,
        login: &Login,
        jar: &Jar,
        head: &Head,
        (notes, now): (&mut Notes, UnixTime),
    ) -> bool {
        let lives = match kind {
            Kind::Session => self.config.timeouts.life(record, login, now),
            Kind::Remember => self.config.timeouts.remembered_life(record, login, now),
        };
        let max_age = (kind == Kind::Remember).then_some(lives.as_secs());
        let Some(shelf) = &self.shelf else {
            let Some(encoded) = record.encode() else { return false };
            return self.set(kind, &encoded, max_age, jar, head, notes);
        };
        match shelf.put(record, login, lives, &self.sealer).await {
            Ok(true) => self.set(kind, record.id.as_str().as_bytes(), max_age, jar, head, notes),
            Ok(false) => {
                self.say_too_large();
                notes.noticed.push("session_too_large");
                false
            }
            Err(fault) => {
                tracing::error!(%fault, "the store of sessions failed");
                notes.noticed.push("session_not_stored");
                false
            }
        }
    }

    fn set(
        &self,
        kind: Kind,
        data: &[u8],
        lives: Option<u64>,
        jar: &Jar,
        head: &Head,
        notes: &mut Notes,
    ) -> bool {
        let name = self.name(kind);
        let secure = head.public.scheme == Scheme::Https;
        let Some(sealed) = self.sealer.seal(self.purpose(kind), name.as_bytes(), data) else { return false };
        let Ok(lines) = jar.set(name, &sealed, &self.config.attributes, secure, lives) else {
            self.say_too_large();
            notes.noticed.push("session_too_large");
            return false;
        };
        notes.response_headers.extend(lines.into_iter().map(|line| (SET_COOKIE, line)));
        no_store(notes);
        true
    }

    /// Lets requests that are under way still find a session under its old id.
    async fn retire(&self, before: &SessionRecord, login: &Login) {
        let Some(shelf) = &self.shelf else { return };
        if let Err(fault) = shelf.put(before, login, GRACE, &self.sealer).await {
            tracing::error!(%fault, "the store of sessions failed");
        }
    }

    async fn discard(&self, id: &SessionId, login: &Login) {
        let Some(shelf) = &self.shelf else { return };
        if let Err(fault) = shelf.discard(id, login).await {
            tracing::error!(%fault, "the store of sessions failed");
        }
    }

    fn facts(&self, record: &SessionRecord, login: &Login, now: UnixTime) -> Facts {
        Facts {
            id: record.id.as_str().to_owned(),
            audience: login.audience.clone(),
            subject: login.subject.clone(),
            left: self.config.timeouts.left(record, login, now),
        }
    }
}

/// An answer that sets a cookie is for one client only.
pub(in crate::openid_connect) fn no_store(notes: &mut Notes) {
    if !notes.response_headers.iter().any(|(name, _)| *name == CACHE_CONTROL) {
        notes.response_headers.push((CACHE_CONTROL, NO_STORE));
    }
}
