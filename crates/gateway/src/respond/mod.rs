//! The one way out: every answer, the upstream's and our own, leaves through [`Exit`].

mod body;
pub(crate) mod grpc;
mod negotiate;
mod number;
mod shed;
mod unreadable;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode, response};
use keybound_plugins::contract::{Answer, Form, Head, Listening, Notes, Refusal, ResponseHead};
use keybound_plugins::fault::{Blame, Fault, RequestFault, RouteFault, Row, TrafficFault};

use self::number::number;
pub(crate) use self::shed::leaves_doubt;
use crate::listen::Busy;
use crate::observe::{Record, millis};
use crate::proxy::names::{
    KEYBOUND_FAULT, KONG_DEBUG, KONG_ROUTE_ID, KONG_ROUTE_NAME, KONG_SERVICE_ID, KONG_SERVICE_NAME, PRODUCT,
    SERVER, VIA_1_1, X_KONG_PROXY_LATENCY, X_KONG_REQUEST_ID, X_KONG_RESPONSE_LATENCY,
    X_KONG_UPSTREAM_LATENCY, X_KONG_UPSTREAM_STATUS,
};
use crate::proxy::response_body::{ResponseBody, Whole};
use crate::proxy::response_fields;
use crate::settings::{ErrorType, Settings};
use crate::snapshot::RouteEntry;

/// What an answer needs to know of the request that it answers, kept from its first moment to its last.
#[derive(Debug)]
pub(crate) struct Exit {
    settings: Arc<Settings>,
    pub(crate) request_id: HeaderValue,
    head_only: bool,
    grpc: bool,
    debug: bool,
    /// Whether the answer names the code of the fault.
    pub(crate) explains: bool,
    /// Whether the connection ends with an answer that leaves the request's body unread.
    pub(crate) closes: bool,
    /// Whether the connection ends with the answer, whatever it is.
    ends: bool,
    accept: Option<HeaderValue>,
    content_type: Option<HeaderValue>,
    pub(crate) record: Option<Box<Record>>,
    busy: Option<Busy>,
    started: Instant,
}

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// How long a proxied request took so far, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latencies {
    pub(crate) proxy: u64,
    pub(crate) upstream: u64,
}

impl Exit {
    pub(crate) fn new(
        settings: &Arc<Settings>,
        parts: &Parts,
        request_id: HeaderValue,
        record: Option<Box<Record>>,
        busy: Busy,
        started: Instant,
    ) -> Self {
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        Self {
            settings: Arc::clone(settings),
            request_id,
            head_only: parts.method == Method::HEAD,
            grpc: content_type.is_some_and(grpc::speaks_grpc),
            debug: settings.fields.debug && parts.headers.get(KONG_DEBUG).is_some_and(|value| value == "1"),
            explains: false,
            closes: false,
            ends: false,
            accept: parts.headers.get(header::ACCEPT).cloned(),
            content_type: content_type.cloned(),
            record,
            busy: Some(busy),
            started,
        }
    }

    /// Notes which route the request is on, for those of its plugins that will hear of it.
    pub(crate) fn routed(&mut self, route: &RouteEntry, head: &Head) {
        let listening = route.chain.listening();
        if self.record.is_none() && listening != Listening::Nothing {
            self.record = Some(Box::new(Record::of(head, self.started)));
        }
        if let Some(record) = &mut self.record {
            record.scope = Some(Arc::clone(&route.scope));
            record.listen(listening, &route.chain, head);
        }
    }

