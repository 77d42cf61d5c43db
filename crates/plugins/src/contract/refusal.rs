use std::borrow::Cow;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::fault::Fault;

/// A request that is not forwarded, and everything its answer needs beyond the fault's row in the table.
#[derive(Debug)]
pub struct Refusal {
    /// The fault; status, message and log level come from its row.
    pub fault: Fault,
    /// The status when the configuration replaces the row's (`error_code` and its like).
    pub status: Option<StatusCode>,
    /// The body's text when the configuration replaces the row's (`unauthorized_error_message` and its like).
    pub message: Option<Cow<'static, str>>,
    /// Challenge, nonce, `Retry-After`, `Cache-Control`: fields of the answer beyond the row's.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What `display_errors` puts into the body.
    pub detail: Option<Detail>,
    /// The body's members in place of message and detail, where a plugin says what is wrong name by name.
    pub members: Option<Map<String, Value>>,
    /// The form of the body.
    pub form: Form,
}

/// The form of a refusal's body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Compact JSON with the message.
    #[default]
    Compact,
    /// The gateway's error body: message and request id, in the form that the client takes.
    Gateway,
}

/// The detail that `display_errors` puts into the body beside the message.
#[derive(Debug, Clone)]
pub struct Detail {
    /// The OAuth error code.
    pub error: &'static str,
    /// The description, the same as in the challenge.
    pub description: Cow<'static, str>,
}

impl Refusal {
    /// A refusal that says no more than its row.
    #[must_use]
    pub fn new(fault: impl Into<Fault>) -> Self {
        Self {
            fault: fault.into(),
            status: None,
            message: None,
            headers: Vec::new(),
            detail: None,
            members: None,
            form: Form::default(),
        }
    }
}

impl<F: Into<Fault>> From<F> for Refusal {
    fn from(fault: F) -> Self {
        Self::new(fault)
    }
}
