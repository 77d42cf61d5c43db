//! Request bodies: the media types, and what is in them.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use keybound_model::form::{self, BodyFault, FormValue, MOST_ARGUMENTS};
use keybound_model::schema::Schema;
use keybound_model::{Errors, PluginCatalog, Record};
use serde_json::Value;

use crate::failure::Failure;

/// The longest body: 10 MB.
const LONGEST: usize = 10 * 1024 * 1024;

/// A body, read and taken apart as far as that goes without a schema.
#[derive(Debug)]
pub(crate) enum Body {
    /// None.
    Empty,
    /// One JSON object, with its text.
    Json(Record, Bytes),
    /// The arguments of a form, in order.
    Form(Vec<(String, FormValue)>),
    /// YAML, only for `/config`.
    Yaml(Bytes),
}

#[derive(Clone, Copy)]
enum Media {
    Json,
    Form,
    Multipart,
    Yaml,
}

/// The types, each known by how the header starts; Kong compares bytes, so case counts.
const MEDIA: [(&str, Media); 5] = [
    ("application/json", Media::Json),
    ("application/x-www-form-urlencoded", Media::Form),
    ("multipart/form-data", Media::Multipart),
    ("application/yaml", Media::Yaml),
    ("text/yaml", Media::Yaml),
];

/// Reads a body. The order: one `Content-Type` at most, a known one when there is a body, at most 10 MB, well formed, at
/// most 1000 arguments.
pub(crate) async fn read(headers: &HeaderMap, body: axum::body::Body, yaml: bool) -> Result<Body, Failure> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let media_type = types.next();
    if types.next().is_some() {
        return Err(Failure::SeveralMediaTypes);
    }
    let text = media_type.map(|value| value.to_str().unwrap_or_default());
    let media = text.and_then(|text| MEDIA.iter().find(|(prefix, _)| text.starts_with(prefix)));
    let media = media.map(|(_, media)| *media).filter(|media| yaml || !matches!(media, Media::Yaml));
    if text.is_some() && media.is_none() {
        return Err(Failure::MediaType);
    }
    if axum::body::HttpBody::size_hint(&body).lower() > LONGEST as u64 {
        return Err(Failure::TooLarge);
    }
    let bytes = match Limited::new(body, LONGEST).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Failure::TooLarge),
        Err(_) => return Err(Failure::Incomplete),
    };
    match media {
        None if bytes.is_empty() => Ok(Body::Empty),
        None => Err(Failure::MediaType),
        Some(Media::Json) => Ok(Body::Json(form::json_object(&bytes)?, bytes)),
        Some(Media::Form) => urlencoded(&bytes),
        Some(Media::Multipart) => multipart(text.unwrap_or_default(), bytes).await,
        Some(Media::Yaml) => Ok(Body::Yaml(bytes)),
    }
}

fn urlencoded(bytes: &[u8]) -> Result<Body, Failure> {
    let mut pairs = Vec::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        push(&mut pairs, name.into_owned(), FormValue::Text(value.into_owned()))?;
    }
    Ok(Body::Form(pairs))
}

async fn multipart(media_type: &str, bytes: Bytes) -> Result<Body, Failure> {
    if bytes.is_empty() {
        return Ok(Body::Form(Vec::new()));
    }
    let boundary = multer::parse_boundary(media_type).map_err(|_| Failure::Multipart)?;
    let mut parts = multer::Multipart::new(stream::iter([Ok::<_, Infallible>(bytes)]), boundary);
    let mut pairs = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| Failure::Multipart)? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let json = part.content_type().is_some_and(|kind| kind.essence_str() == "application/json");
        let content = part.bytes().await.map_err(|_| Failure::Multipart)?;
        let value = if json {
            FormValue::Json(serde_json::from_slice(&content).map_err(|_| BodyFault::Json)?)
        } else {
            FormValue::Text(String::from_utf8_lossy(&content).into_owned())
        };
        push(&mut pairs, name, value)?;
    }
    Ok(Body::Form(pairs))
}

fn push(pairs: &mut Vec<(String, FormValue)>, name: String, value: FormValue) -> Result<(), BodyFault> {
    if pairs.len() >= MOST_ARGUMENTS {
        return Err(BodyFault::TooManyArguments);
    }
    pairs.push((name, value));
    Ok(())
}

impl Body {
    /// The record in it. Of a form, values get the types of the entity's schema; for a plugin that depends on its name,
    /// which is in the form or else `known`.
    pub(crate) fn record(
        &self,
        entity: &keybound_model::Descriptor,
        known: Option<&str>,
        catalog: &dyn PluginCatalog,
    ) -> Result<Record, Failure> {
        match self {
            Self::Form(pairs) => {
                let plugin = self.text("name").or(known);
                Ok(decode(pairs, &entity.effective_schema(plugin, catalog))?)
            }
            Self::Json(record, _) => Ok(record.clone()),
            Self::Empty | Self::Yaml(_) => Ok(Record::new()),
        }
    }

    /// The texts of a member at the top that is one text or a list of them; at least one.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<String>, Failure> {
        let texts: Vec<String> = match self {
            Self::Json(record, _) => match record.get(name) {
                Some(Value::String(text)) => vec![text.clone()],
                Some(Value::Array(items)) => items
                    .iter()
                    .map(|item| item.as_str().map(str::to_owned))
                    .collect::<Option<_>>()
                    .ok_or_else(|| Errors::field(name, "expected a string"))?,
                None | Some(Value::Null) => Vec::new(),
                Some(_) => return Err(Errors::field(name, "expected a string").into()),
            },
            Self::Form(pairs) => {
                let own = pairs.iter().filter(|(key, _)| key == name || key.strip_suffix("[]") == Some(name));
                let text = |(_, value): &(String, FormValue)| match value {
                    FormValue::Text(text) if !text.is_empty() => Some(text.clone()),
                    FormValue::Text(_) => None,
                    FormValue::Json(value) => value.as_str().map(str::to_owned),
                };
                own.filter_map(text).collect()
            }
            Self::Empty | Self::Yaml(_) => Vec::new(),
        };
        if texts.is_empty() { Err(Errors::field(name, "required field missing").into()) } else { Ok(texts) }
    }

    /// The text of a number at the top.
    pub(crate) fn number(&self, name: &str) -> Option<String> {
        match self {
            Self::Json(record, _) => record.get(name).filter(|value| !value.is_null()).map(Value::to_string),
            _ => self.text(name).map(str::to_owned),
        }
    }

    /// The text of a member at the top.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self {
            Self::Json(record, _) => record.get(name).and_then(Value::as_str),
            Self::Form(pairs) => {
                pairs.iter().find(|(key, _)| key == name).and_then(|(_, value)| match value {
                    FormValue::Text(text) => Some(text.as_str()),
                    FormValue::Json(value) => value.as_str(),
                })
            }
            Self::Empty | Self::Yaml(_) => None,
        }
    }
}

fn decode(pairs: &[(String, FormValue)], schema: &Schema) -> Result<Record, BodyFault> {
    form::decode_pairs(pairs.iter().cloned(), schema)
}
