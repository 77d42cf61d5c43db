//! Which refusals `anonymous` replaces.

use keybound_oidc::TokenFault;

use crate::fault::{AccessFault, CredentialFault, SessionFault};

/// Whether a caller that is refused with this fault may go on as the anonymous consumer instead: it has shown no token, or one
/// that is not good.
///
/// Not so for anything that has to do with a key. A token that is bound and came without its key may be a stolen one, and a
/// client that can prove its key has to hear what is wrong with the proof or which nonce to use. Not so either for callers
/// who are known and may not do this (403), for credentials that can be read in two ways (400), for quotas (429), and while
/// the provider or Keybound itself is at fault (503): nobody knows then whether the token is good.
pub(super) fn may_replace(fault: &AccessFault) -> bool {
    match fault {
        AccessFault::Credential(CredentialFault::Missing | CredentialFault::TooLong)
        | AccessFault::Domain => true,
        // What the token is bound to cannot be read, but it is bound.
        AccessFault::Token(TokenFault::Confirmation(_)) => false,
        AccessFault::Token(_) => true,
        // A session that is no more is like a token that is good no more.
        AccessFault::Session(
            SessionFault::Unknown | SessionFault::Expired | SessionFault::Terms | SessionFault::Companion,
        ) => true,
        AccessFault::Credential(_)
        | AccessFault::Session(_)
        | AccessFault::Certificate(_)
        | AccessFault::CertificateHeader(_)
        | AccessFault::Binding(_)
        | AccessFault::Proof(_)
        | AccessFault::ReplayStore(_)
        | AccessFault::StepUp(_)
        | AccessFault::Authorization(_)
        | AccessFault::Provider(_)
        | AccessFault::IntrospectionRate { .. } => false,
    }
}