    /// Answers with a fault that the gateway itself found: Kong's error body in the form that the client takes.
    pub(crate) fn fault(
        mut self,
        fault: impl Into<Fault>,
        detail: Option<String>,
        route: Option<&RouteEntry>,
        notes: &mut Notes,
    ) -> Response<ResponseBody> {
        let fault = fault.into();
        let row = fault.row();
        notes.detail = detail.or_else(|| notes.detail.take());
        let mut headers = HeaderMap::new();
        match fault {
            Fault::Route(RouteFault::HttpsOnly) => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(header::UPGRADE, HeaderValue::from_static("TLS/1.2, HTTP/1.1"));
            }
            Fault::Route(RouteFault::GrpcNeedsHttp2) => {
                // The status itself asks for HTTP/2, so that it must be one of HTTP.
                self.grpc = false;
                headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(header::UPGRADE, HeaderValue::from_static("HTTP/2"));
            }
            Fault::Request(RequestFault::Method) => {
                let allowed = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
                headers.insert(header::ALLOW, HeaderValue::from_static(allowed));
            }
            _ => {}
        }
        let kind = self.error_type(&fault);
        let id = self.request_id.to_str().unwrap_or_default();
        let typed = body::of_gateway(kind, row.message, id);
        self.own(row, row.message, headers, typed, route, notes)
    }

    /// Answers with what a plugin refused: compact JSON, and the plugin's fields.
    pub(crate) fn refusal(
        self,
        refusal: Refusal,
        route: Option<&RouteEntry>,
        notes: &mut Notes,
    ) -> Response<ResponseBody> {
        let row = refusal.fault.row();
        let row = Row { status: refusal.status.unwrap_or(row.status), ..row };
        let typed = match refusal.form {
            Form::Compact => body::of_plugin(&refusal),
            Form::Gateway => {
                let kind = self.accept.as_ref().and_then(negotiate::accepted).unwrap_or(ErrorType::Json);
                let message = refusal.message.as_deref().unwrap_or(row.message);
                body::of_gateway(kind, message, self.request_id.to_str().unwrap_or_default())
            }
        };
        let mut headers = HeaderMap::new();
        for (name, value) in refusal.headers {
            headers.append(name, value);
        }
        self.own(row, refusal.message.as_deref().unwrap_or(row.message), headers, typed, route, notes)
    }

    /// Answers as a plugin says: nothing is at fault.
    pub(crate) fn answer(
        self,
        answer: Answer,
        route: &RouteEntry,
        notes: &mut Notes,
    ) -> Response<ResponseBody> {
        let mut headers = HeaderMap::new();
        for (name, value) in answer.headers {
            headers.append(name, value);
        }
        let message = answer.status.canonical_reason().unwrap_or_default();
        self.written(answer.status, message, headers, answer.body, Some(route), notes)
    }

    /// Sends the client to the same URL over https.
    pub(crate) fn redirect(
        self,
        status: StatusCode,
        location: HeaderValue,
        route: &RouteEntry,
        notes: &mut Notes,
    ) -> Response<ResponseBody> {
        let row = Row { status, ..Fault::from(RouteFault::HttpsOnly).row() };
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location);
        let empty = (HeaderValue::from_static("text/plain; charset=utf-8"), Bytes::new());
        self.own(row, row.message, headers, empty, Some(route), notes)
    }

    /// Passes an upstream's answer on: its fields without those of its connection, and ours. Its body is streamed,
    /// unless a plugin asks for all of it.
    pub(crate) async fn proxied(
        mut self,
        mut response: response::Parts,
        mut body: ResponseBody,
        latencies: Latencies,
        route: &RouteEntry,
        takes_trailers: bool,
        notes: &mut Notes,
    ) -> Response<ResponseBody> {
        let status = response.status;
        let fields = self.settings.fields;
        let headers = &mut response.headers;
        response_fields::drop_hop_by_hop(headers, takes_trailers, status == StatusCode::SWITCHING_PROTOCOLS);
        let mut head = ResponseHead { status, headers, from_upstream: true, notes };
        route.chain.respond(&mut head);
        if !self.head_only
            && may_have_body(status)
            && let Some(edit) = route.chain.body_edit(&head)
        {
            let bytes = match body.whole(edit.limit()).await {
                Ok(bytes) => edit.apply(&mut head, bytes),
                Err(Whole::TooLong) => {
                    let detail = format!("more than {} bytes", edit.limit());
                    return self.fault(TrafficFault::ResponseBodyTooLarge, Some(detail), Some(route), notes);
                }
                Err(Whole::Torn(torn)) => {
                    return self.fault(torn.fault(), Some(torn.to_string()), Some(route), notes);
                }
            };
            headers.insert(header::CONTENT_LENGTH, bytes.len().into());
            body = ResponseBody::own(bytes);
        }
        apply(headers, notes);
        // Only Keybound says it; one of the upstream's would be taken for ours.
        headers.remove(KEYBOUND_FAULT);
        if self.explains
            && let Some(code) = notes.fault
        {
            headers.insert(KEYBOUND_FAULT, HeaderValue::from_static(code));
        }
        if fields.via {
            match headers.get(header::VIA) {
                None => headers.insert(header::VIA, HeaderValue::from_static(VIA_1_1)),
                Some(before) => {
                    let list = [before.as_bytes(), b", 1.1 ", PRODUCT.as_bytes()].concat();
                    HeaderValue::from_bytes(&list).ok().and_then(|list| headers.insert(header::VIA, list))
                }
            };
        }
        if fields.server && !headers.contains_key(header::SERVER) {
            headers.insert(header::SERVER, SERVER);
        }
        if fields.upstream_latency {
            headers.insert(X_KONG_UPSTREAM_LATENCY, number(latencies.upstream));
        }
        if fields.proxy_latency {
            headers.insert(X_KONG_PROXY_LATENCY, number(latencies.proxy));
        }
        if fields.upstream_status {
            headers.insert(X_KONG_UPSTREAM_STATUS, number(status.as_u16().into()));
        }
        if self.ends && status != StatusCode::SWITCHING_PROTOCOLS {
            headers.insert(header::CONNECTION, CLOSE);
        }
        self.identify(headers, Some(route));
        if let Some(record) = &mut self.record {
            record.status = Some(status);
            record.proxy_latency = Some(latencies.proxy);
            record.upstream_latency = Some(latencies.upstream);
            record.answered(&response.headers, true, notes);
        }
        Response::from_parts(response, body.closing(self.record, self.busy))
    }

    /// The end of every answer that says what is wrong.
    fn own(
        mut self,
        row: Row,
        message: &str,
        mut headers: HeaderMap,
        (media, bytes): body::Typed,
        route: Option<&RouteEntry>,
        notes: &mut Notes,
    ) -> Response<ResponseBody> {
        if !bytes.is_empty() {
            headers.insert(header::CONTENT_TYPE, media);
        }
        if self.explains {
            headers.insert(KEYBOUND_FAULT, HeaderValue::from_static(row.code));
        }
        report(row, notes, &self.request_id);
        if let Some(busy) = &self.busy {
            busy.faulted(row.code);
        }
        if let Some(record) = &mut self.record {
            record.fault = Some(row.code);
        }
        self.written(row.status, message, headers, bytes, route, notes)
    }

    /// The end of every answer that the gateway writes itself.
    fn written(
        mut self,
        mut status: StatusCode,
        message: &str,
        mut headers: HeaderMap,
        mut bytes: Bytes,
        route: Option<&RouteEntry>,
        notes: &mut Notes,
    ) -> Response<ResponseBody> {
        if self.grpc {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
            headers.insert("grpc-status", grpc::status(status));
            if let Some(message) = grpc::message(message) {
                headers.insert("grpc-message", message);
            }
            status = StatusCode::OK;
            bytes = Bytes::new();
        } else if may_have_body(status) {
            headers.insert(header::CONTENT_LENGTH, bytes.len().into());
        }
        if let Some(route) = route {
            let mut head = ResponseHead { status, headers: &mut headers, from_upstream: false, notes };
            route.chain.respond(&mut head);
            if !self.grpc
                && may_have_body(status)
                && let Some(edit) = route.chain.body_edit(&head)
                && bytes.len() <= edit.limit()
            {
                bytes = edit.apply(&mut head, bytes);
                headers.insert(header::CONTENT_LENGTH, bytes.len().into());
            }
        }
        apply(&mut headers, notes);
        if let Some(busy) = &mut self.busy {
            busy.rests();
        }
        if self.ends || (self.closes && self.busy.as_ref().is_some_and(Busy::has_waiting_body)) {
            headers.insert(header::CONNECTION, CLOSE);
        }
        let fields = self.settings.fields;
        if fields.server {
            headers.insert(header::SERVER, SERVER);
        }
        if fields.response_latency {
            headers.insert(X_KONG_RESPONSE_LATENCY, number(millis(self.started)));
        }
        self.identify(&mut headers, route);
        if let Some(record) = &mut self.record {
            record.status = Some(status);
            record.answered(&headers, false, notes);
        }
        if self.head_only {
            bytes = Bytes::new();
        }
        let mut response = Response::new(ResponseBody::own(bytes).closing(self.record, self.busy));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn identify(&self, headers: &mut HeaderMap, route: Option<&RouteEntry>) {
        if self.settings.fields.request_id {
            headers.insert(X_KONG_REQUEST_ID, self.request_id.clone());
        }
        let Some(route) = route.filter(|_| self.debug) else { return };
        let service = route.service.as_ref();
        for (name, value) in [
            (KONG_ROUTE_ID, Some(&route.id)),
            (KONG_ROUTE_NAME, route.name.as_ref()),
            (KONG_SERVICE_ID, service.map(|service| &service.id)),
            (KONG_SERVICE_NAME, service.and_then(|service| service.name.as_ref())),
        ] {
            if let Some(value) = value.and_then(|text| HeaderValue::from_str(text).ok()) {
                headers.insert(name, value);
            }
        }
    }

    /// What the client accepts; where it does not say, JSON for routing and otherwise the form of its own content.
    fn error_type(&self, fault: &Fault) -> ErrorType {
        let default = match fault {
            Fault::Route(_) => ErrorType::Json,
            _ => self.settings.error_default_type,
        };
        match (&self.accept, &self.content_type, fault) {
            (Some(accept), _, _) => negotiate::accepted(accept).unwrap_or(default),
            (None, Some(content), Fault::Request(_) | Fault::Upstream(_)) => {
                negotiate::accepted(content).unwrap_or(default)
            }
            _ => default,
        }
    }
}

