//! The access records of the Admin API and of the Status API.

use std::net::SocketAddr;
use std::time::Instant;

use axum::body::HttpBody as _;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{REFERER, USER_AGENT};
use http::{HeaderName, Method, Version};

use crate::logging;

/// What is known of a request before it is answered.
struct Asked {
    started: Instant,
    method: Method,
    path: String,
    protocol: &'static str,
    referer: Option<String>,
    user_agent: Option<String>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let field = |name: HeaderName| {
            request.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let without_query = |text: String| text.split(['?', '#']).next().unwrap_or_default().to_owned();
        Self {
            started: Instant::now(),
            method: request.method().clone(),
            path: keybound_admin::logged_path(request.uri().path()).into_owned(),
            protocol: if request.version() == Version::HTTP_2 { "HTTP/2.0" } else { "HTTP/1.1" },
            referer: field(REFERER).map(without_query),
            user_agent: field(USER_AGENT),
        }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

macro_rules! record {
    ($target:expr, $peer:ident, $request:ident, $next:ident) => {{
        if !tracing::enabled!(target: $target, tracing::Level::INFO) {
            return $next.run($request).await;
        }
        let asked = Asked::of(&$request);
        let response = $next.run($request).await;
        tracing::info!(
            target: $target,
            method = %asked.method,
            path = asked.path,
            status = response.status().as_u16(),
            bytes = response.body().size_hint().exact(),
            latency = asked.millis(),
            peer = %$peer.ip(),
            protocol = asked.protocol,
            referer = asked.referer,
            user_agent = asked.user_agent,
        );
        response
    }};
}

/// Writes one record for each request of the Admin API.
pub(super) async fn admin(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    record!(logging::ADMIN_ACCESS, peer, request, next)
}

/// Writes one record for each request of the Status API.
pub(super) async fn status(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    record!(logging::STATUS_ACCESS, peer, request, next)
}
