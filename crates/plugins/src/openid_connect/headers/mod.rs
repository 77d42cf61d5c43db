//! What the upstream and the client are told about the token: claims, the key that verified it, the provider's answer, the
//! token itself.
//!
//! Every name is one that only Keybound may say: a client's own field of that name is removed in any spelling, whether there
//! is anything to say or not, and so is an upstream's own in a response. A value that a field cannot carry faithfully is left
//! out and noted; it never breaks the request.

mod name;
mod settings;
mod value;

use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue};

pub(super) use self::settings::check;

use super::answer::NO_STORE;
use super::token::VerifiedToken;
use crate::contract::Notes;
use crate::identity;

/// What is told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Headers {
    upstream: Vec<Field>,
    downstream: Vec<Field>,
}

/// A header field and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    name: HeaderName,
    /// Whether the word `Bearer` stands before the value.
    bearer: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// The claim at this path.
    Claim(Vec<String>),
    /// The access token.
    Token,
    /// The key that verified the access token: base64 of its JWK.
    Key,
    /// The introspection answer: base64 of its JSON.
    Answer,
    /// The signed introspection answer as it came.
    SignedAnswer,
}

/// Noted when a value was left out.
const LEFT_OUT: &str = "header_left_out";

impl Headers {
    /// The fields that the upstream is told.
    pub(super) fn upstream_names(&self) -> impl Iterator<Item = &HeaderName> {
        self.upstream.iter().map(|field| &field.name)
    }

    /// The fields that carry the token to the client.
    pub(super) fn credential_names(&self) -> impl Iterator<Item = &HeaderName> {
        self.downstream.iter().filter(|field| field.what == What::Token).map(|field| &field.name)
    }

    /// Tells the upstream. Clients' own fields of these names are gone already.
    pub(super) fn tell_upstream(
        &self,
        token: &VerifiedToken,
        headers: &mut http::HeaderMap,
        notes: &mut Notes,
    ) {
        for field in &self.upstream {
            let Some(value) = field.value(token, notes) else { continue };
            if identity::is_identity(&field.name) {
                // Later plugins say anew who calls; what is configured must outlast that.
                notes.identity.told.push((field.name.clone(), value.clone()));
            }
            headers.insert(field.name.clone(), value);
        }
    }

    /// Tells the client. An upstream's own fields of these names do not reach it.
    pub(super) fn tell_client(&self, token: &VerifiedToken, notes: &mut Notes) {
        for field in &self.downstream {
            notes.response_removals.push(field.name.clone());
            if let Some(value) = field.value(token, notes) {
                notes.response_headers.push((field.name.clone(), value));
            }
        }
        // No cache may hand a token to the next client.
        if self.downstream.iter().any(|field| field.what == What::Token) {
            notes.response_headers.push((CACHE_CONTROL, NO_STORE));
        }
    }
}

impl Field {
    fn value(&self, token: &VerifiedToken, notes: &mut Notes) -> Option<HeaderValue> {
        let text = match &self.what {
            What::Claim(path) => value::of_claim(token.all_claims().find(path)?),
            What::Token => token.credential().token().to_owned(),
            What::Key => value::of_document(token.key()?),
            What::Answer => value::of_document(token.answer()?),
            What::SignedAnswer => token.signed_answer()?.to_owned(),
        };
        let text = if self.bearer { format!("Bearer {text}") } else { text };
        // How long a token may be was decided when it was found.
        let longest = if self.what == What::Token { usize::MAX } else { value::LONGEST };
        match value::carried(text, longest) {
            Ok(value) => Some(value),
            Err(reason) => {
                tracing::debug!(field = %self.name, reason, "a header field was left out");
                if !notes.noticed.contains(&LEFT_OUT) {
                    notes.noticed.push(LEFT_OUT);
                }
                None
            }
        }
    }
}
