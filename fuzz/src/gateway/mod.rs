//! What the gateway reads of a request before any plugin, and of a route.

pub mod expression;
pub mod framing;
pub mod path;
pub mod proxy_protocol;
pub mod request_head;
