//! Settings: Kong's syntax and names, from a file and from the environment.
//!
//! One table ([`Settings::TABLE`]) says which settings there are; reading them, `keybound check` and
//! `docs/reference/settings.md` all come from it. A setting's value is the first of these that names it:
//!
//! 1. an option of the command line (`--prefix`),
//! 2. the environment variable `KEYBOUND_NAME`,
//! 3. the environment variable `KONG_NAME`,
//! 4. a line `name = value` of the file given with `-c`, or of the first of [`SEARCHED`] that exists,
//! 5. the default.
//!
//! An unknown name, an ill-typed value, and a setting of Kong's that Keybound does not act on are faults that name
//! the place, the setting and the cause: nothing is ignored in silence.

mod fault;
mod file;
mod kinds;
mod kong_only;
mod load;
mod origin;
mod reference;
mod report;
mod table;

pub use fault::SettingsFault;
pub use kinds::{
    AccessLog, Buffers, CipherSuite, Ciphers, Connections, Count, Database, DnsFamily, DnsOrder, DnsRecord,
    ErrorLog, ErrorType, FieldSecret, Folder, HeaderTokens, Kind, Listen, ListenSet, LogFormat, LogLevel,
    LogPlace, NameServers, Networks, NodeId, OptionalPath, OptionalText, PemSource, PemSources, PluginNames,
    PortMaps, RealIpHeader, RecordTtl, RouterFlavor, Share, Size, Span, Switch, Text, TlsVersion,
    TlsVersions, Token, TracingInstrumentations, Trust, TrustSources, UpstreamHeaders, Workers,
};
pub use load::{ConfigFile, Inputs, SEARCHED};
pub use origin::Origin;
pub use reference::reference;
pub use report::report;
pub use table::{Row, Settings};
