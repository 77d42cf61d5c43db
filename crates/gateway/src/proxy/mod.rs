//! The way of one request: put in order, routed, decided, forwarded, answered.

mod metadata;
pub(crate) mod names;
pub(crate) mod request_body;
mod request_fields;
pub(crate) mod response_body;
pub(crate) mod response_fields;
mod trace;
pub(crate) mod trailers;
mod unreadable;
pub(crate) mod upgrade;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::header::HeaderValue;
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode, Uri, Version};
use keybound_plugins::contract::{Head, Notes, Permit, Stop, UriCaptures};
use keybound_plugins::fault::{RequestFault, RouteFault, UpstreamFault};
use keybound_pop::htu::{Host, Scheme};

use self::request_body::{Bounds, RequestBody, Source};
use self::request_fields::Facts;
use self::response_body::ResponseBody;
pub(crate) use self::unreadable::unreadable;
use self::upgrade::{Lasting, Tunnel};
use crate::balance::{HashFacts, Hashed};
use crate::head::{self, Arrival, Received};
use crate::listen::{Client, Worker, http1};
use crate::observe::{Record, Said, millis};
use crate::respond::{Exit, Latencies, grpc, leaves_doubt};
use crate::route::Asked;
use crate::snapshot::{Described, GrpcRoute, RouteEntry, ServiceEntry};
use crate::upstream::attempt::{KeptHost, Outgoing};
use crate::upstream::uri::{forward_target, replaced_target};
use crate::upstream::{self, Destination};

/// What the forwarding needs beside the permit.
struct Onward {
    route: Arc<RouteEntry>,
    service: Arc<ServiceEntry>,
    /// How much of the path the route matched.
    taken: Option<usize>,
    received: Uri,
    takes_trailers: bool,
    via: bool,
    forwarded_for: bool,
    started: Instant,
}

/// Serves one request; `in_doubt`: there are two readings of where it ends. Whatever happens, the answer is made by [`Exit`].
pub(crate) async fn serve(
    worker: Rc<Worker>,
    client: Rc<Client>,
    mut parts: Parts,
    source: Source,
    in_doubt: bool,
) -> Response<ResponseBody> {
    let started = Instant::now();
    let request_id = worker.ids.next();
    let id_value = HeaderValue::from_str(&request_id).unwrap_or_else(|_| HeaderValue::from_static(""));
    let record =
        Record::is_wanted().then(|| Box::new(first_record(&worker, &client, &parts, &request_id, started)));
    let busy = client.activity.begin();
    worker.counts.requested();
    let mut exit = Exit::new(&worker.settings, &parts, id_value, record, busy, started);
    exit.explains = client.connection.trusted && asks_why(&parts.headers);
    if !source.is_end_stream() {
        client.activity.body_waits(true);
        exit.closes = must_close(&parts, &source);
    }
    let mut notes = Notes::default();
    let settings = &worker.settings;
    if in_doubt || client.activity.is_worn(&settings.limits) {
        exit.close(parts.version);
    }
    if worker.load.is_too_much() {
        worker.counts.shed();
        return exit.shed(&mut notes);
    }
    let arrival =
        Arrival { connection: &client.connection, last_host: &client.last_host, request_id, in_doubt };
    let received = head::receive(&mut parts, arrival, &settings.trust, &settings.limits);
    let Received { head, target, host, takes_trailers, via, forwarded_for } = match received {
        Ok(received) => received,
        Err(fault) => {
            if leaves_doubt(fault) {
                exit.close(parts.version);
            }
            return exit.fault(fault, None, None, &mut notes);
        }
    };
    if let Some(record) = &mut exit.record {
        record.path.clone_from(&head.path.escaped);
        record.client = Some(head.client_ip);
    }
    let asked = Asked {
        method: &head.method,
        host: &host,
        port: client.port,
        path: head.path.matching(),
        headers: &head.headers,
        tls: head.connection.tls.is_some(),
        sni: head.connection.tls.as_ref().and_then(|tls| tls.sni.as_deref()),
        query: head.query.as_deref(),
        client_ip: head.client_ip,
        peer: head.connection.peer,
        local: head.connection.local,
    };
    let (found, described) = {
        let snapshot = worker.snapshot.load();
        let described = snapshot.described(&asked, &head.path, &head.public);
        let found = match described.filter(|_| metadata::is_reading(&head)) {
            Some(Described { route, path }) => (Some((route, None, UriCaptures::default())), Some(path)),
            None => {
                let found = snapshot.routes.find(&asked);
                (found.map(|found| (Arc::clone(found.goal), found.taken, found.captures)), None)
            }
        };
        let needed = found.0.as_ref().is_some_and(|(route, ..)| route.chain.asks_for_certificate());
        if asked.tls && snapshot.asking.is_misdirected(client.asked, asked.sni, &host, needed) {
            return exit.fault(RequestFault::Misdirected, None, None, &mut notes);
        }
        found
    };
    let Some((route, taken, captures)) = found else {
        return exit.fault(RouteFault::NoRoute, None, None, &mut notes);
    };
    notes.uri_captures = captures;
    notes.taken = taken;
    exit.routed(&route, &head);
    notes.trace = route.chain.trace(&head, started);
    if let (Some(record), Some(trace)) = (&mut exit.record, &notes.trace) {
        record.traced(trace);
    }
    if let Some(status) = route.https_only.filter(|_| head.public.scheme == Scheme::Http) {
        return match (status == StatusCode::UPGRADE_REQUIRED, https_location(&head.public.host, &target)) {
            (false, Some(location)) => exit.redirect(status, location, &route, &mut notes),
            _ => exit.fault(RouteFault::HttpsOnly, None, Some(&route), &mut notes),
        };
    }
    if let Some(document) = described.and_then(|path| route.chain.resource_document(&head.public, &path)) {
        return exit.answer(metadata::answer(&head, document), &route, &mut notes);
    }
    if let Some(fault) = route.grpc.and_then(|grpc| grpc_mismatch(grpc, &head)) {
        return exit.fault(fault, None, Some(&route), &mut notes);
    }
    let limits = &settings.limits;
    let rate = if route.streams_bodies { 0 } else { limits.min_body_rate };
    let bounds = Bounds { bytes: limits.max_body_bytes, pause: limits.body_timeout, rate };
    let mut body = RequestBody::new(source, bounds);
    body.tell(&client.activity);
    if body.announces_too_much() {
        return exit.fault(RequestFault::BodyTooLarge, None, Some(&route), &mut notes);
    }
    body.reserve(route.chain.reserved());
    let permit = match route.chain.decide(head, &mut body, &mut notes).await {
        Ok(permit) => permit,
        Err(Stop::Refusal(refusal)) => return exit.refusal(*refusal, Some(&route), &mut notes),
        Err(Stop::Answer(answer)) => return exit.answer(*answer, &route, &mut notes),
    };
    let Some(service) = route.service.clone() else {
        return exit.fault(RouteFault::NoService, None, Some(&route), &mut notes);
    };
    let onward =
        Onward { route, service, taken, received: target, takes_trailers, via, forwarded_for, started };
    forward(&worker, &client, permit, body, onward, exit, &mut notes).await
}

