use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use keybound_model::entity::CheckKind;

use super::rounds::{Round, Rounds};
use crate::balance::{Balancer, Looker, Peer, Probing, Sight};
use crate::listen::Local;
use crate::upstream::connect::{dial, is_ours};
use crate::upstream::pool::PoolKey;
use crate::upstream::timed_io::{TimedIo, WriteTimeout};

/// The most bytes of a head that a probe reads.
const MAX_HEAD: usize = 16 * 1024;
/// The most bytes of an answer of gRPC's health service.
const MAX_MESSAGE: usize = 1024;
/// A message of gRPC without fields: the whole server is asked about.
const EMPTY_MESSAGE: &str = "\0\0\0\0\0";
/// gRPC's code for what a server does not have.
const UNIMPLEMENTED: &str = "12";

/// Probes the targets of one upstream in their time, for as long as it is there.
pub(super) async fn keep(balancer: Weak<Balancer>) {
    let started = Instant::now();
    let Some(mut rounds) = balancer.upgrade().and_then(|balancer| {
        let probing = balancer.probing()?;
        Some(Rounds::new(probing.healthy_every, probing.unhealthy_every))
    }) else {
        return;
    };
    loop {
        let round = rounds.due(started.elapsed());
        match balancer.upgrade() {
            Some(balancer) => go_round(&balancer, &round).await,
            None => return,
        }
        let Some(next) = rounds.next() else { return };
        tokio::time::sleep(next.saturating_sub(started.elapsed())).await;
    }
}

async fn go_round(balancer: &Balancer, round: &Round) {
    let Some(probing) = balancer.probing() else { return };
    let mut peers = Vec::new();
    if round.healthy {
        peers.extend(balancer.peers_that_are(true));
    }
    if round.unhealthy {
        peers.extend(balancer.peers_that_are(false));
    }
    stream::iter(peers)
        .for_each_concurrent(probing.concurrency, |peer| async move {
            if let Some(sight) = look(probing, &peer).await {
                balancer.note(&peer, Looker::Probe, sight);
            }
        })
        .await;
}

/// One probe; `None` for an answer that says nothing.
async fn look(probing: &Probing, peer: &Peer) -> Option<Sight> {
    let looked = tokio::time::timeout(probing.timeout, speak(probing, peer)).await;
    let sight = match looked {
        Ok(Ok(sight)) => sight,
        Ok(Err(error)) if is_ours(&error) => None,
        Ok(Err(error)) if error.kind() != io::ErrorKind::TimedOut => {
            tracing::debug!(address = %peer.address, %error, "a probe failed");
            Some(Sight::TcpFailure)
        }
        Ok(Err(_)) | Err(_) => Some(Sight::Timeout),
    };
    tracing::trace!(address = %peer.address, ?sight, "a probe");
    sight
}

async fn speak(probing: &Probing, peer: &Peer) -> io::Result<Option<Sight>> {
    let name = || probing.sni.as_ref().unwrap_or(&peer.endpoint.name);
    let tls = probing.tls.as_ref().map(|identity| (Arc::clone(name()), Arc::clone(identity)));
    let http2 = matches!(probing.kind, CheckKind::Grpc | CheckKind::Grpcs);
    let stream = dial(&PoolKey { address: peer.address, tls, http2 }).await?;
    let write_timeout = WriteTimeout::default();
    write_timeout.set(probing.timeout);
    let io = TokioIo::new(TimedIo::new(stream, write_timeout));
    match probing.kind {
        CheckKind::Tcp => Ok(Some(Sight::Success)),
        CheckKind::Http | CheckKind::Https => {
            let (mut sender, connection) =
                http1::Builder::new().max_buf_size(MAX_HEAD).handshake(io).await.map_err(io::Error::other)?;
            let request = request(probing, peer)?;
            let asking = async { sender.send_request(request).await.map_err(io::Error::other) };
            let answer = while_it_runs(connection, asking).await?;
            Ok(probing.sight(answer.status().as_u16()))
        }
        CheckKind::Grpc | CheckKind::Grpcs => {
            let (mut sender, connection) = http2::Builder::new(Local)
                .timer(TokioTimer::new())
                .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
                .handshake(io)
                .await
                .map_err(io::Error::other)?;
            let request = health_request(probing, peer)?;
            let asking = async {
                let answer = sender.send_request(request).await.map_err(io::Error::other)?;
                judged(probing, answer).await
            };
            while_it_runs(connection, asking).await
        }
    }
}

