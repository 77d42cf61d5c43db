//! JSON objects as the JOSE specifications need them read: one meaning only.
//!
//! Refused: anything but UTF-8, a byte order mark, bytes after the value, a member named twice at any depth (escapes are
//! decoded before names are compared; RFC 7515 §4, RFC 7519 §4), lone surrogates, numbers that are not finite, and nesting
//! beyond the given depth. Work and stack are bounded by the input's length and that depth.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep a JOSE header or claims set may nest.
pub const MAX_DEPTH: usize = 16;

/// Why bytes are not one unambiguous JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonFault {
    /// Not JSON, not UTF-8, or bytes follow the value.
    #[error("not a JSON text")]
    Syntax,
    /// The value is not an object.
    #[error("not a JSON object")]
    NotAnObject,
    /// A member is named twice.
    #[error("a member is named twice")]
    Duplicate,
    /// Nested deeper than allowed.
    #[error("nested too deeply")]
    TooDeep,
}

/// Reads one object.
///
/// # Errors
/// See [`JsonFault`].
pub fn parse_object(bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonFault::Syntax)?;
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        // Told apart here, so that the depth-first reader below needs to know objects only at the top.
        return Err(match parse_value(text, max_depth) {
            Ok(_) => JsonFault::NotAnObject,
            Err(fault) => fault,
        });
    }
    match parse_value(text, max_depth)? {
        Value::Object(object) => Ok(object),
        _ => Err(JsonFault::NotAnObject),
    }
}

fn parse_value(text: &str, max_depth: usize) -> Result<Value, JsonFault> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: max_depth }.deserialize(&mut reader).map_err(|error| classify(&error))?;
    reader.end().map_err(|_| JsonFault::Syntax)?;
    Ok(value)
}

const DUPLICATE: &str = "keybound:duplicate";
const TOO_DEEP: &str = "keybound:depth";

fn classify(error: &serde_json::Error) -> JsonFault {
    let text = error.to_string();
    if text.starts_with(DUPLICATE) {
        JsonFault::Duplicate
    } else if text.starts_with(TOO_DEEP) || text.starts_with("recursion limit exceeded") {
        JsonFault::TooDeep
    } else {
        JsonFault::Syntax
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        self.depth.checked_sub(1).map(|depth| Self { depth }).ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(DUPLICATE));
            }
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<JsonFault> {
        parse_object(text.as_bytes(), MAX_DEPTH).err()
    }

    #[test]
    fn one_object_with_any_white_space_is_read() {
        let object = parse_object(b" {\n \"a\" : [1, {\"b\": null}] }\t", MAX_DEPTH).unwrap();
        assert_eq!(object["a"][1]["b"], Value::Null);
    }

    #[test]
    fn a_member_named_twice_is_refused_at_every_depth_and_through_escapes() {
        assert_eq!(fault(r#"{"a":1,"a":1}"#), Some(JsonFault::Duplicate));
        assert_eq!(fault(r#"{"htm":1,"\u0068tm":1}"#), Some(JsonFault::Duplicate));
        assert_eq!(fault(r#"{"a":[{"b":{"c":1,"c":2}}]}"#), Some(JsonFault::Duplicate));
    }

    #[test]
    fn what_is_not_one_json_object_is_refused() {
        for text in
            ["", "{", "{}x", "{} {}", "{'a':1}", "{\"a\":NaN}", "{\"a\":1,}", "{\"a\":1//\n}", "\u{feff}{}"]
        {
            assert_eq!(fault(text), Some(JsonFault::Syntax), "{text}");
        }
        for text in ["[]", "1", "\"x\"", "null", "true"] {
            assert_eq!(fault(text), Some(JsonFault::NotAnObject), "{text}");
        }
        assert_eq!(fault(r#"{"a":"\ud800"}"#), Some(JsonFault::Syntax));
        assert_eq!(fault(r#"{"a":1e999}"#), Some(JsonFault::Syntax));
        assert_eq!(parse_object(b"{\"a\":\"\xff\"}", 16).err(), Some(JsonFault::Syntax));
    }

    #[test]
    fn nesting_is_bounded_and_a_thousand_levels_do_no_harm() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_object(nested(MAX_DEPTH - 1).as_bytes(), MAX_DEPTH).is_ok());
        assert_eq!(fault(&nested(MAX_DEPTH)), Some(JsonFault::TooDeep));
        assert_eq!(fault(&nested(100_000)), Some(JsonFault::TooDeep));
    }
}
