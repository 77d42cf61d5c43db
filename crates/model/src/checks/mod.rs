//! Checks of single values that several entities share, each with Kong's texts.

mod address;
mod header;
mod host;
mod path;
mod text;

pub use address::ip_or_cidr;
pub use header::{header_name, header_value_regex};
pub use host::{host, route_host, sni};
pub use path::{normalize, route_path, service_path};
pub use text::{name, tag};