/// Whether a response of this status has a body, be it an empty one.
fn may_have_body(status: StatusCode) -> bool {
    !status.is_informational() && status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED
}

/// Takes away the fields that plugins noted, sets those that they noted in place of any of the same name, and adds; cookies
/// stand beside those that are there.
fn apply(headers: &mut HeaderMap, notes: &mut Notes) {
    for name in notes.response_removals.drain(..) {
        headers.remove(name);
    }
    for (name, _) in &notes.response_headers {
        if name != header::SET_COOKIE {
            headers.remove(name);
        }
    }
    for (name, value) in notes.response_headers.drain(..).chain(notes.response_additions.drain(..)) {
        headers.append(name, value);
    }
}

/// Faults that an operator should see without an access log.
fn report(row: Row, notes: &Notes, request_id: &HeaderValue) {
    let request_id = request_id.to_str().unwrap_or_default();
    let detail = notes.detail.as_deref();
    let explanation = notes.explanation.as_deref();
    match row.blame {
        Blame::Ours | Blame::Provider | Blame::Configuration => {
            tracing::error!(code = row.code, detail, request_id, "{}", row.message);
        }
        Blame::Upstream => tracing::warn!(code = row.code, detail, request_id, "{}", row.message),
        Blame::Client | Blame::Token | Blame::Proof | Blame::Key => {
            tracing::debug!(
                code = row.code,
                detail,
                expected_htu = explanation.and_then(|known| known.expected_htu.as_deref()),
                received_htu = explanation.and_then(|known| known.received_htu.as_deref()),
                clock_difference = explanation.and_then(|known| known.clock_difference),
                proof_jkt = explanation.and_then(|known| known.thumbprint).map(|jkt| jkt.to_string()),
                jkt = notes.jkt.map(|jkt| jkt.to_string()),
                client_id = notes.client,
                request_id,
                "{}",
                row.message
            );
        }
    }
}
