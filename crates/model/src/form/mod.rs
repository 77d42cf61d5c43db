//! Request bodies: forms decoded into JSON as Kong does it, guided by a schema, and JSON bodies.
//!
//! ```
//! use keybound_model::form;
//! use keybound_model::schema::{Schema, array, integer, string};
//!
//! let schema = Schema::new([("name", string()), ("paths", array(string())), ("port", integer())]);
//! let record = form::decode(b"name=a&paths[]=/x&paths[]=/y&port=80", &schema).unwrap();
//! assert_eq!(serde_json::Value::Object(record), serde_json::json!({"name": "a", "paths": ["/x", "/y"], "port": 80}));
//! ```

mod infer;
mod key;
mod tree;

use serde_json::Value;

use crate::Record;
use crate::schema::Schema;

/// The most arguments that one body or one query may have.
pub const MOST_ARGUMENTS: usize = 1000;

/// A body that cannot be decoded; the text is Kong's `message`, for a 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// Not a JSON object.
    #[error("Cannot parse JSON body")]
    Json,
    /// More than 1000 arguments.
    #[error("Too many arguments")]
    TooManyArguments,
}

/// One argument's value.
#[derive(Debug, Clone, PartialEq)]
pub enum FormValue {
    /// Text: a urlencoded value, a text part, or the content of a file. Its type is inferred.
    Text(String),
    /// A part of type `application/json`, taken as it is.
    Json(Value),
}

/// Decodes an `application/x-www-form-urlencoded` body. Bytes that are no UTF-8 become the replacement character.
///
/// # Errors
/// [`BodyFault::TooManyArguments`]
pub fn decode(body: &[u8], schema: &Schema) -> Result<Record, BodyFault> {
    let pairs = form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), FormValue::Text(value.into_owned())));
    decode_pairs(pairs, schema)
}

/// Decodes arguments in the order in which they came, of whatever kind of form.
///
/// | argument | gives |
/// |---|---|
/// | `a.b=1` | nested records; also map members (`headers.x-a=1`) |
/// | `a[]=x&a[]=y`, `a=x&a=y` | an array in order |
/// | `a=x` where an array or a set is expected | an array of one |
/// | `a[1]=x&a[2]=y`, `a.1=x` | an array by index from 1 |
/// | `a[foo.bar]=x` | a map member whose name has a dot |
/// | `x=` | null |
/// | `.a=1`, `a.=1` | a field of that very name |
///
/// Numbers, integers and booleans (`true`, `false`) are inferred where the schema expects them; what does not parse stays
/// text, for validation to refuse.
///
/// # Errors
/// [`BodyFault::TooManyArguments`]
pub fn decode_pairs(
    pairs: impl IntoIterator<Item = (String, FormValue)>,
    schema: &Schema,
) -> Result<Record, BodyFault> {
    let mut root = tree::Node::default();
    for (count, (name, value)) in pairs.into_iter().enumerate() {
        if count >= MOST_ARGUMENTS {
            return Err(BodyFault::TooManyArguments);
        }
        root.insert(&key::steps(&name), value);
    }
    Ok(infer::record(root, schema))
}

/// The first text of an argument of this name, to find out which plugin a form is about before it is decoded.
#[must_use]
pub fn peek(body: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Reads a JSON body, which must be one object. Nothing is inferred: `"80"` stays text.
///
/// # Errors
/// [`BodyFault::Json`]
pub fn json_object(body: &[u8]) -> Result<Record, BodyFault> {
    serde_json::from_slice(body).map_err(|_| BodyFault::Json)
}
