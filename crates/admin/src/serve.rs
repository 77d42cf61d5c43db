//! The router and the server: from bytes to a call, and back.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::serve::ListenerExt;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW,
};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use tokio::net::TcpListener;

use crate::answer::{Answer, Frame};
use crate::body::{self, Body};
use crate::dispatch::{Call, Verb, dispatch};
use crate::endpoints::{self, Endpoint, Surface};
use crate::failure::Failure;
use crate::guard;
use crate::node::Draining;
use crate::query::Arguments;
use crate::state::AdminState;

/// The Admin API as a router; it answers every path.
pub fn router(state: AdminState) -> Router {
    on(Surface::Admin, state)
}

/// The Status API as a router: `/status`, `/status/ready`, `/metrics`, `/debug/memory` and `/debug/tasks`, for whoever watches over the node. It asks for no
/// token and serves every host name.
pub fn status_router(state: AdminState) -> Router {
    on(Surface::Status, state)
}

fn on(surface: Surface, state: AdminState) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(Api {
        surface,
        state,
        draining: Draining::new(false),
    }))
}

/// One of the two APIs, with what it works with.
struct Api {
    surface: Surface,
    state: AdminState,
    draining: Draining,
}

impl Api {
    /// Who may ask for this at all. Probes and scrapers come by many names, and read only.
    fn admit(&self, parts: &Parts) -> Result<(), Failure> {
        if self.surface == Surface::Status {
            return if guard::writes(&parts.method) { self.guard(parts) } else { Ok(()) };
        }
        self.guard(parts)?;
        guard::authenticate(parts, self.state.admin_token.as_ref())
    }

    fn guard(&self, parts: &Parts) -> Result<(), Failure> {
        guard::check(parts, &self.state.node.hostname)
    }
}

/// Serves a router until `shutdown` is done; requests under way are finished.
///
/// # Errors
/// What the listener reports.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Without it answers may wait for an acknowledgement; when it fails they are slower, and as good.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let product = format!("keybound/{}", api.state.node.keybound_version);
    let mut frame = Frame {
        started,
        product: HeaderValue::try_from(product).unwrap_or(HeaderValue::from_static("keybound")),
        readers: guard::readers(&parts, api.state.admin_token.is_some()),
        head: parts.method == Method::HEAD,
    };
    let answer = match api.admit(&parts) {
        Ok(()) => read_and_do(api, &parts, body).await.unwrap_or_else(Failure::answer),
        Err(failure @ Failure::Unauthorized) => failure.answer(),
        Err(failure) => {
            // The page that is refused shall not read why.
            frame.readers = None;
            failure.answer()
        }
    };
    tracing::debug!(
        method = %parts.method,
        path = &*crate::secret::logged_path(parts.uri.path()),
        status = answer.status.as_u16(),
        "admin request"
    );
    frame.close(answer)
}

async fn read_and_do(api: Arc<Api>, parts: &Parts, body: axum::body::Body) -> Result<Answer, Failure> {
    let found =
        endpoints::find(api.surface, api.state.router_flavor, parts.uri.path()).ok_or(Failure::NotFound)?;
    let methods = found.endpoint.methods();
    if parts.method == Method::OPTIONS {
        return Ok(options(parts, methods));
    }
    let verb = verb(&parts.method).filter(|_| methods.contains(&parts.method.as_str()));
    let Some(verb) = verb else {
        return Ok(Failure::MethodNotAllowed.answer().with(ALLOW, listed(methods)));
    };
    let arguments = Arguments::parse(parts.uri.query())?;
    let body = match verb {
        Verb::Get | Verb::Delete => Body::Empty,
        Verb::Post | Verb::Put | Verb::Patch => {
            body::read(&parts.headers, body, matches!(found.endpoint, Endpoint::Config)).await?
        }
    };
    let call = Call { verb, found, arguments, body };
    if verb == Verb::Get {
        return dispatch(&api.state, &api.draining, &call).await;
    }
    // A client that goes away must not leave a write that is stored and does not serve.
    let work = tokio::spawn(async move { dispatch(&api.state, &api.draining, &call).await });
    work.await.unwrap_or_else(|error| Err(Failure::Unexpected(error.to_string())))
}

fn verb(method: &Method) -> Option<Verb> {
    match *method {
        Method::GET | Method::HEAD => Some(Verb::Get),
        Method::POST => Some(Verb::Post),
        Method::PUT => Some(Verb::Put),
        Method::PATCH => Some(Verb::Patch),
        Method::DELETE => Some(Verb::Delete),
        _ => None,
    }
}

fn options(parts: &Parts, methods: &[&str]) -> Answer {
    let requested = parts.headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    Answer::empty(StatusCode::NO_CONTENT)
        .with(ALLOW, listed(methods))
        .with(ACCESS_CONTROL_ALLOW_METHODS, listed(methods))
        .with(ACCESS_CONTROL_ALLOW_HEADERS, requested.unwrap_or(HeaderValue::from_static("Content-Type")))
}

fn listed(methods: &[&str]) -> HeaderValue {
    HeaderValue::try_from(methods.join(", ")).unwrap_or(HeaderValue::from_static("GET"))
}