/// Forwards what was permitted, and nothing else.
async fn forward(
    worker: &Rc<Worker>,
    client: &Client,
    permit: Permit,
    body: RequestBody,
    onward: Onward,
    mut exit: Exit,
    notes: &mut Notes,
) -> Response<ResponseBody> {
    let Onward { route, service, taken, received, takes_trailers, via, forwarded_for, started } = onward;
    let (route, service) = (&*route, &*service);
    let mut head = permit.into_head();
    let strip = route.strip_path;
    let target = match &notes.upstream_path {
        Some(path) => replaced_target(path, head.query.as_deref()),
        None => forward_target(&service.base, &head.path, strip, taken, head.query.as_deref(), &received),
    };
    let Some(target) = target else {
        return exit.fault(RequestFault::Path, None, Some(route), notes);
    };
    let prefix = taken.filter(|_| strip).and_then(|taken| head.path.matching().get(..taken));
    let facts = Facts {
        client,
        client_ip: head.client_ip,
        scheme: head.public.scheme,
        version: head.version,
        received: &received,
        prefix: prefix.filter(|prefix| *prefix != "/"),
        host: service.upstream.host_field().filter(|_| !route.preserve_host),
        request_id: worker.settings.fields.upstream_request_id.then_some(&exit.request_id),
        takes_trailers,
        websocket: head.websocket,
        via,
        forwarded_for,
    };
    let hash = match &service.upstream.to {
        Destination::One(_) => None,
        Destination::Many(balancer) => {
            let facts = HashFacts { head: &head, identity: &notes.identity, captures: &notes.uri_captures };
            balancer.hash(&facts)
        }
    };
    let hash = hash.map(|Hashed { hash, set_cookie }| {
        notes.response_headers.extend(set_cookie.map(|cookie| (http::header::SET_COOKIE, cookie)));
        hash
    });
    let kept_host = kept_host(route, &head.headers);
    request_fields::set(&mut head.headers, &facts);
    if let Some(host) = notes.upstream_host.take() {
        head.headers.insert(http::header::HOST, host);
    }
    if let Some(length) = body.known_length() {
        head.headers.insert(http::header::CONTENT_LENGTH, length.into());
    } else if body.is_open_ended() {
        // What is sent of it is told by its fields alone, whatever the method.
        head.headers.insert(http::header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    if let Some(record) = &mut exit.record {
        record.sent_to(&target);
    }
    let outgoing = Outgoing {
        method: head.method,
        target: Uri::from(target),
        headers: head.headers,
        body,
        kept_host,
        hash,
    };

    let proxy_latency = millis(started);
    let sent = Instant::now();
    let asking = trace::begin(notes);
    let answered = match worker.reach.send(service, outgoing).await {
        Ok(answered) => {
            trace::answered(notes, asking, &answered);
            answered
        }
        Err(failure) => {
            trace::failed(notes, asking, &failure);
            return exit.fault(failure.fault, Some(failure.detail), Some(route), notes);
        }
    };
    let latencies = Latencies { proxy: proxy_latency, upstream: millis(sent) };
    let (response, lease) = (answered.response, answered.lease);
    if let Some(record) = &mut exit.record {
        record.answered_by(lease.key.address);
    }
    if let Some(doubt) = upstream::framing::doubt(response.status(), response.version(), response.headers()) {
        // Neither is kept: the connection ends with them.
        drop((response, lease));
        let detail = format!("the framing of the response is in doubt: {doubt}");
        return exit.fault(UpstreamFault::InvalidResponse, Some(detail), Some(route), notes);
    }
    let pause = service.read_timeout;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return match (head.websocket, lease.into_upgraded()) {
            (true, Some((io, first, load))) => {
                let empty = ResponseBody::own(bytes::Bytes::new());
                let (parts, _) = response.into_parts();
                let mut switched = exit.proxied(parts, empty, latencies, route, takes_trailers, notes).await;
                let lasting = Lasting { load, ..switched.body_mut().take_lasting() };
                client.tunnel.set(Some(Tunnel::new(io, first, pause, lasting)));
                switched
            }
            _ => {
                let detail = "the upstream changed protocols without being asked".to_owned();
                exit.fault(UpstreamFault::InvalidResponse, Some(detail), Some(route), notes)
            }
        };
    }
    let (parts, rest) = response.into_parts();
    let body = ResponseBody::upstream(rest, lease, pause, answered.progress);
    exit.proxied(parts, body, latencies, route, takes_trailers, notes).await
}

/// Whether a request wants to hear the code of a fault. Asked only of trusted peers.
fn asks_why(headers: &HeaderMap) -> bool {
    headers.get(names::KEYBOUND_DEBUG).is_some_and(|value| value == "1")
}

/// Whether a connection ends with an answer that leaves the request's body unread, for certain: what the client would have to
/// be asked for, has no known length or is long is not read only to be thrown away.
fn must_close(parts: &Parts, source: &Source) -> bool {
    parts.version <= Version::HTTP_11
        && (parts.headers.contains_key(http::header::EXPECT)
            || source.size_hint().exact().is_none_or(|length| length > http1::SHORT))
}

/// The same URL over https, without a port.
fn https_location(host: &Host, target: &Uri) -> Option<HeaderValue> {
    let host = match host {
        Host::Name(name) => name.clone(),
        Host::V4(address) => address.to_string(),
        Host::V6(address) => format!("[{address}]"),
    };
    let path = target.path_and_query().map_or("/", |target| target.as_str());
    HeaderValue::from_bytes(format!("https://{host}{path}").as_bytes()).ok()
}

/// The client's host when it is kept.
fn kept_host(route: &RouteEntry, headers: &HeaderMap) -> Option<KeptHost> {
    let field = if route.preserve_host { headers.get(http::header::HOST) } else { None }?;
    let host = field.to_str().ok()?;
    let bare = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    };
    Some(KeptHost { field: field.clone(), name: bare.into() })
}

/// What keeps a request from a route for gRPC.
fn grpc_mismatch(route: GrpcRoute, head: &Head) -> Option<RouteFault> {
    let speaks = head.headers.get(http::header::CONTENT_TYPE).is_some_and(grpc::speaks_grpc);
    if !speaks {
        Some(RouteFault::NotGrpc)
    } else if head.version != Version::HTTP_2 {
        Some(RouteFault::GrpcNeedsHttp2)
    } else if route.secure_only && head.public.scheme == Scheme::Http {
        Some(RouteFault::GrpcsOnly)
    } else {
        None
    }
}

/// The record of a request for the log.
fn first_record(
    worker: &Worker,
    client: &Client,
    parts: &Parts,
    request_id: &str,
    started: Instant,
) -> Record {
    let asked = (parts.method.clone(), parts.uri.path().to_owned());
    let mut record = Record::begin(started, request_id.to_owned(), asked, client.peer_ip);
    record.said = worker.settings.record_clients.then(|| Box::new(Said::by(parts)));
    record
}
