//! `request-termination`: answers in place of the upstream, for maintenance and for tests.

mod echo;
mod schema;

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use keybound_model::Record;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::contract::{Answer, BodyFault, Decision, Exchange, Flow, Head, Plugin, Refusal};
use crate::environment::Environment;
use crate::fault::TrafficFault;
use crate::kind::Kind;
use crate::typed::{Simple, read};

const NAME: &str = "request-termination";
const PRIORITY: i32 = 2;
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
/// How much of a body is echoed.
const ECHO_LIMIT: usize = 1 << 20;

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(schema::description(), build)
}

#[derive(Deserialize)]
struct Config {
    status_code: u16,
    message: Option<String>,
    content_type: Option<String>,
    body: Option<String>,
    echo: bool,
    trigger: Option<String>,
}

struct RequestTermination {
    status: StatusCode,
    message: Option<String>,
    /// The body and its type when they are not the message.
    body: Option<(Bytes, HeaderValue)>,
    echo: bool,
    trigger: Option<(HeaderName, String)>,
}

fn build(_id: Uuid, config: &Record, _environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let status = StatusCode::from_u16(config.status_code).map_err(|_| "status_code: no status".to_owned())?;
    if status.is_informational() {
        return Err("status_code: an interim status ends no request".to_owned());
    }
    let media = match config.content_type.as_deref() {
        Some(media) => HeaderValue::from_str(media).map_err(|_| "content_type: cannot stand in a header")?,
        None => JSON,
    };
    let trigger = config.trigger.map(|name| {
        HeaderName::from_bytes(name.as_bytes())
            .map(|field| (field, name))
            .map_err(|_| "trigger: bad header name")
    });
    Ok(Arc::new(RequestTermination {
        status,
        message: config.message.or_else(|| default_message(status).map(str::to_owned)),
        body: config.body.map(|body| (body.into(), media)),
        echo: config.echo,
        trigger: trigger.transpose()?,
    }))
}

fn default_message(status: StatusCode) -> Option<&'static str> {
    Some(match status.as_u16() {
        401 => "Unauthorized",
        404 => "Not found",
        405 => "Method not allowed",
        500 => "An unexpected error occurred",
        502 => "Bad Gateway",
        503 => "Service unavailable",
        _ => return None,
    })
}

impl RequestTermination {
    fn is_triggered(&self, head: &Head) -> bool {
        let Some((field, name)) = &self.trigger else { return true };
        let query = head.query.as_deref().unwrap_or_default();
        head.headers.contains_key(field)
            || form_urlencoded::parse(query.as_bytes()).any(|(parameter, _)| parameter == name.as_str())
    }

    fn answer(&self) -> Answer {
        let (body, media) = match (&self.body, &self.message) {
            (Some((body, media)), _) => (body.clone(), media.clone()),
            (None, Some(message)) => (json!({ "message": message }).to_string().into(), JSON),
            (None, None) => return Answer::empty(self.status),
        };
        Answer { status: self.status, headers: vec![(CONTENT_TYPE, media)], body }
    }
}

impl Plugin for RequestTermination {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            if !self.is_triggered(exchange.head) {
                return Flow::Continue;
            }
            if !self.echo {
                return Flow::Answer(Box::new(self.answer()));
            }
            let body = match exchange.body.whole(ECHO_LIMIT).await {
                Ok(body) => body,
                Err(fault) => {
                    let fault = match fault {
                        BodyFault::TooLarge => TrafficFault::RequestBodyTooLarge,
                        BodyFault::Broken => TrafficFault::RequestBodyBroken,
                    };
                    return Flow::Refuse(Box::new(Refusal::new(fault)));
                }
            };
            let text = echo::of(self.message.as_deref(), exchange.head, &body, exchange.scope);
            let headers = vec![(CONTENT_TYPE, JSON)];
            Flow::Answer(Box::new(Answer { status: self.status, headers, body: text.to_string().into() }))
        })
    }
}
