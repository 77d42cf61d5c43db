use std::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderMap, header};
use keybound_model::entity::Consumer;
use keybound_plugins::contract::{
    Chain, Fields, Head, Listening, LogEntry, Notes, Plugin, Public, Trace, UpstreamFacts,
};
use keybound_pop::htu::{Host, Scheme};

use super::Record;

/// What the plugins that listen will hear of a request, as far as the access record does not have it.
pub(crate) struct Hearing {
    chain: Chain,
    /// Who listens; `None` until the answer is decided.
    plugins: Option<Vec<Arc<dyn Plugin>>>,
    consumer: Option<Arc<Consumer>>,
    credential: Option<String>,
    from_upstream: bool,
    request_bytes: u64,
    response_head_bytes: u64,
    uri: String,
    pub(super) address: Option<SocketAddr>,
    fields: Option<Box<Fields>>,
    pub(super) trace: Option<Box<Trace>>,
}

impl Hearing {
    pub(super) fn new(listening: Listening, chain: &Chain, head: &Head) -> Self {
        let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let body: u64 = announced.and_then(|length| length.parse().ok()).unwrap_or(0);
        let line =
            head.method.as_str().len() + head.path.escaped.len() + head.query.as_ref().map_or(0, String::len);
        let fields = (listening == Listening::Fields).then(|| {
            Box::new(Fields {
                origin: origin(&head.public),
                query: head.query.as_deref().map(|query| without_values(query, chain.credential_names())),
                request: without_credentials(&head.headers, chain.credential_names()),
                response: HeaderMap::new(),
            })
        });
        Self {
            chain: chain.clone(),
            plugins: None,
            consumer: None,
            credential: None,
            from_upstream: false,
            request_bytes: body.saturating_add(size(&head.headers)).saturating_add(line as u64),
            response_head_bytes: 0,
            uri: String::new(),
            address: None,
            fields,
            trace: None,
        }
    }

    /// Notes what the upstream is asked for, credentials left out.
    pub(super) fn sent_to(&mut self, target: String) {
        self.uri = match target.split_once('?') {
            Some((path, query)) => {
                format!("{path}?{}", without_values(query, self.chain.credential_names()))
            }
            None => target,
        };
    }

    pub(super) fn answered(&mut self, headers: &HeaderMap, from_upstream: bool, notes: &Notes) {
        self.plugins = Some(self.chain.listeners(notes));
        self.consumer.clone_from(&notes.identity.consumer);
        self.credential.clone_from(&notes.identity.credential);
        self.from_upstream = from_upstream;
        self.response_head_bytes = size(headers);
        if let Some(fields) = &mut self.fields {
            fields.response.clone_from(headers);
        }
    }

    /// Tells the plugins. The client may have been gone before any answer; then those hear of it that run for everybody.
    pub(super) fn tell(self, record: &mut Record) {
        let plugins = self.plugins.unwrap_or_else(|| self.chain.listeners(&Notes::default()));
        let upstream = self.address.map(|address| UpstreamFacts {
            address,
            uri: self.uri,
            proxy_latency: record.proxy_latency.unwrap_or(0),
            latency: record.upstream_latency.unwrap_or(0),
        });
        let entry = LogEntry {
            request_id: std::mem::take(&mut record.request_id),
            latency: record.started.elapsed(),
            method: record.method.clone(),
            path: std::mem::take(&mut record.path),
            peer: record.peer,
            client: record.client.unwrap_or(record.peer),
            status: record.status,
            from_upstream: self.from_upstream,
            request_bytes: self.request_bytes,
            response_bytes: record.bytes.saturating_add(self.response_head_bytes),
            scope: record.scope.take(),
            consumer: self.consumer,
            credential: self.credential,
            fault: record.fault.or(record.reported),
            upstream,
            trace: self.trace,
            fields: self.fields,
        };
        for plugin in plugins {
            plugin.log(&entry);
        }
    }
}

impl std::fmt::Debug for Hearing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hearing").finish_non_exhaustive()
    }
}

/// What stands in place of a credential.
const REDACTED: &str = "REDACTED";

/// The fields without the values of these.
fn without_credentials(headers: &HeaderMap, names: &[String]) -> HeaderMap {
    let mut headers = headers.clone();
    for name in names {
        for (field, value) in &mut headers {
            if field.as_str() == name {
                *value = http::HeaderValue::from_static(REDACTED);
            }
        }
    }
    headers
}

/// A query without the values of these parameters.
fn without_values(query: &str, names: &[String]) -> String {
    let part = |part: &str| match part.split_once('=') {
        Some((name, _)) if is_one_of(name, names) => format!("{name}={REDACTED}"),
        _ => part.to_owned(),
    };
    query.split('&').map(part).collect::<Vec<_>>().join("&")
}

fn is_one_of(escaped: &str, names: &[String]) -> bool {
    let name = percent_encoding::percent_decode_str(escaped).decode_utf8_lossy();
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Bytes of fields as HTTP/1.1 writes them.
fn size(headers: &HeaderMap) -> u64 {
    headers.iter().map(|(name, value)| (name.as_str().len() + value.len() + 4) as u64).sum()
}

fn origin(public: &Public) -> String {
    let scheme = match public.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let host = match &public.host {
        Host::Name(name) => name.clone(),
        Host::V4(address) => address.to_string(),
        Host::V6(address) => format!("[{address}]"),
    };
    match public.port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_credentials_are_not_heard() {
        let names = ["x-token".to_owned()];
        let mut headers = HeaderMap::new();
        headers.append("x-token", "secret".parse().unwrap());
        headers.append("x-token", "another".parse().unwrap());
        headers.append("x-other", "kept".parse().unwrap());
        let heard = without_credentials(&headers, &names);
        assert!(heard.get_all("x-token").iter().all(|value| value == REDACTED));
        assert_eq!(heard.get("x-other").unwrap(), "kept");
        assert_eq!(
            without_values("a=1&x-token=secret&X%2Dtoken=s&x-token&b", &names),
            "a=1&x-token=REDACTED&X%2Dtoken=REDACTED&x-token&b"
        );
    }
}
