//! Which issuers are accepted, and with whose keys.

use reqwest::Url;

use super::{Maker, Provider};
use crate::discovery::{Location, Metadata};
use crate::fault::{Cause, Fault, ProviderFault, TokenFault};
use crate::keys::KeyRing;
use crate::remote::Remote;

/// An issuer of `issuers_allowed` that is not the configured one.
pub(super) struct OtherIssuer {
    issuer: String,
    keys: OtherKeys,
}

enum OtherKeys {
    /// Its own extra sets.
    Extra(KeyRing),
    /// Those of its own metadata, if it has such.
    Discovered(Remote<Metadata>, KeyRing),
    /// It cannot have metadata: it is another name of the configured issuer.
    Primary,
}

impl OtherIssuer {
    pub(super) fn new(maker: &Maker, issuer: &str, extras: Vec<Url>, pseudo: bool) -> Self {
        let keys = match Location::of(issuer) {
            _ if !extras.is_empty() => {
                OtherKeys::Extra(KeyRing::new(extras.into_iter().map(|url| maker.keys_at(url)).collect()))
            }
            // Only an issuer identifier names an issuer in a token, never the URL of metadata.
            Some(location) if !pseudo && location.issuer() == issuer => {
                let metadata = maker.metadata(location, vec![]);
                OtherKeys::Discovered(metadata.clone(), KeyRing::new(vec![maker.keys_of(metadata)]))
            }
            _ => OtherKeys::Primary,
        };
        Self { issuer: issuer.to_owned(), keys }
    }
}

impl Provider {
    /// Whether tokens and introspection answers may name `issuer`: the issuer of the metadata or one of
    /// `issuers_allowed`, character by character.
    ///
    /// # Errors
    /// The provider's fault when `issuer` is not in the list and only the metadata can tell.
    pub async fn accepts_issuer(&self, issuer: &str) -> Result<bool, ProviderFault> {
        let listed = self.spellings.iter().any(|spelling| spelling == issuer) || self.other(issuer).is_some();
        Ok(listed || *self.issuer().await? == *issuer)
    }

    /// Whether `issuer` is the configured one, in a spelling that the configuration leaves open.
    pub(crate) async fn is_own_issuer(&self, issuer: &str) -> Result<bool, ProviderFault> {
        let spelled = self.spellings.iter().any(|spelling| spelling == issuer);
        Ok(spelled || *self.issuer().await? == *issuer)
    }

    /// Whether the configuration lists issuers.
    pub(crate) fn lists_issuers(&self) -> bool {
        !self.spellings.is_empty() || !self.others.is_empty()
    }

    /// The keys of the configured issuer.
    pub(crate) fn own_keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The keys that verify tokens of `issuer`.
    ///
    /// # Errors
    /// [`TokenFault::Issuer`] when it is not accepted; the provider's fault while that, or whose keys hold, cannot be
    /// told.
    pub(crate) async fn keys_for(&self, issuer: &str) -> Result<&KeyRing, Fault> {
        if self.spellings.iter().any(|spelling| spelling == issuer) {
            return Ok(&self.keys);
        }
        let Some(other) = self.other(issuer) else {
            let accepted = *self.issuer().await? == *issuer;
            return if accepted { Ok(&self.keys) } else { Err(TokenFault::Issuer.into()) };
        };
        match &other.keys {
            OtherKeys::Extra(keys) => Ok(keys),
            OtherKeys::Primary => Ok(&self.keys),
            OtherKeys::Discovered(metadata, keys) => match metadata.current().await {
                Ok(_) => Ok(keys),
                Err(fault) if has_no_metadata(&fault.cause) => Ok(&self.keys),
                Err(fault) => Err(fault.into()),
            },
        }
    }

    fn other(&self, issuer: &str) -> Option<&OtherIssuer> {
        self.others.iter().find(|other| other.issuer == issuer)
    }
}

/// Whether a fault shows that there is nobody at an issuer's URL who has metadata for it, as with a name that only
/// clients can reach.
fn has_no_metadata(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::Unreachable
            | Cause::IssuerMismatch
            | Cause::Endpoint(_)
            | Cause::Status { status: 404 | 405 | 410, .. }
    )
}
