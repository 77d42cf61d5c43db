use std::time::Duration;

use http::{HeaderName, HeaderValue};
use keybound_model::Record;
use serde_json::Value;

/// Typed access to a configuration that passed its schema.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Record);

impl<'a> Fields<'a> {
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(Value::as_str)
    }

    pub(super) fn flag(self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn list(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    pub(super) fn strings(self, name: &str) -> Vec<String> {
        self.list(name).map(str::to_owned).collect()
    }

    /// The records of a list; an element that is none is an empty one.
    pub(super) fn records(self, name: &str) -> Vec<Record> {
        let elements = self.0.get(name).and_then(Value::as_array).into_iter().flatten();
        elements.map(|element| element.as_object().cloned().unwrap_or_default()).collect()
    }

    pub(super) fn has(self, name: &str, element: &str) -> bool {
        self.list(name).any(|other| other == element)
    }

    pub(super) fn number(self, name: &str) -> Option<f64> {
        self.0.get(name).and_then(Value::as_f64)
    }

    /// A whole number of whatever unit the field has; a fraction is cut off.
    pub(super) fn whole(self, name: &str) -> Option<u64> {
        // The schema bounds the value; a negative one becomes 0.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        self.number(name).map(|number| number as u64)
    }

    pub(super) fn signed(self, name: &str) -> Option<i64> {
        self.whole(name).and_then(|number| i64::try_from(number).ok())
    }

    pub(super) fn duration(self, name: &str) -> Option<Duration> {
        self.whole(name).map(Duration::from_secs)
    }

    pub(super) fn milliseconds(self, name: &str) -> Option<Duration> {
        self.whole(name).map(Duration::from_millis)
    }

    pub(super) fn size(self, name: &str) -> Option<usize> {
        self.0.get(name).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
    }

    /// Header fields from two lists, paired by index.
    pub(super) fn headers(self, names: &str, values: &str) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
        self.list(names)
            .zip(self.list(values))
            .map(|(name, value)| {
                let field = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| format!("{names}: bad header name"))?;
                let value =
                    HeaderValue::from_str(value).map_err(|_| format!("{values}: bad header value"))?;
                Ok((field, value))
            })
            .collect()
    }

    pub(super) fn header_names(self, name: &str) -> Result<Vec<HeaderName>, String> {
        self.list(name)
            .map(|text| {
                HeaderName::from_bytes(text.as_bytes()).map_err(|_| format!("{name}: bad header name"))
            })
            .collect()
    }

    /// Form parameters from two lists, paired by index.
    pub(super) fn pairs(self, names: &str, values: &str) -> Vec<(String, String)> {
        self.list(names)
            .zip(self.list(values))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}
