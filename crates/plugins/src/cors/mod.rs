//! `cors`: answers preflight requests, and tells browsers which origins may read responses.

mod origin;
mod schema;

use std::sync::Arc;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use keybound_model::Record;
use serde::Deserialize;
use uuid::Uuid;

use self::origin::Origins;
use crate::contract::{Answer, Decision, Exchange, Flow, Notes, Plugin};
use crate::environment::Environment;
use crate::kind::Kind;
use crate::typed::{Simple, read};

const NAME: &str = "cors";
const PRIORITY: i32 = 2000;
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
const REQUEST_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-request-private-network");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ORIGIN_VALUE: HeaderValue = HeaderValue::from_static("Origin");

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(schema::description(), build)
}

#[derive(Deserialize)]
struct Config {
    origins: Option<Vec<String>>,
    headers: Option<Vec<String>>,
    exposed_headers: Option<Vec<String>>,
    methods: Option<Vec<String>>,
    max_age: Option<serde_json::Number>,
    credentials: bool,
    private_network: bool,
    preflight_continue: bool,
    allow_origin_absent: bool,
}

struct Cors {
    origins: Origins,
    headers: Option<HeaderValue>,
    exposed_headers: Option<HeaderValue>,
    methods: HeaderValue,
    max_age: Option<HeaderValue>,
    credentials: bool,
    private_network: bool,
    preflight_continue: bool,
    allow_origin_absent: bool,
}

fn build(_id: Uuid, config: &Record, _environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let list = |field: &str, names: Option<Vec<String>>| {
        let names = names.filter(|names| !names.is_empty());
        let value = names.map(|names| HeaderValue::try_from(names.join(",")));
        value.transpose().map_err(|_| format!("{field}: cannot stand in a header"))
    };
    let max_age = config.max_age.map(|age| HeaderValue::try_from(age.to_string())).transpose();
    Ok(Arc::new(Cors {
        origins: Origins::new(&config.origins.unwrap_or_default())?,
        headers: list("headers", config.headers)?,
        exposed_headers: list("exposed_headers", config.exposed_headers)?,
        methods: list("methods", config.methods)?.unwrap_or_else(|| {
            HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT")
        }),
        max_age: max_age.map_err(|_| "max_age: cannot stand in a header".to_owned())?,
        credentials: config.credentials,
        private_network: config.private_network,
        preflight_continue: config.preflight_continue,
        allow_origin_absent: config.allow_origin_absent,
    }))
}

/// What is said about the request's origin.
#[derive(Default)]
struct Said {
    /// `Access-Control-Allow-Origin`; `None` says that no origin may read the response.
    allow: Option<HeaderValue>,
    credentials: bool,
    /// Whether another origin would be told something else.
    varies: bool,
}

impl Cors {
    fn say(&self, request: &HeaderMap) -> Said {
        let origin = request.get(ORIGIN);
        let verdict = self.origins.verdict(origin);
        let mut said = Said { allow: verdict.allow, credentials: false, varies: verdict.varies };
        if self.credentials {
            if !verdict.everybody {
                // Kong sends it to a stranger too; without the origin's own field browsers take it for nothing.
                said.credentials = true;
            } else if let Some(origin) = origin {
                // `*` does not go together with credentials (Fetch §3.2.5).
                said = Said { allow: Some(origin.clone()), credentials: true, varies: true };
            }
        }
        said
    }

    fn preflight(&self, request: &HeaderMap) -> Answer {
        let mut answer = Answer::empty(StatusCode::OK);
        let mut set = |name, value| answer.headers.push((name, value));
        let said = self.say(request);
        if let Some(allow) = said.allow {
            set(ACCESS_CONTROL_ALLOW_ORIGIN, allow);
        }
        if said.varies {
            set(VARY, ORIGIN_VALUE);
        }
        if said.credentials {
            set(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        }
        let headers = self.headers.clone().or_else(|| request.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned());
        if let Some(headers) = headers {
            set(ACCESS_CONTROL_ALLOW_HEADERS, headers);
        }
        set(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        if let Some(max_age) = &self.max_age {
            set(ACCESS_CONTROL_MAX_AGE, max_age.clone());
        }
        if self.private_network && request.get(REQUEST_PRIVATE_NETWORK).is_some_and(|asked| asked == "true") {
            set(ALLOW_PRIVATE_NETWORK, TRUE);
        }
        answer
    }

    /// What every response says, whoever writes it.
    fn simple(&self, request: &HeaderMap, notes: &mut Notes) {
        if !self.allow_origin_absent && !request.contains_key(ORIGIN) {
            return;
        }
        let said = self.say(request);
        match said.allow {
            Some(allow) => notes.response_headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, allow)),
            None => notes.response_removals.push(ACCESS_CONTROL_ALLOW_ORIGIN),
        }
        if said.varies {
            notes.response_additions.push((VARY, ORIGIN_VALUE));
        }
        if said.credentials {
            notes.response_headers.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE));
        }
        if let Some(exposed) = &self.exposed_headers {
            notes.response_headers.push((ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone()));
        }
    }
}

impl Plugin for Cors {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        let request = &exchange.head.headers;
        let is_preflight = exchange.head.method == Method::OPTIONS
            && request.contains_key(ORIGIN)
            && request.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let flow = match (is_preflight, self.preflight_continue) {
            (true, false) => Flow::Answer(Box::new(self.preflight(request))),
            // The upstream answers the browser's question, and everything it says stands.
            (true, true) => Flow::Continue,
            (false, _) => {
                self.simple(request, exchange.notes);
                Flow::Continue
            }
        };
        Box::pin(std::future::ready(flow))
    }
}
