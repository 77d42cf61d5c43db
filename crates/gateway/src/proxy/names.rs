//! Names and values of the fields that the gateway writes, made at compile time.

use http::{HeaderName, HeaderValue};

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(crate) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(crate) const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
pub(crate) const X_FORWARDED_PATH: HeaderName = HeaderName::from_static("x-forwarded-path");
pub(crate) const X_FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
pub(crate) const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
pub(crate) const X_KONG_REQUEST_ID: HeaderName = HeaderName::from_static("x-kong-request-id");
pub(crate) const X_KONG_UPSTREAM_LATENCY: HeaderName = HeaderName::from_static("x-kong-upstream-latency");
pub(crate) const X_KONG_UPSTREAM_STATUS: HeaderName = HeaderName::from_static("x-kong-upstream-status");
pub(crate) const X_KONG_PROXY_LATENCY: HeaderName = HeaderName::from_static("x-kong-proxy-latency");
pub(crate) const X_KONG_RESPONSE_LATENCY: HeaderName = HeaderName::from_static("x-kong-response-latency");
pub(crate) const KONG_DEBUG: HeaderName = HeaderName::from_static("kong-debug");
pub(crate) const KEYBOUND_DEBUG: HeaderName = HeaderName::from_static("keybound-debug");
pub(crate) const KEYBOUND_FAULT: HeaderName = HeaderName::from_static("keybound-fault");
pub(crate) const KONG_ROUTE_ID: HeaderName = HeaderName::from_static("kong-route-id");
pub(crate) const KONG_ROUTE_NAME: HeaderName = HeaderName::from_static("kong-route-name");
pub(crate) const KONG_SERVICE_ID: HeaderName = HeaderName::from_static("kong-service-id");
pub(crate) const KONG_SERVICE_NAME: HeaderName = HeaderName::from_static("kong-service-name");
pub(crate) const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
pub(crate) const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// `Server` and the name in `Via`.
pub(crate) const PRODUCT: &str = concat!("keybound/", env!("CARGO_PKG_VERSION"));
pub(crate) const SERVER: HeaderValue = HeaderValue::from_static(PRODUCT);
pub(crate) const VIA_1_0: &str = concat!("1.0 keybound/", env!("CARGO_PKG_VERSION"));
pub(crate) const VIA_1_1: &str = concat!("1.1 keybound/", env!("CARGO_PKG_VERSION"));
pub(crate) const VIA_2: &str = concat!("2 keybound/", env!("CARGO_PKG_VERSION"));
