//! `request-transformer`: takes away, renames, replaces and adds fields, parameters and members of the body before the request
//! goes to the upstream; and its path and method.

mod body;
mod fields;
mod multipart;
mod query;
mod rules;
mod schema;
mod template;

use std::sync::Arc;

use http::Method;
use http::header::CONTENT_TYPE;
use keybound_model::Record;
use serde::Deserialize;
use uuid::Uuid;

use self::body::Form;
use self::rules::{Given, Rules};
use self::template::{Facts, Template, Unfilled};
use crate::contract::{BodyFault, Decision, Exchange, Flow, Plugin, Refusal};
use crate::environment::Environment;
use crate::fault::TrafficFault;
use crate::kind::Kind;
use crate::typed::{Simple, read};

const NAME: &str = "request-transformer";
const PRIORITY: i32 = 801;
/// The longest body that is edited.
const BODY_LIMIT: usize = 8 << 20;

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(schema::description(), build)
}

#[derive(Deserialize)]
struct Config {
    http_method: Option<String>,
    remove: Given,
    rename: Given,
    replace: Given,
    add: Given,
    append: Given,
}

/// The rules of the fuzz targets: one name leaves, one gets another name, one comes.
fn rules_of_fuzzing() -> (Vec<String>, Vec<(String, String)>) {
    (vec!["gone".to_owned()], vec![("old".to_owned(), "new".to_owned())])
}

/// A query without `gone`, with `old` as `new`, and with `more`, for a fuzz target.
#[must_use]
pub fn edited_query(query: &str) -> Option<String> {
    let (remove, rename) = rules_of_fuzzing();
    query::edit(&rules::Filled::of(&remove, &rename, ("more", "1")), query)
}

/// A body edited so, where it is of a form that is edited.
#[must_use]
pub fn edited_body(content_type: &http::HeaderValue, body: &[u8]) -> Option<Vec<u8>> {
    let (remove, rename) = rules_of_fuzzing();
    Form::of(Some(content_type))?.edit(&rules::Filled::of(&remove, &rename, ("more", "1")), body)
}

struct RequestTransformer {
    method: Option<Method>,
    uri: Option<Template>,
    headers: Rules,
    query: Rules,
    body: Rules,
}

fn build(_id: Uuid, config: &Record, _environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let config: Config = read(config)?;
    let rules = |of: fn(&Given) -> &[String]| {
        let all = [&config.remove, &config.rename, &config.replace, &config.add, &config.append];
        Rules::new(all.map(of))
    };
    let headers = rules(|given| &given.headers)?;
    fields::check(&headers)?;
    let method = config.http_method.map(|method| Method::from_bytes(method.as_bytes()));
    Ok(Arc::new(RequestTransformer {
        method: method.transpose().map_err(|_| "http_method: no method".to_owned())?,
        uri: config.replace.uri.as_deref().map(Template::parse).transpose()?,
        headers,
        query: rules(|given| &given.querystring)?,
        body: rules(|given| &given.body)?,
    }))
}

impl RequestTransformer {
    async fn edit(&self, exchange: Exchange<'_>) -> Result<(), TrafficFault> {
        let Exchange { head, body, notes, .. } = exchange;
        // Templates see the request as it came to this plugin, whatever is edited first.
        let facts = Facts::of(head, &notes.uri_captures);
        let unfilled = |_: Unfilled| TrafficFault::Template;
        if let Some(uri) = &self.uri {
            notes.upstream_path = Some(uri.fill(&facts).map_err(unfilled)?).filter(|path| !path.is_empty());
        }
        if let Some(method) = &self.method {
            let form = Form::of(head.headers.get(CONTENT_TYPE));
            if matches!(form, Some(Form::Encoded)) && matches!(method.as_str(), "GET" | "HEAD" | "TRACE") {
                let form = body.whole(BODY_LIMIT).await.map_err(of_body)?;
                head.query = query::joined(head.query.take(), &form);
            }
            head.method = method.clone();
        }
        let headers = self.headers.fill(&facts).map_err(unfilled)?;
        let query = self.query.fill(&facts).map_err(unfilled)?;
        let members = self.body.fill(&facts).map_err(unfilled)?;
        fields::edit(&headers, &mut head.headers, notes).map_err(unfilled)?;
        if !self.body.is_empty()
            && let Some(form) = Form::of(head.headers.get(CONTENT_TYPE))
        {
            let whole = body.whole(BODY_LIMIT).await.map_err(of_body)?;
            if let Some(edited) = form.edit(&members, &whole) {
                body.replace(edited.into());
            }
        }
        if !self.query.is_empty() {
            head.query = query::edit(&query, head.query.as_deref().unwrap_or_default());
        }
        Ok(())
    }
}

fn of_body(fault: BodyFault) -> TrafficFault {
    match fault {
        BodyFault::TooLarge => TrafficFault::RequestBodyTooLarge,
        BodyFault::Broken => TrafficFault::RequestBodyBroken,
    }
}

impl Plugin for RequestTransformer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        Box::pin(async move {
            match self.edit(exchange).await {
                Ok(()) => Flow::Continue,
                Err(fault) => Flow::Refuse(Box::new(Refusal::new(fault))),
            }
        })
    }
}
