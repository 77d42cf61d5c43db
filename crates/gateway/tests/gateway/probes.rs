//! Probes that speak TLS and gRPC.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use keybound_gateway::{Condition, Settings, UpstreamSettings};
use keybound_model::entity::{CheckKind, Upstream as UpstreamEntity};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::balancing::{over, target, upstream};
use crate::lab::{Lab, Upstream};
use crate::pki::Authority;
use crate::upstream_tls::Secure;

/// An upstream whose targets are probed ten times a second; one look decides.
fn probed(kind: CheckKind) -> UpstreamEntity {
    let mut upstream = upstream("pool");
    let active = &mut upstream.healthchecks.active;
    active.kind = kind;
    active.timeout = Duration::from_secs(10);
    active.concurrency = 10;
    active.http_path = "/up".into();
    active.https_verify_certificate = true;
    active.healthy.interval = Duration::from_millis(100);
    active.healthy.http_statuses = vec![200];
    active.healthy.successes = 1;
    active.unhealthy.interval = Duration::from_millis(100);
    active.unhealthy.http_failures = 1;
    active.unhealthy.tcp_failures = 1;
    active.unhealthy.timeouts = 1;
    upstream
}

fn lab(upstream: UpstreamEntity, addr: SocketAddr, authority: Option<&Authority>) -> Lab {
    let roots = authority.map(|authority| authority.der.clone()).into_iter().collect();
    let upstream_settings = UpstreamSettings { system_roots: false, roots, ..UpstreamSettings::default() };
    let settings = Settings { upstream: upstream_settings, ..Settings::default() };
    Lab::with(&over(upstream, vec![target(&addr.to_string(), 100)]), settings)
}

fn condition(lab: &Lab) -> Condition {
    lab.snapshot.load().upstream_report(Uuid::from_u128(20)).unwrap().targets[0].condition
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(30), "never came: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_probe_over_tls_says_its_name_and_verifies_the_certificate_where_it_is_told() {
    let authority = Authority::new("authority");
    let behind = Upstream::echo().await;
    let secure = Secure::start(&authority.certificate("probe.test"), &authority, behind.addr).await;
    let named = |verify| {
        let mut upstream = probed(CheckKind::Https);
        upstream.healthchecks.active.https_sni = Some("probe.test".into());
        upstream.healthchecks.active.https_verify_certificate = verify;
        upstream
    };
    let good = lab(named(true), secure.addr, Some(&authority));
    until("it is probed", || behind.seen().len() > 1).await;
    assert_eq!(condition(&good), Condition::Healthy);
    assert_eq!(secure.seen()[0].name.as_deref(), Some("probe.test"));
    assert!(behind.seen()[0].head.starts_with("GET /up HTTP/1.0\r\n"), "{:?}", behind.seen()[0]);
    drop(good);
    let other = Authority::new("other");
    let distrusting = lab(named(true), secure.addr, Some(&other));
    until("it is not trusted", || condition(&distrusting) == Condition::Unhealthy).await;
    drop(distrusting);
    let before = behind.seen().len();
    let careless = lab(named(false), secure.addr, Some(&other));
    until("it is probed without being trusted", || behind.seen().len() > before + 1).await;
    assert_eq!(condition(&careless), Condition::Healthy);
}

/// What gRPC's health service says: 1 for SERVING, 2 for not, 0 for that there is none.
async fn grpc_health(state: Arc<AtomicU8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let state = Arc::clone(&state);
            tokio::spawn(async move {
                let service = service_fn(move |request| said(request, state.load(Ordering::SeqCst)));
                let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    addr
}

async fn said(
    request: Request<Incoming>,
    state: u8,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
    assert_eq!(request.headers()["content-type"], "application/grpc");
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), &[0_u8; 5][..]);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(if state == 0 { "12" } else { "0" }));
    let mut frames = vec![Ok(Frame::trailers(trailers))];
    if state > 0 {
        frames.insert(0, Ok(Frame::data(Bytes::copy_from_slice(&[0, 0, 0, 0, 2, 8, state]))));
    }
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed();
    Ok(Response::builder().header("content-type", "application/grpc").body(body).unwrap())
}

#[tokio::test]
async fn grpcs_health_service_decides_where_there_is_one() {
    let state = Arc::new(AtomicU8::new(2));
    let addr = grpc_health(Arc::clone(&state)).await;
    let lab = lab(probed(CheckKind::Grpc), addr, None);
    until("it does not serve", || condition(&lab) == Condition::Unhealthy).await;
    state.store(1, Ordering::SeqCst);
    until("it serves", || condition(&lab) == Condition::Healthy).await;
    state.store(2, Ordering::SeqCst);
    until("it does not serve", || condition(&lab) == Condition::Unhealthy).await;
    state.store(0, Ordering::SeqCst);
    until("it has no such service", || condition(&lab) == Condition::Healthy).await;
}
