#![doc = include_str!("../README.md")]

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
mod token;

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
pub use crate::http::{HttpClient, HttpSettings, Proxies, Proxy, SetupFault, TrustRoots};
pub use crate::introspection::{
    AnswerForm, CacheTimes, IntrospectionSettings, Introspector, MutualTls, RequestExtras, SharedAnswers,
};
pub use crate::provider::{AtHand, Provider, ProviderSettings, SettingsFault};
pub use crate::requirement::Requirement;
pub use crate::token::{Shape, Source, TokenCache, TokenPolicy, TokenTypes, VerifiedToken, Verifier};
pub use reqwest::Url;
