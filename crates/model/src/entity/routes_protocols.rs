//! Fields of a route that its protocols have no use for.

use serde_json::Value;

use crate::{Errors, Record};

const STREAMS: &str = "'tcp', 'tls', 'tls_passthrough' or 'udp'";
const GRPC: &str = "'grpc' or 'grpcs'";
const HTTP: &str = "'http' or 'https'";

/// A route for gRPC keeps its path unless it says otherwise, which is refused.
pub(super) fn prepare(route: &mut Record) {
    if family(route) == Some(GRPC) && route.get("strip_path").is_none_or(Value::is_null) {
        route.insert("strip_path".to_owned(), Value::Bool(false));
    }
}

/// `cannot set 'methods' when 'protocols' is 'grpc' or 'grpcs'`, and so on.
pub(super) fn check(route: &Record) -> Result<(), Errors> {
    let Some(family) = family(route) else { return Ok(()) };
    let fields: &[&str] = match family {
        STREAMS => &["methods", "hosts", "paths", "headers"],
        GRPC => &["strip_path", "methods", "sources", "destinations"],
        _ => &["sources", "destinations"],
    };
    let mut errors = Errors::new();
    for field in fields.iter().filter(|field| is_set(route.get(**field))) {
        errors.add(field, format!("cannot set '{field}' when 'protocols' is {family}"));
    }
    errors.into_result()
}

/// The protocols like the first; a route cannot mix families.
fn family(route: &Record) -> Option<&'static str> {
    match route.get("protocols")?.get(0)?.as_str()? {
        "tcp" | "tls" | "tls_passthrough" | "udp" => Some(STREAMS),
        "grpc" | "grpcs" => Some(GRPC),
        "http" | "https" => Some(HTTP),
        _ => None,
    }
}

fn is_set(value: Option<&Value>) -> bool {
    !matches!(value, None | Some(Value::Null | Value::Bool(false)))
}
