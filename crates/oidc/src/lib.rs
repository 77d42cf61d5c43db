#![doc = include_str!("../README.md")]

mod calls;
mod certificate;
mod client;
mod discovery;
mod fault;
mod flight;
#[doc(hidden)]
pub mod fuzzing;
mod hmac;
mod http;
mod introspection;
mod keys;
mod provider;
mod remote;
mod requirement;
mod tally;
mod token;
mod waits;

pub use crate::calls::{CALL_BOUNDS, CallCounts, CallFigures, Looked};
pub use crate::certificate::{
    Authorities, AuthorityFault, CertificateFault, CertificateVerifier, RevocationMode, RevocationSettings,
    Subject, Trusted,
};
pub use crate::client::{
    AuthMethod, ClientCredentials, ClientIdentity, ClientSettings, OwnKeys, OwnKeysFault,
};
pub use crate::discovery::Metadata;
pub use crate::fault::{Call, Cause, Fault, ProviderFault, TokenFault};
pub use crate::hmac::{HmacAlgorithm, SharedSecrets};
pub use crate::http::{Delivered, HttpClient, HttpSettings, Proxies, Proxy, SetupFault, TrustRoots};
pub use crate::introspection::{
    AnswerForm, CacheTimes, IntrospectionSettings, Introspector, MutualTls, RequestExtras, SharedAnswers,
};
pub use crate::provider::{AtHand, Provider, ProviderSettings, SettingsFault, Standing};
pub use crate::requirement::Requirement;
pub use crate::tally::{Tally, own_place};
pub use crate::token::{
    Shape, Source, TokenCache, TokenCacheFigures, TokenPolicy, TokenTypes, VerifiedToken, Verifier,
};
pub use crate::waits::{Wait, watched};
pub use reqwest::Url;
