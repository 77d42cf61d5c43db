use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode};

use super::{
    Answer, BodySource, Directory, Head, Listening, LogEntry, Notes, PublishesResource, Refusal, Scope, Trace,
};

/// What a plugin decided on a request.
#[derive(Debug)]
pub enum Flow {
    /// The next plugin decides; after the last one the request is permitted.
    Continue,
    /// The request ends here: something is wrong with it.
    Refuse(Box<Refusal>),
    /// The request ends here: this is its answer.
    Answer(Box<Answer>),
}

/// The future of a plugin's decision.
pub type Decision<'a> = Pin<Box<dyn Future<Output = Flow> + Send + 'a>>;

/// One request on its way through the chain.
pub struct Exchange<'a> {
    /// The request as it will be forwarded.
    pub head: &'a mut Head,
    /// Its body, read only when a plugin asks.
    pub body: &'a mut dyn BodySource,
    /// What will be said about it.
    pub notes: &'a mut Notes,
    /// The service and the route it matched.
    pub scope: &'a Scope,
    /// Everybody who may call.
    pub directory: &'a Directory,
}

/// A response on its way to the client, whoever wrote it.
pub struct ResponseHead<'a> {
    /// The status.
    pub status: StatusCode,
    /// The fields.
    pub headers: &'a mut HeaderMap,
    /// Whether the upstream wrote it, or Keybound.
    pub from_upstream: bool,
    /// What was noted about the request, and will be said about it.
    pub notes: &'a mut Notes,
}

/// A configured plugin instance.
pub trait Plugin: Send + Sync {
    /// The plugin's name, as in the configuration.
    fn name(&self) -> &'static str;

    /// The place in the order: higher runs first; on a tie, the name that sorts last.
    fn priority(&self) -> i32;

    /// Decides on a request.
    fn access<'a>(&'a self, exchange: Exchange<'a>) -> Decision<'a>;

    /// Edits the head of the response, an upstream's or Keybound's own.
    fn response(&self, _response: &mut ResponseHead<'_>) {}

    /// Whether it may ever ask for a response's body. Only then is it asked for each response.
    fn edits_bodies(&self) -> bool {
        false
    }

    /// Asks for the whole body of this response, when it is at most so many bytes long. A longer one is never sent on:
    /// what a plugin is there to take out of a body must not go out because the body is long.
    fn wants_body(&self, _response: &ResponseHead<'_>) -> Option<usize> {
        None
    }

    /// Edits the body that it asked for; `Content-Length` is set by the gateway.
    fn body(&self, _response: &mut ResponseHead<'_>, body: Bytes) -> Bytes {
        body
    }

    /// Names of fields and parameters in which it takes credentials, beside those that everybody knows. Asked when a chain
    /// is made; their values are never shown to plugins that log.
    fn credential_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the handshake must ask clients for a certificate. Asked when a chain is made.
    fn asks_for_certificate(&self) -> bool {
        false
    }

    /// Names of request fields that it sets for the upstream. Asked when a chain is made; a client's trailers never have
    /// them. Those in the head it removes itself.
    fn reserved_fields(&self) -> Vec<HeaderName> {
        Vec::new()
    }

    /// Itself, where it publishes metadata of the protected resource.
    fn publishes(&self) -> Option<&dyn PublishesResource> {
        None
    }

    /// Whether it traces requests. Asked when a chain is made.
    fn traces(&self) -> bool {
        false
    }

    /// Begins the trace of a request, which came in at `started`. Asked only where it traces, before any plugin decides.
    fn trace(&self, _head: &Head, _started: Instant) -> Option<Box<Trace>> {
        None
    }

    /// What it wants to hear when a request is over.
    fn listens(&self) -> Listening {
        Listening::Nothing
    }

    /// Hears of a request that is over: its response is out, or its client is gone. It runs on the thread that serves
    /// requests and must not wait.
    fn log(&self, _entry: &LogEntry) {}
}
