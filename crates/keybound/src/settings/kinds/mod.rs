//! The types of settings: how each is written and read.

mod address;
mod bound;
mod choice;
mod dns;
mod header;
mod listen;
mod log;
mod number;
mod path;
mod pem;
mod plugins;
mod secret;
mod text;
mod tls;
mod tracing;

pub use address::{Networks, PortMaps};
pub use bound::{Buffers, Connections, Span};
pub use choice::{Database, ErrorType, LogLevel, RouterFlavor, Switch};
pub use dns::{DnsFamily, DnsOrder, DnsRecord, NameServers, RecordTtl};
pub use header::{HeaderTokens, RealIpHeader, Token, UpstreamHeaders};
pub use listen::{Listen, ListenSet};
pub use log::{AccessLog, ErrorLog, LogFormat, LogPlace};
pub use number::{Count, NodeId, Size, Workers};
pub use path::{Folder, OptionalPath, OptionalText};
pub use pem::{PemSource, PemSources, Trust, TrustSources};
pub use plugins::PluginNames;
pub use secret::FieldSecret;
pub use text::Text;
pub use tls::{CipherSuite, Ciphers, TlsVersion, TlsVersions};
pub use tracing::{Share, TracingInstrumentations};

use serde_json::Value;

/// A type of setting.
///
/// `Default` is what stands when nothing can be read; the table's own defaults are all readable, as a test shows.
pub trait Kind: Sized + Default {
    /// What values look like, for the reference.
    const SHAPE: &'static str;

    /// Reads a value that is not empty.
    ///
    /// # Errors
    /// A phrase that says what is wrong with the value.
    fn parse(text: &str) -> Result<Self, String>;

    /// Writes the value as it would stand in a file; secrets are masked.
    fn show(&self) -> String;

    /// The value as the Admin API shows it: numbers and switches as such, lists as lists, no value as null.
    fn json(&self) -> Value {
        Some(self.show()).filter(|text| !text.is_empty()).map_or(Value::Null, Value::from)
    }
}

/// A list as the Admin API shows it.
fn list(items: impl IntoIterator<Item = String>) -> Value {
    items.into_iter().map(Value::from).collect()
}

/// The parts of a list, which commas separate.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}
