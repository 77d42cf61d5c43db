use std::sync::Arc;

use keybound_pop::htu::{Host, Scheme};
use serde_json::{Map, Value, json};

use crate::contract::{Head, Scope};
use crate::secret;

/// The request as it arrived here, for whoever sent it. Credentials are not said back: a script must not be able to read
/// what the browser sends along.
pub(super) fn of(message: Option<&str>, head: &Head, body: &[u8], scope: &Scope) -> Value {
    let host = match &head.public.host {
        Host::Name(name) => name.clone(),
        Host::V4(address) => address.to_string(),
        Host::V6(address) => format!("[{address}]"),
    };
    let (scheme, standard) = match head.public.scheme {
        Scheme::Http => ("http", 80),
        Scheme::Https => ("https", 443),
    };
    let named = |part: &Option<(Arc<str>, Option<Arc<str>>)>| {
        part.as_ref().map(|(id, name)| json!({"id": id.as_ref(), "name": name.as_deref()}))
    };
    let mut answer = json!({
        "message": message,
        "request": {
            "scheme": scheme,
            "host": host,
            "port": head.public.port.unwrap_or(standard),
            "method": head.method.as_str(),
            "path": head.path.escaped,
            "headers": secret::headers(&head.headers),
            "query": query(head.query.as_deref().unwrap_or_default()),
            "body": String::from_utf8_lossy(body),
        },
        "matched_route": named(&scope.route),
        "matched_service": named(&scope.service),
    });
    if let Value::Object(answer) = &mut answer {
        answer.retain(|_, value| !value.is_null());
    }
    answer
}

/// Parameters by name; a name that comes more than once has a list.
fn query(text: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let value = if secret::is_parameter(&name) { secret::REDACTED.into() } else { value };
        secret::add(&mut parameters, &name, Value::from(value.into_owned()));
    }
    parameters
}
