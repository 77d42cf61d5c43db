//! The data plane over real sockets: what clients send, what upstreams see, what clients get.

mod errors;
mod fields;
mod framing;
mod lab;
mod lifecycle;
mod plugins;
mod retries;
mod streaming;
mod timeouts;
mod tls;
mod websocket;
