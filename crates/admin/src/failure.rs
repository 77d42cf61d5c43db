//! Every way in which a request ends badly, and Kong's answer to each.

use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use keybound_model::declarative::DeclarativeFault;
use keybound_model::form::BodyFault;
use keybound_model::tags::TagFilterFault;
use keybound_model::{Errors, Record, lua};
use keybound_store::config::StoreFault;
use serde_json::{Value, json};

use crate::answer::Answer;

/// What an operation on the store was meant to do, in the words of Kong's code 12.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// `create`, `create or update`, `update`, `remove`.
    pub(crate) verb: &'static str,
    /// The kind.
    pub(crate) entity: &'static str,
    /// The field that named the entity, when it was not its id.
    pub(crate) by: Option<&'static str>,
}

/// Why a request is not answered with what it asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The path, or what it names, does not exist.
    NotFound,
    /// `No entity named 'x'`, `No plugin named 'x'`.
    NoSuch(&'static str, String),
    /// The endpoint does not have the verb.
    MethodNotAllowed,
    /// A request that HTTP does not allow.
    BadRequest(&'static str),
    /// The token is wrong, or not shown.
    Unauthorized,
    /// A name in a path for which no certificate is shown.
    UnknownSni,
    /// An empty `custom_id` was looked for.
    CustomId,
    /// Code 19.
    ReferencedByOthers(String),
    /// A target cannot be taken for healthy or not.
    Mark(String),
    /// A level, or a time, that the log does not know.
    LogLevel(String),
    /// What only a control plane can answer.
    NotControlPlane,
    /// What needs a client of its own for names.
    NoDnsStatistics,
    /// Why the node is not ready.
    NotReady(&'static str),
    /// Sent by a page, or to a name, that the Admin API does not answer to.
    Forbidden(&'static str),
    /// The body or the arguments cannot be read.
    Body(BodyFault),
    /// The body's parts cannot be read.
    Multipart,
    /// The connection ended within the body.
    Incomplete,
    /// More than 10 MB.
    TooLarge,
    /// A body of no known type.
    MediaType,
    /// More than one `Content-Type`.
    SeveralMediaTypes,
    /// Code 1: text in a path that can be no id, for a kind that has no other key.
    PrimaryKey(String),
    /// Code 2.
    Schema(Errors),
    /// Code 6, with the key that found nothing.
    Missing(Record),
    /// Code 7: the offset, and what is wrong with it.
    Offset(String, &'static str),
    /// Code 9.
    Size(&'static str),
    /// Code 10: a field, and what is wrong with the value in the path.
    UniqueKey(&'static str, String),
    /// Code 11.
    Tags(TagFilterFault),
    /// Code 13.
    Unresolved(Errors),
    /// `/status` with a unit or a scale that does not exist.
    Status(String),
    /// The store refused or failed.
    Store(StoreFault, Operation),
    /// `/config` with a database.
    NotDeclarative,
    /// `/config` without a configuration.
    NoConfiguration,
    /// Code 14, with the errors by entity when they were asked for.
    Declarative(Box<DeclarativeFault>, Option<(Value, Value)>),
    /// Code 14: it is valid, but cannot serve.
    CannotServe(String),
    /// Another configuration is being loaded, or the process is stopping.
    Unready(StatusCode, String),
    /// Ours; the text is for the log.
    Unexpected(String),
}

impl From<BodyFault> for Failure {
    fn from(fault: BodyFault) -> Self {
        Self::Body(fault)
    }
}

impl From<Errors> for Failure {
    fn from(errors: Errors) -> Self {
        Self::Schema(errors)
    }
}

impl Failure {
    /// The answer.
    pub(crate) fn answer(self) -> Answer {
        const BAD: StatusCode = StatusCode::BAD_REQUEST;
        match self {
            Self::NotFound => Answer::message(StatusCode::NOT_FOUND, "Not found"),
            Self::NoSuch(kind, name) => {
                Answer::message(StatusCode::NOT_FOUND, format!("No {kind} named '{name}'"))
            }
            Self::MethodNotAllowed => Answer::message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::BadRequest(text) => Answer::message(BAD, text),
            Self::Unauthorized => Answer::message(StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::UnknownSni => Answer::message(StatusCode::NOT_FOUND, "SNI not found"),
            Self::CustomId => Answer::message(BAD, "custom_id must be an unempty string"),
            Self::ReferencedByOthers(text) => coded(BAD, 19, "referenced by others", text, None),
            Self::Mark(text) | Self::LogLevel(text) => Answer::message(BAD, text),
            Self::NotControlPlane => Answer::message(
                BAD,
                "this endpoint is only available when Kong is configured to run as Control Plane for the cluster",
            ),
            Self::NoDnsStatistics => {
                Answer::message(StatusCode::NOT_IMPLEMENTED, "not implemented with the legacy DNS client")
            }
            Self::NotReady(text) => Answer::message(StatusCode::SERVICE_UNAVAILABLE, text),
            Self::Forbidden(text) => Answer::message(StatusCode::FORBIDDEN, text),
            Self::Body(fault) => Answer::message(BAD, fault.to_string()),
            Self::Multipart => Answer::message(BAD, "Cannot parse multipart body"),
            Self::Incomplete => Answer::message(BAD, "Cannot read the body"),
            Self::TooLarge => Answer::message(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large"),
            Self::MediaType => Answer::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::SeveralMediaTypes => Answer::text(BAD, "Multiple Content-Type headers not allowed"),
            Self::PrimaryKey(text) => {
                let message = format!("invalid primary key: '{}'", lua::inline(&json!({"id": text})));
                coded(BAD, 1, "invalid primary key", message, Some(json!({"id": "expected a valid UUID"})))
            }
            Self::Schema(errors) => {
                coded(BAD, 2, "schema violation", errors.message(), Some(errors.to_json()))
            }
            Self::Missing(key) => missing(key),
            Self::Offset(text, what) => {
                let message = format!("'{text}' is not a valid offset: {what}");
                coded(BAD, 7, "invalid offset", message, None)
            }
            Self::Size(text) => coded(BAD, 9, "invalid size", text.to_owned(), None),
            Self::UniqueKey(field, text) => {
                let fields = Record::from_iter([(field.to_owned(), Value::String(text.clone()))]);
                coded(BAD, 10, &format!("invalid unique {field}"), text, Some(fields.into()))
            }
            Self::Tags(fault) => {
                let text = fault.to_string();
                Answer::json(
                    BAD,
                    json!({"code": 11, "name": "invalid options", "message": format!("invalid option (tags: {text})"),
                           "options": {"tags": text}}),
                )
            }
            Self::Unresolved(errors) => {
                let message = errors
                    .message()
                    .replacen("schema violations", "foreign keys unresolved", 1)
                    .replacen("schema violation", "foreign key unresolved", 1);
                coded(BAD, 13, "foreign keys unresolved", message, Some(errors.to_json()))
            }
            Self::Status(text) => Answer::message(BAD, text),
            Self::Store(fault, operation) => store(fault, operation),
            Self::NotDeclarative => Answer::message(
                BAD,
                "this endpoint is only available when Kong is configured to not use a database",
            ),
            Self::NoConfiguration => Answer::message(BAD, "expected a declarative configuration"),
            Self::Declarative(fault, flattened) => declarative(&fault, flattened),
            Self::CannotServe(text) => {
                let fields = json!({"@entity": [text]});
                let message = format!("declarative config is invalid: {}", lua::inline(&fields));
                coded(BAD, 14, "invalid declarative configuration", message, Some(fields))
            }
            Self::Unready(status, text) => {
                Answer::message(status, text).with(RETRY_AFTER, HeaderValue::from_static("1"))
            }
            Self::Unexpected(cause) => unexpected(&cause),
        }
    }
}

fn coded(status: StatusCode, code: u8, name: &str, message: String, fields: Option<Value>) -> Answer {
    let mut body = Record::from_iter([
        ("code".to_owned(), code.into()),
        ("name".to_owned(), name.into()),
        ("message".to_owned(), message.into()),
    ]);
    if let Some(fields) = fields {
        body.insert("fields".to_owned(), fields);
    }
    Answer::json(status, body.into())
}

fn missing(key: Record) -> Answer {
    let by = if key.contains_key("id") { "primary key " } else { "" };
    let key = Value::Object(key);
    let message = format!("could not find the entity with {by}'{}'", lua::inline(&key));
    coded(StatusCode::NOT_FOUND, 6, "not found", message, Some(key))
}

fn store(fault: StoreFault, operation: Operation) -> Answer {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    let message = fault.to_string();
    match fault {
        StoreFault::PrimaryKey { id } => {
            coded(BAD, 3, "primary key violation", message, Some(json!({"id": id.to_string()})))
        }
        StoreFault::Unique { fields } => {
            coded(StatusCode::CONFLICT, 5, "unique constraint violation", message, Some(fields.into()))
        }
        StoreFault::MissingParent { field, id, .. } => {
            let fields = Record::from_iter([(field.to_owned(), json!({"id": id.to_string()}))]);
            coded(BAD, 4, "foreign key violation", message, Some(fields.into()))
        }
        StoreFault::Referenced { referrer, .. } => {
            coded(BAD, 4, "foreign key violation", message, Some(json!({"@referenced_by": referrer})))
        }
        StoreFault::StillReferenced(text) => coded(BAD, 19, "referenced by others", text, None),
        StoreFault::Changed => Answer::message(StatusCode::CONFLICT, message),
        StoreFault::ReadOnly => {
            let Operation { verb, entity, by } = operation;
            let by = by.map(|field| format!(" by '{field}'")).unwrap_or_default();
            let message = format!("cannot {verb} '{entity}' entities{by} when not using a database");
            coded(StatusCode::METHOD_NOT_ALLOWED, 12, "operation unsupported", message, Some(json!({})))
        }
        // The configuration as a whole is refused, so the text stands where texts about an entity as a whole do.
        StoreFault::Rejected(text) => Failure::Schema(Errors::entity(text)).answer(),
        StoreFault::Unreachable(_) => {
            tracing::warn!(cause = message, "the Admin API cannot reach the configuration store");
            Answer::message(StatusCode::SERVICE_UNAVAILABLE, "the configuration store is out of reach")
                .with(RETRY_AFTER, HeaderValue::from_static("1"))
        }
        StoreFault::Sealed(_) | StoreFault::Engine(_) => unexpected(&message),
    }
}

fn declarative(fault: &DeclarativeFault, flattened: Option<(Value, Value)>) -> Answer {
    const NAME: &str = "invalid declarative configuration";
    let message = fault.message();
    match flattened {
        None => coded(StatusCode::BAD_REQUEST, 14, NAME, message, Some(fault.fields())),
        Some((fields, flattened)) => Answer::json(
            StatusCode::BAD_REQUEST,
            json!({"code": 14, "name": NAME, "message": message, "fields": fields, "flattened_errors": flattened}),
        ),
    }
}

fn unexpected(cause: &str) -> Answer {
    tracing::error!(cause, "the Admin API could not answer");
    Answer::message(StatusCode::INTERNAL_SERVER_ERROR, "An unexpected error occurred")
}
