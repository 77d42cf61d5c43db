//! The configuration of what is told.

use keybound_model::{Errors, Record};
use serde_json::Value;

use super::{Field, Headers, What, name};
use crate::openid_connect::config::{strings, text};

/// A field of the configuration, and what is wrong with it.
type Invalid = (String, String);

/// Says what is wrong with the names, of all fields together.
pub(in crate::openid_connect) fn check(record: &Record) -> Result<(), Errors> {
    Headers::parse(record).map(drop).map_err(|(field, text)| Errors::field(&field, text))
}

impl Headers {
    /// Reads a configuration.
    ///
    /// # Errors
    /// The field, and what is wrong with it: a name that cannot be used, lists that are no pairs, a name that is used twice.
    pub(in crate::openid_connect) fn parse(record: &Record) -> Result<Self, Invalid> {
        let mut upstream = Side::new(record, "upstream");
        if let Some(field) = text(record, "upstream_access_token_header") {
            // It is set elsewhere and only keeps its name here.
            upstream.take(Field {
                name: at("upstream_access_token_header", name::parse_with_scheme(field))?.0,
                bearer: false,
                what: What::Token,
            })?;
        }
        let upstream = upstream.read()?.into_iter().filter(|field| field.what != What::Token).collect();
        for field in ["upstream_introspection_jwt_header", "downstream_introspection_jwt_header"] {
            let signed = text(record, "introspection_accept").is_some_and(|accept| accept.ends_with("jwt"));
            if text(record, field).is_some() && !signed {
                return Err((
                    field.to_owned(),
                    "needs an introspection_accept that asks for a JWT".to_owned(),
                ));
            }
        }
        let mut downstream = Side::new(record, "downstream");
        downstream.whole("access_token_header", What::Token)?;
        Ok(Self { upstream, downstream: downstream.read()? })
    }
}

/// The fields of one direction.
struct Side<'a> {
    record: &'a Record,
    to: &'static str,
    fields: Vec<Field>,
}

impl<'a> Side<'a> {
    fn new(record: &'a Record, to: &'static str) -> Self {
        Self { record, to, fields: Vec::new() }
    }

    /// Everything but the token.
    fn read(mut self) -> Result<Vec<Field>, Invalid> {
        self.whole("access_token_jwk_header", What::Key)?;
        self.whole("introspection_header", What::Answer)?;
        self.whole("introspection_jwt_header", What::SignedAnswer)?;
        self.claims()?;
        self.old_claims()?;
        Ok(self.fields)
    }

    /// A field for one thing as a whole.
    fn whole(&mut self, suffix: &str, what: What) -> Result<(), Invalid> {
        let field = format!("{}_{suffix}", self.to);
        let Some(value) = text(self.record, &field) else { return Ok(()) };
        let (name, bearer) = match what {
            What::Token | What::SignedAnswer => at(&field, name::parse_with_scheme(value))?,
            What::Key | What::Answer | What::Claim(_) => (at(&field, name::parse(value))?, false),
        };
        self.add(&field, Field { name, bearer, what })
    }

    /// `*_headers`: a name and a path each.
    fn claims(&mut self) -> Result<(), Invalid> {
        let list = format!("{}_headers", self.to);
        for entry in self.record.get(&list).and_then(Value::as_array).into_iter().flatten() {
            let Some(entry) = entry.as_object() else { continue };
            let header = text(entry, "header").unwrap_or_default();
            let name = at(&list, name::parse(header))?;
            self.add(&list, Field { name, bearer: false, what: What::Claim(strings(entry, "path")) })?;
        }
        Ok(())
    }

    /// `*_headers_claims` and `*_headers_names`: claims of the first level and names, paired by index.
    fn old_claims(&mut self) -> Result<(), Invalid> {
        let (list, names) = (format!("{}_headers_claims", self.to), format!("{}_headers_names", self.to));
        let (claims, headers) = (strings(self.record, &list), strings(self.record, &names));
        if claims.len() != headers.len() {
            return Err((names.clone(), format!("must have one value for each of {list}")));
        }
        for (claim, header) in claims.into_iter().zip(headers) {
            let name = at(&names, name::parse(&header))?;
            self.add(&names, Field { name, bearer: false, what: What::Claim(vec![claim]) })?;
        }
        Ok(())
    }

    fn take(&mut self, field: Field) -> Result<(), Invalid> {
        self.add("upstream_access_token_header", field)
    }

    fn add(&mut self, of: &str, field: Field) -> Result<(), Invalid> {
        if self.fields.iter().any(|other| other.name == field.name) {
            return Err((of.to_owned(), format!("'{}' is the name of more than one field", field.name)));
        }
        self.fields.push(field);
        Ok(())
    }
}

fn at<T>(field: &str, result: Result<T, String>) -> Result<T, Invalid> {
    result.map_err(|text| (field.to_owned(), text))
}
