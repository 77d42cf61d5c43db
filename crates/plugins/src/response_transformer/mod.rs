//! `response-transformer`: takes away, renames, replaces and adds fields of responses, and members of JSON bodies.

mod body;
mod headers;
mod schema;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_RANGE, RANGE};
use keybound_model::Record;
use serde::Deserialize;
use uuid::Uuid;

use self::body::{Members, MembersGiven};
use self::headers::Headers;
use crate::contract::{Decision, Exchange, Flow, Plugin, ResponseHead};
use crate::environment::Environment;
use crate::kind::Kind;
use crate::typed::{Simple, read};

const NAME: &str = "response-transformer";
const PRIORITY: i32 = 800;
/// The longest body that is edited. Kong knows no bound; a longer body is answered with 502, because one that went out
/// unedited could hold what is configured to be taken out.
const BODY_LIMIT: usize = 8 << 20;

pub(crate) fn kind() -> Box<dyn Kind> {
    Simple::boxed(schema::description(), build)
}

#[derive(Deserialize)]
struct Config {
    remove: Given,
    rename: Given,
    replace: Given,
    add: Given,
    append: Given,
}

#[derive(Deserialize)]
struct Given {
    headers: Vec<String>,
    #[serde(flatten)]
    members: MembersGiven,
}

struct ResponseTransformer {
    headers: Headers,
    members: Members,
}

fn build(_id: Uuid, config: &Record, _environment: &Environment) -> Result<Arc<dyn Plugin>, String> {
    let Config { remove, rename, replace, add, append } = read(config)?;
    Ok(Arc::new(ResponseTransformer {
        headers: Headers::new([
            &remove.headers,
            &rename.headers,
            &replace.headers,
            &add.headers,
            &append.headers,
        ])?,
        members: Members::new(
            remove.members,
            &rename.members,
            &replace.members,
            &add.members,
            &append.members,
        )?,
    }))
}

impl Plugin for ResponseTransformer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn priority(&self) -> i32 {
        PRIORITY
    }

    /// A client that asks for a part of the body, or for a compressed one, would be sent what is to be removed.
    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a> {
        if self.edits_bodies() {
            for name in [ACCEPT_ENCODING, RANGE, IF_RANGE] {
                exchange.head.headers.remove(name);
            }
        }
        Box::pin(std::future::ready(Flow::Continue))
    }

    fn response(&self, response: &mut ResponseHead<'_>) {
        self.headers.edit(response.headers);
    }

    fn edits_bodies(&self) -> bool {
        !self.members.is_empty()
    }

    fn wants_body(&self, response: &ResponseHead<'_>) -> Option<usize> {
        let media = response.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok());
        let is_json = media.is_some_and(|media| media.to_ascii_lowercase().contains("application/json"));
        // A compressed body cannot be read, in Kong neither.
        let is_plain = !response.headers.contains_key(CONTENT_ENCODING);
        (is_json && is_plain && self.edits_bodies()).then_some(BODY_LIMIT)
    }

    fn body(&self, response: &mut ResponseHead<'_>, body: Bytes) -> Bytes {
        match self.members.edit(&body) {
            Some(edited) => {
                // It named another body.
                response.headers.remove(ETAG);
                edited.into()
            }
            None => body,
        }
    }
}
