use std::sync::Arc;

use keybound_pop::time::UnixTime;
use serde_json::{Map, Value, json};

use crate::contract::{Fields, LogEntry};
use crate::secret;

/// What Kong's log plugins say of a request, without the values that carry credentials.
pub(super) fn of(entry: &LogEntry, now: UnixTime) -> Value {
    let nothing = Fields::default();
    let fields = entry.fields.as_deref().unwrap_or(&nothing);
    let millis = |time: u128| i64::try_from(time).unwrap_or(i64::MAX);
    let whole = millis(entry.latency.as_millis());
    let now = now.secs().saturating_mul(1000).saturating_add(i64::from(now.subsec_nanos() / 1_000_000));
    let (own, upstream) = match &entry.upstream {
        Some(upstream) => (millis(upstream.proxy_latency.into()), Some(millis(upstream.latency.into()))),
        None => (whole, None),
    };
    let scope = entry.scope.as_deref();
    let named = |part: &Option<(Arc<str>, Option<Arc<str>>)>| {
        part.as_ref().map(|(id, name)| json!({"id": id.as_ref(), "name": name.as_deref()}))
    };
    let query = fields.query.as_deref().map(secret::query);
    let uri = with_query(&entry.path, query.as_deref());
    let mut log = json!({
        "request": {
            "id": entry.request_id,
            "method": entry.method.as_str(),
            "uri": uri,
            "url": format!("{}{uri}", fields.origin),
            "size": entry.request_bytes,
            "querystring": parameters(query.as_deref().unwrap_or_default()),
            "headers": secret::headers(&fields.request),
        },
        "response": {
            "status": entry.status.map_or(499, |status| status.as_u16()),
            "size": entry.response_bytes,
            "headers": secret::headers(&fields.response),
        },
        "latencies": {
            "request": whole,
            "kong": own,
            "proxy": upstream.unwrap_or(-1),
            "receive": upstream.map_or(0, |upstream| (whole - own - upstream).max(0)),
        },
        "tries": entry.upstream.iter().map(|upstream| {
            json!({"ip": upstream.address.ip().to_string(), "port": upstream.address.port()})
        }).collect::<Vec<_>>(),
        "client_ip": entry.client.to_string(),
        "started_at": now.saturating_sub(whole),
        "source": if entry.from_upstream { "upstream" } else { "exit" },
        "upstream_uri": entry.upstream.as_ref().map(|upstream| upstream_uri(&upstream.uri)),
        "upstream_status": entry.status.filter(|_| entry.from_upstream).map(|status| status.as_str().to_owned()),
        "service": scope.and_then(|scope| named(&scope.service)),
        "route": scope.and_then(|scope| named(&scope.route)),
        "consumer": entry.consumer.as_ref().map(|consumer| json!({
            "id": consumer.id,
            "username": consumer.username,
            "custom_id": consumer.custom_id,
            "tags": consumer.tags,
        })),
        "authenticated_entity": entry.credential.as_ref().map(|credential| json!({
            "id": credential,
            "consumer_id": entry.consumer.as_ref().map(|consumer| consumer.id),
        })),
        "workspace_name": "default",
        "fault": entry.fault,
    });
    if let Value::Object(log) = &mut log {
        log.retain(|_, value| !value.is_null());
    }
    log
}

fn upstream_uri(uri: &str) -> String {
    match uri.split_once('?') {
        Some((path, query)) => with_query(path, Some(&secret::query(query))),
        None => uri.to_owned(),
    }
}

fn with_query(path: &str, query: Option<&str>) -> String {
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}

fn parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        secret::add(&mut parameters, &name, Value::from(value.into_owned()));
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_values_of_secret_parameters_are_taken_out() {
        for (query, want) in [
            ("a=1&b=%20", "a=1&b=%20"),
            ("a=1&access_token=s3cret", "a=1&access_token=REDACTED"),
            ("Access%5Ftoken=s3cret&access_token=s3cret", "Access%5Ftoken=REDACTED&access_token=REDACTED"),
            ("access_token", "access_token"),
        ] {
            assert_eq!(secret::query(query), want);
        }
    }
}
