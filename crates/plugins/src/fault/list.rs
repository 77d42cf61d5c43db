//! Every row of the table, for the reference documentation and for the tests that compare the two.

use keybound_oidc::{Call, Cause, CertificateFault, ProviderFault, TokenFault};
use keybound_pop::binding::BindingFault;
use keybound_pop::certificate::HeaderFault;
use keybound_pop::confirmation::ConfirmationFault;
use keybound_pop::jws::JwsFault;
use keybound_pop::proof::ProofFault;

use super::{
    AccessFault, AuthorizationFault, CredentialFault, Fault, IdentityFault, OverloadFault, ReplayStoreFault,
    RequestFault, RouteFault, Row, SessionFault, StepUpFault, TrafficFault, UpstreamFault,
};

/// A row and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The row.
    pub row: Row,
    /// One sentence without values; of a code that several causes share, each cause's.
    pub meaning: String,
}

/// Every row of the table, by code, each code once.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> =
        faults().map(|fault| Entry { row: fault.row(), meaning: meaning(&fault) }).collect();
    entries.sort_by_key(|entry| entry.row.code);
    entries.dedup_by(|other, first| {
        let same = other.row.code == first.row.code;
        if same && !first.meaning.split("; ").any(|meaning| meaning == other.meaning) {
            first.meaning.push_str("; ");
            first.meaning.push_str(&other.meaning);
        }
        same
    });
    entries
}

fn meaning(fault: &Fault) -> String {
    match fault {
        Fault::Access(AccessFault::Provider(fault)) => fault.description().to_owned(),
        Fault::Access(fault) => fault.description(),
        other => other.to_string(),
    }
}

fn faults() -> impl Iterator<Item = Fault> {
    let requests = RequestFault::ALL.into_iter().map(Fault::Request);
    let routes = RouteFault::ALL.into_iter().map(Fault::Route);
    let upstreams = UpstreamFault::ALL.into_iter().map(Fault::Upstream);
    let identities = IdentityFault::ALL.into_iter().map(Fault::Identity);
    let traffic = TrafficFault::ALL.into_iter().map(Fault::Traffic);
    let overload = OverloadFault::ALL.into_iter().map(Fault::Overload);
    let ours = identities.chain(traffic).chain(overload);
    requests.chain(routes).chain(upstreams).chain(access().map(Fault::Access)).chain(ours)
}

fn access() -> impl Iterator<Item = AccessFault> {
    let other = [AccessFault::Domain, AccessFault::IntrospectionRate { retry_after: 1 }];
    CredentialFault::ALL
        .into_iter()
        .map(AccessFault::Credential)
        .chain(tokens().into_iter().map(AccessFault::Token))
        .chain(BindingFault::ALL.into_iter().map(AccessFault::Binding))
        .chain(HeaderFault::ALL.into_iter().map(AccessFault::CertificateHeader))
        .chain(CertificateFault::ALL.into_iter().map(AccessFault::Certificate))
        .chain(ProofFault::all().into_iter().map(AccessFault::Proof))
        .chain(ReplayStoreFault::ALL.into_iter().map(AccessFault::ReplayStore))
        .chain(StepUpFault::ALL.into_iter().map(AccessFault::StepUp))
        .chain(AuthorizationFault::ALL.into_iter().map(AccessFault::Authorization))
        .chain(SessionFault::ALL.into_iter().map(AccessFault::Session))
        .chain(providers().into_iter().map(AccessFault::Provider))
        .chain(other)
}

fn tokens() -> Vec<TokenFault> {
    let mut faults = vec![
        TokenFault::Malformed(JwsFault::TooLong),
        TokenFault::Encrypted,
        TokenFault::Algorithm,
        TokenFault::Type,
        TokenFault::Kind,
        TokenFault::ClaimMissing(""),
        TokenFault::ClaimType(""),
        TokenFault::Issuer,
        TokenFault::Expired,
        TokenFault::NotYetValid,
        TokenFault::IssuedInFuture,
        TokenFault::Audience,
        TokenFault::UnknownKey,
        TokenFault::Signature,
        TokenFault::Inactive,
        TokenFault::NotIntrospectable,
    ];
    faults.extend(ConfirmationFault::ALL.map(TokenFault::Confirmation));
    faults
}

fn providers() -> Vec<ProviderFault> {
    let causes = [
        Cause::Unreachable,
        Cause::Tls,
        Cause::Timeout,
        Cause::BrokenAnswer,
        Cause::TooLarge,
        Cause::Redirect,
        Cause::RateLimited { retry_after: None },
        Cause::Credentials,
        Cause::Status { status: 500, retry_after: None },
        Cause::Malformed(""),
        Cause::IssuerMismatch,
        Cause::Endpoint(""),
        Cause::Parameters(""),
        Cause::ClientKeys,
        Cause::Busy,
        Cause::Interrupted,
    ];
    causes.into_iter().map(|cause| ProviderFault { call: Call::Keys, cause }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_stable_in_form_and_has_a_meaning() {
        for Entry { row, meaning } in entries() {
            assert!(
                row.code.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'0'..=b'9')),
                "{}",
                row.code
            );
            assert!(!meaning.is_empty(), "{}", row.code);
        }
    }

    #[test]
    fn faults_of_others_than_the_client_have_no_oauth_error() {
        for Entry { row, .. } in entries() {
            if row.status.is_server_error() {
                assert_eq!(row.error, None, "{}", row.code);
            }
        }
    }

    #[test]
    fn descriptions_fit_into_a_challenge() {
        for fault in access() {
            let text = fault.description();
            let fits = text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e));
            assert!(fits, "{text}");
        }
    }
}
