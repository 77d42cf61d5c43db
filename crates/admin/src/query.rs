//! The arguments of the URL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keybound_model::form::{BodyFault, MOST_ARGUMENTS};
use keybound_model::ids;
use keybound_model::tags::TagFilter;
use keybound_store::config::Query;
use uuid::Uuid;

use crate::failure::Failure;

/// How many records a page has when the request does not say.
const PAGE: usize = 100;
/// The most that it may ask for.
const MOST: usize = 1000;

/// The arguments of the URL, decoded, in order.
#[derive(Debug, Default)]
pub(crate) struct Arguments(Vec<(String, String)>);

impl Arguments {
    /// Reads a query.
    ///
    /// # Errors
    /// More than 1000 arguments.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Failure> {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned();
        let pairs: Vec<_> = pairs.take(MOST_ARGUMENTS + 1).collect();
        if pairs.len() > MOST_ARGUMENTS { Err(BodyFault::TooManyArguments.into()) } else { Ok(Self(pairs)) }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// How many records a page shall have.
    pub(crate) fn size(&self) -> Result<usize, Failure> {
        self.text("size").map_or(Ok(PAGE), size)
    }

    /// How many records come before the page, in lists whose offset counts them.
    pub(crate) fn position(&self) -> Result<usize, Failure> {
        let text = self.text("offset");
        text.map_or(Ok(0), |text| text.parse().map_err(|_| Failure::Offset(text.to_owned(), "bad key")))
    }

    /// Which page of a list is asked for: the size, then the offset, then the tags, which a list below a parent ignores.
    pub(crate) fn page(&self, parent: Option<(&'static str, Uuid)>) -> Result<Query, Failure> {
        let size = self.size()?;
        let after = self.text("offset").map(offset).transpose()?;
        let tags = self.text("tags").filter(|_| parent.is_none());
        let tags = tags.map(TagFilter::parse).transpose().map_err(Failure::Tags)?;
        Ok(Query { size, after, tags, parent })
    }
}

fn size(text: &str) -> Result<usize, Failure> {
    let number: f64 = text.trim().parse().map_err(|_| Failure::Size("size must be a number"))?;
    let size = (number.fract() == 0.0 && (1.0..=MOST as f64).contains(&number)).then_some(number as usize);
    size.ok_or(Failure::Size("size must be an integer between 1 and 1000"))
}

/// The text by which a client asks for the page after this record.
pub(crate) fn encode(after: Uuid) -> String {
    STANDARD.encode(serde_json::json!([after.to_string()]).to_string())
}

fn offset(text: &str) -> Result<Uuid, Failure> {
    let bytes = STANDARD.decode(text).map_err(|_| Failure::Offset(text.to_owned(), "bad base64 encoding"))?;
    let ids: Option<[String; 1]> = serde_json::from_slice(&bytes).ok();
    ids.and_then(|[id]| ids::parse(&id)).ok_or_else(|| Failure::Offset(text.to_owned(), "bad key"))
}
