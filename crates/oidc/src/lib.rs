#![doc = include_str!("../README.md")]

mod certificate;
mod discovery;
mod fault;
mod flight;
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
pub use crate::discovery::Metadata;
pub use crate::fault::{Call, Cause, Fault, ProviderFault, TokenFault};
pub use crate::http::{HttpClient, HttpSettings, SetupFault, TrustRoots};
pub use crate::introspection::{
    AuthMethod, CacheTimes, ClientCredentials, IntrospectionSettings, Introspector, RequestExtras,
};
pub use crate::provider::{AtHand, Provider, ProviderSettings, SettingsFault};
pub use crate::requirement::Requirement;
pub use crate::token::{Shape, Source, TokenCache, TokenPolicy, TokenTypes, VerifiedToken, Verifier};
pub use reqwest::Url;
