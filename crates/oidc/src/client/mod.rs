//! Who the gateway is to a provider, and how it shows it: client authentication (OpenID Connect Core 1.0 §9, RFC 8705,
//! RFC 7523), for introspection and whatever else a client asks for.
//!
//! | step | file |
//! |---|---|
//! | which method: configured, or of what the metadata list the best that the client can do | [`choice`] |
//! | a secret in a header or a form | [`secret`] |
//! | an assertion, signed with a key or with the secret | [`assertion`] |
//! | a certificate in the handshake | [`certificate`] |
//! | keys of the gateway's own, where none is configured | [`own_keys`] |

mod assertion;
mod certificate;
mod choice;
mod credentials;
mod method;
mod own_keys;
mod secret;

pub use certificate::ClientIdentity;
pub use credentials::{ClientCredentials, ClientSettings};
pub use method::AuthMethod;
pub use own_keys::{OwnKeys, OwnKeysFault};

pub(crate) use choice::Offered;
pub(crate) use credentials::Authentication;