/// What is asked, while the connection is driven; with its end the connection ends.
async fn while_it_runs<T>(
    connection: impl Future<Output = hyper::Result<()>>,
    asking: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        asked = &mut asking => asked,
        // The answer may have come with the end of the connection; else it says how that ended.
        _ = connection => asking.await,
    }
}

/// `GET`, as HTTP/1.0: servers close after their answer.
fn request(probing: &Probing, peer: &Peer) -> io::Result<Request<String>> {
    let mut headers = probing.headers.clone();
    let host = || peer.endpoint.host_field(probing.tls.is_some()).clone();
    headers.entry(header::HOST).or_insert_with(host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    let mut request = Request::new(String::new());
    *request.version_mut() = Version::HTTP_10;
    *request.uri_mut() = Uri::from(probing.path.clone());
    *request.headers_mut() = headers;
    Ok(request)
}

/// `grpc.health.v1.Health/Check` for the whole server.
fn health_request(probing: &Probing, peer: &Peer) -> io::Result<Request<String>> {
    let tls = probing.tls.is_some();
    let mut headers = probing.headers.clone();
    let host = headers.remove(header::HOST).unwrap_or_else(|| peer.endpoint.host_field(tls).clone());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    let uri = Uri::builder()
        .scheme(if tls { "https" } else { "http" })
        .authority(host.as_bytes())
        .path_and_query("/grpc.health.v1.Health/Check")
        .build()
        .map_err(io::Error::other)?;
    let mut request = Request::new(EMPTY_MESSAGE.to_owned());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

async fn judged(probing: &Probing, answer: Response<Incoming>) -> io::Result<Option<Sight>> {
    let (head, mut body) = answer.into_parts();
    if head.status != StatusCode::OK {
        return Ok(probing.sight(head.status.as_u16()));
    }
    let mut message = Vec::new();
    let mut trailers = HeaderMap::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(io::Error::other)?;
        if let Some(data) = frame.data_ref() {
            message.extend_from_slice(data);
            if message.len() > MAX_MESSAGE {
                return Ok(Some(Sight::HttpFailure));
            }
        } else if let Ok(told) = frame.into_trailers() {
            trailers = told;
        }
    }
    let code = trailers.get("grpc-status").or_else(|| head.headers.get("grpc-status"));
    Ok(Some(health_of(code.and_then(|code| code.to_str().ok()), &message)))
}

/// What gRPC's health service says. A server without one answered, which is all that it can show.
fn health_of(code: Option<&str>, message: &[u8]) -> Sight {
    match (code, message) {
        (Some(UNIMPLEMENTED), _) => Sight::Success,
        // Field 1, the state, is SERVING.
        (Some("0"), [0, 0, 0, 0, 2, 0x08, 1]) => Sight::Success,
        _ => Sight::HttpFailure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_healthy_when_it_serves_or_has_no_health_service() {
        assert_eq!(health_of(Some("0"), &[0, 0, 0, 0, 2, 8, 1]), Sight::Success);
        assert_eq!(health_of(Some("12"), &[]), Sight::Success);
        assert_eq!(health_of(Some("0"), &[0, 0, 0, 0, 2, 8, 2]), Sight::HttpFailure, "NOT_SERVING");
        assert_eq!(health_of(Some("0"), &[]), Sight::HttpFailure);
        assert_eq!(health_of(Some("14"), &[]), Sight::HttpFailure);
        assert_eq!(health_of(None, &[0, 0, 0, 0, 2, 8, 1]), Sight::HttpFailure);
    }
}
