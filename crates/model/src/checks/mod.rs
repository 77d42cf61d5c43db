//! Checks of single values that several entities share, each with Kong's texts.

mod address;
mod header;
mod host;
mod path;
mod text;

pub use address::ip_or_cidr;
pub use header::{cookie_name, header_name, header_value_regex, plain_header_name};
pub use host::{host, host_and_port, host_with_optional_port, route_host, sni, upstream_name};
pub use path::{normalize, route_path, service_path};
pub use text::{name, tag};
