//! `session_request_headers`, `session_response_headers` and the fields with the session's id: what others are told of it.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::timeouts::Left;
use crate::contract::Notes;
use crate::contract::folded;

/// What can be told, by Kong's names.
const FACTS: [(&str, Fact, HeaderName); 7] = [
    ("id", Fact::Id, HeaderName::from_static("session-id")),
    ("audience", Fact::Audience, HeaderName::from_static("session-audience")),
    ("subject", Fact::Subject, HeaderName::from_static("session-subject")),
    ("timeout", Fact::Timeout, HeaderName::from_static("session-timeout")),
    ("idling-timeout", Fact::Idling, HeaderName::from_static("session-idling-timeout")),
    ("rolling-timeout", Fact::Rolling, HeaderName::from_static("session-rolling-timeout")),
    ("absolute-timeout", Fact::Absolute, HeaderName::from_static("session-absolute-timeout")),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Id,
    Audience,
    Subject,
    Timeout,
    Idling,
    Rolling,
    Absolute,
}

/// Who is told what.
#[derive(Debug, Clone, Default)]
pub(super) struct Telling {
    request: Vec<(Fact, HeaderName)>,
    response: Vec<(Fact, HeaderName)>,
    /// Names that only Keybound may use in a request, without their `-` and `_`.
    reserved: Vec<String>,
}

/// A session, as far as others are told of it.
#[derive(Debug)]
pub(in crate::openid_connect) struct Facts {
    pub(super) id: String,
    pub(super) audience: String,
    pub(super) subject: Option<String>,
    pub(super) left: Left,
}

impl Telling {
    /// # Errors
    /// The field whose value is no name of a header field, or the name of one that frames messages.
    pub(super) fn new(
        request: &[String],
        response: &[String],
        upstream_id: Option<&str>,
        downstream_id: Option<&str>,
    ) -> Result<Self, String> {
        let chosen = |names: &[String]| {
            let is_chosen = |(name, ..): &&(&str, Fact, HeaderName)| names.iter().any(|other| other == name);
            FACTS.iter().filter(is_chosen).map(|(_, fact, field)| (*fact, field.clone())).collect::<Vec<_>>()
        };
        let mut telling = Self { request: chosen(request), response: chosen(response), reserved: Vec::new() };
        if !telling.request.is_empty() {
            telling.reserved.extend(FACTS.iter().map(|(.., field)| folded(field.as_str())));
        }
        if let Some(name) = upstream_id {
            let name = crate::typed::settable("upstream_session_id_header", name)?;
            telling.reserved.push(folded(name.as_str()));
            telling.request.push((Fact::Id, name));
        }
        if let Some(name) = downstream_id {
            let name = crate::typed::settable("downstream_session_id_header", name)?;
            telling.response.push((Fact::Id, name));
        }
        Ok(telling)
    }

    /// Takes out of a request what only Keybound may say, in any spelling.
    pub(super) fn strip(&self, headers: &mut HeaderMap) {
        if self.reserved.is_empty() {
            return;
        }
        let is_reserved = |name: &&HeaderName| self.reserved.contains(&folded(name.as_str()));
        let names: Vec<HeaderName> = headers.keys().filter(is_reserved).cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }

    /// Tells the upstream and the client.
    pub(super) fn tell(&self, facts: &Facts, headers: &mut HeaderMap, notes: &mut Notes) {
        for (fact, name) in &self.request {
            if let Some(value) = facts.value(*fact) {
                headers.insert(name.clone(), value);
            }
        }
        for (fact, name) in &self.response {
            if let Some(value) = facts.value(*fact) {
                notes.response_headers.push((name.clone(), value));
            }
        }
    }
}

impl Facts {
    fn value(&self, fact: Fact) -> Option<HeaderValue> {
        let text = |text: &str| HeaderValue::from_str(text).ok();
        let seconds = |left: Option<i64>| left.map(HeaderValue::from);
        match fact {
            Fact::Id => text(&self.id),
            Fact::Audience => text(&self.audience),
            Fact::Subject => self.subject.as_deref().and_then(text),
            Fact::Timeout => seconds(self.left.least()),
            Fact::Idling => seconds(self.left.idling),
            Fact::Rolling => seconds(self.left.rolling),
            Fact::Absolute => seconds(self.left.absolute),
        }
    }
}
