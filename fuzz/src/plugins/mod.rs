//! Credentials in fields, queries, cookies and bodies.

pub mod authorization;
pub mod basic_auth;
pub mod form_body;
pub mod hmac_auth;
pub mod session_cookie;
pub mod trace_context;
