//! One configured provider: its metadata, its keys, and those of the other issuers that it may stand for.

mod issuers;
mod settings;

use std::sync::Arc;

use futures_util::FutureExt;
use keybound_pop::time::{Clock, UnixTime};
use reqwest::Url;
use serde_json::{Map, Value};

pub use settings::{ProviderSettings, SettingsFault};

use crate::discovery::{self, Location, Metadata, endpoint};
use crate::fault::{Call, Cause, ProviderFault};
use crate::http::HttpClient;
use crate::keys::{self, KeyRing, KeySet, Ownership};
use crate::remote::{Demand, Pace, Remote};
use issuers::OtherIssuer;

/// A provider. Fetches nothing until it is used, recovers by itself from a provider that is down at the start, and
/// keeps what it has when the provider fails later.
///
/// Tokens are accepted from the issuer that the metadata name and from `issuers_allowed`. Which keys verify them:
/// - the configured issuer's tokens: the key set of its metadata (or `jwks_endpoint`), then its extra sets;
/// - another allowed issuer's: the extra sets that are its own (those below its URL; with one other issuer, also those
///   that lie elsewhere), and no others;
/// - another allowed issuer without extra sets: the key set that its own metadata name, and no other. Where nothing
///   answers at its URL with metadata of its own, it is another name of the configured provider, whose keys hold.
///   While it answers with failures the fault is the provider's.
pub struct Provider {
    pub(crate) http: HttpClient,
    pub(crate) clock: Arc<dyn Clock>,
    configured: Arc<str>,
    /// The configuration leaves open whether the issuer ends in a slash: the metadata say.
    slash_unknown: bool,
    /// Values of `issuers_allowed` that differ from the configured issuer by a slash that the configuration left open.
    spellings: Vec<String>,
    metadata: Option<Remote<Metadata>>,
    introspection: Option<Url>,
    jwks: Option<Url>,
    keys: KeyRing,
    others: Vec<OtherIssuer>,
}

impl Provider {
    /// Checks the settings and prepares the provider; calls nobody.
    ///
    /// # Errors
    /// [`SettingsFault::Url`] for the first field that holds no usable URL.
    pub fn new(
        settings: &ProviderSettings,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, SettingsFault> {
        let maker = Maker {
            http: http.clone(),
            clock: Arc::clone(&clock),
            pace: Pace { lifetime: settings.cache_ttl, rediscovery: settings.rediscovery_lifetime },
        };
        let location = Location::of(&settings.issuer);
        let url = |field, text: &String| endpoint(text).ok_or(SettingsFault::Url(field));
        let jwks_endpoint =
            settings.jwks_endpoint.as_ref().map(|text| url("jwks_endpoint", text)).transpose()?;
        let introspection = settings.introspection_endpoint.as_ref();
        let introspection = introspection.map(|text| url("introspection_endpoint", text)).transpose()?;
        let extras = settings.extra_jwks_uris.iter().map(|text| url("extra_jwks_uris", text));
        let extras = extras.collect::<Result<Vec<_>, _>>()?;

        let metadata = match &location {
            _ if settings.using_pseudo_issuer => None,
            None => return Err(SettingsFault::Url("issuer")),
            Some(location) => Some(maker.metadata(location.clone(), settings.discovery_headers.clone())),
        };
        let configured = location.as_ref().map_or(settings.issuer.as_str(), Location::issuer);
        let is_spelling = |issuer: &str| {
            issuer == configured || location.as_ref().is_some_and(|location| location.expects(issuer))
        };
        let (spellings, others): (Vec<&str>, Vec<&str>) =
            settings.issuers_allowed.iter().map(String::as_str).partition(|issuer| is_spelling(issuer));

        let keyed = metadata.is_some() || jwks_endpoint.is_some();
        let owners = Ownership::assign(configured, keyed, &others, &extras);
        for uri in &owners.ownerless {
            tracing::warn!(%uri, "extra_jwks_uris: no allowed issuer can be told to own this key set; it is not used");
        }
        let jwks = jwks_endpoint.clone();
        let mut sets = Vec::new();
        match (jwks_endpoint, &metadata) {
            (Some(url), _) => sets.push(maker.keys_at(url)),
            (None, Some(metadata)) => sets.push(maker.keys_of(metadata.clone())),
            (None, None) => {}
        }
        sets.extend(owners.primary.into_iter().map(|url| maker.keys_at(url)));
        let others = others
            .into_iter()
            .zip(owners.others)
            .map(|(issuer, extras)| OtherIssuer::new(&maker, issuer, extras, settings.using_pseudo_issuer))
            .collect();
        Ok(Arc::new(Self {
            configured: configured.into(),
            slash_unknown: metadata.is_some() && location.as_ref().is_some_and(Location::slash_unknown),
            spellings: spellings.into_iter().map(str::to_owned).collect(),
            metadata,
            introspection,
            jwks,
            keys: KeyRing::new(sets),
            others,
            http,
            clock,
        }))
    }

    /// What is known of the provider without asking it; `None` while its metadata are not in memory.
    #[must_use]
    pub fn at_hand(&self) -> Option<AtHand> {
        let remote = self.metadata.as_ref()?;
        let (metadata, since) = (remote.held()?, remote.since()?);
        Some(AtHand { issuer: Arc::clone(&self.configured), metadata, since, keys: self.keys.at_hand() })
    }

    /// How it stands with what is kept of the provider.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let metadata = self.metadata.as_ref();
        Standing {
            issuer: Arc::clone(&self.configured),
            metadata_since: metadata.and_then(Remote::since),
            keys_since: self.keys.since(),
            keys: self.keys.at_hand().len(),
            is_failing: metadata.is_some_and(Remote::is_failing) || self.keys.is_failing(),
        }
    }

    /// Lets go of metadata and keys: the next token that needs them waits for new ones.
    pub fn forget(&self) {
        if let Some(metadata) = &self.metadata {
            metadata.forget();
        }
        self.keys.forget();
    }

    /// The metadata; `None` for a pseudo issuer.
    ///
    /// # Errors
    /// The provider's fault while there are none at all.
    pub async fn metadata(&self) -> Result<Option<Arc<Metadata>>, ProviderFault> {
        match &self.metadata {
            None => Ok(None),
            Some(remote) => remote.current().await.map(|reading| Some(reading.value)),
        }
    }

    /// The issuer that the provider's tokens name. Known from the configuration, unless that gives the URL of the
    /// metadata.
    ///
    /// # Errors
    /// The provider's fault while the metadata are needed for it and cannot be had.
    pub async fn issuer(&self) -> Result<Arc<str>, ProviderFault> {
        if !self.slash_unknown {
            return Ok(Arc::clone(&self.configured));
        }
        let metadata = self.metadata().await?;
        Ok(metadata.map_or_else(|| Arc::clone(&self.configured), |metadata| Arc::clone(&metadata.issuer)))
    }

    /// The issuer as far as it is known without asking: where the configuration gives the URL of the metadata, the slash at its
    /// end is only known once those are here.
    #[must_use]
    pub fn issuer_at_hand(&self) -> Arc<str> {
        let held = self.metadata.as_ref().filter(|_| self.slash_unknown).and_then(Remote::held);
        held.map_or_else(|| Arc::clone(&self.configured), |metadata| Arc::clone(&metadata.issuer))
    }

    /// Where tokens are introspected: `introspection_endpoint`, else what the metadata name.
    ///
    /// # Errors
    /// The provider's fault while there are no metadata, and [`Cause::Endpoint`] when they name no usable endpoint.
    pub async fn introspection_endpoint(&self) -> Result<Url, ProviderFault> {
        if let Some(url) = &self.introspection {
            return Ok(url.clone());
        }
        let metadata = self.metadata().await?;
        let url = metadata.and_then(|metadata| metadata.introspection_endpoint.clone());
        url.ok_or(ProviderFault::new(Call::Introspection, Cause::Endpoint("introspection_endpoint")))
    }

    /// Where clients with a certificate introspect tokens: `alias` when it is configured, else the alias that the metadata
    /// name (RFC 8705 §5), else where all do. Always over TLS: elsewhere nobody would see the certificate.
    ///
    /// # Errors
    /// As [`Self::introspection_endpoint`]; [`Cause::Endpoint`] too for an endpoint without TLS.
    pub(crate) async fn mtls_introspection_endpoint(
        &self,
        alias: Option<&Url>,
    ) -> Result<Url, ProviderFault> {
        let url = match alias {
            Some(url) => url.clone(),
            // Metadata that cannot be had do not matter where the endpoint is configured.
            None => match self
                .metadata()
                .await
                .ok()
                .flatten()
                .and_then(|known| known.mtls_introspection_endpoint.clone())
            {
                Some(url) => url,
                None => self.introspection_endpoint().await?,
            },
        };
        if url.scheme() == "https" {
            return Ok(url);
        }
        Err(ProviderFault::new(Call::Introspection, Cause::Endpoint("introspection_endpoint without TLS")))
    }

    /// Whether the endpoints that are configured are those of the metadata (`verify_parameters`).
    ///
    /// # Errors
    /// [`Cause::Parameters`] with the first field that is not.
    pub(crate) fn agree(&self, call: Call, metadata: &Metadata) -> Result<(), ProviderFault> {
        for (field, configured, named) in [
            ("introspection_endpoint", &self.introspection, &metadata.introspection_endpoint),
            ("jwks_endpoint", &self.jwks, &metadata.jwks_uri),
        ] {
            if configured.is_some() && named.is_some() && configured != named {
                return Err(ProviderFault::new(call, Cause::Parameters(field)));
            }
        }
        Ok(())
    }
}

/// What is known of a provider.
#[derive(Debug, Clone)]
pub struct AtHand {
    /// The issuer, as the configuration names it.
    pub issuer: Arc<str>,
    /// Its metadata.
    pub metadata: Arc<Metadata>,
    /// When they were fetched.
    pub since: UnixTime,
    /// Its keys that can verify signatures, as it wrote them.
    pub keys: Vec<Map<String, Value>>,
}

/// How it stands with what is kept of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The issuer, as the configuration names it.
    pub issuer: Arc<str>,
    /// When its metadata came; `None` while there are none.
    pub metadata_since: Option<UnixTime>,
    /// When the oldest of its key sets came; `None` while there is none.
    pub keys_since: Option<UnixTime>,
    /// How many of its keys can verify signatures.
    pub keys: usize,
    /// Whether the last fetch of metadata or keys failed.
    pub is_failing: bool,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.configured).finish_non_exhaustive()
    }
}

/// Makes the remote things of one provider.
struct Maker {
    http: HttpClient,
    clock: Arc<dyn Clock>,
    pace: Pace,
}

impl Maker {
    fn metadata(
        &self,
        location: Location,
        headers: Vec<(http::HeaderName, http::HeaderValue)>,
    ) -> Remote<Metadata> {
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        let source = Arc::new((location, headers));
        self.remote(Call::Metadata, move || {
            let (http, clock, source) = (http.clone(), Arc::clone(&clock), Arc::clone(&source));
            async move { discovery::fetch(&http, &*clock, &source.0, &source.1).await }.boxed()
        })
    }

    fn keys_at(&self, url: Url) -> Remote<KeySet> {
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        self.remote(Call::Keys, move || {
            let (http, clock, url) = (http.clone(), Arc::clone(&clock), url.clone());
            async move { keys::fetch(&http, &*clock, &url).await }.boxed()
        })
    }

    /// The key set that metadata name, wherever they name it at the time of the fetch.
    fn keys_of(&self, metadata: Remote<Metadata>) -> Remote<KeySet> {
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        self.remote(Call::Keys, move || {
            let (http, clock, metadata) = (http.clone(), Arc::clone(&clock), metadata.clone());
            async move {
                let url = jwks_uri(&metadata.current().await?.value)?;
                let result = keys::fetch(&http, &*clock, &url).await;
                let gone =
                    |fault: &ProviderFault| matches!(fault.cause, Cause::Status { status: 404 | 410, .. });
                if !result.as_ref().is_err_and(gone) {
                    return result;
                }
                // The key set may have moved: newer metadata say where to.
                match metadata.renewed(Demand::Missing).await? {
                    Some(newer) if jwks_uri(&newer)? != url => {
                        keys::fetch(&http, &*clock, &jwks_uri(&newer)?).await
                    }
                    _ => result,
                }
            }
            .boxed()
        })
    }

    fn remote<T: Send + Sync + 'static>(
        &self,
        call: Call,
        fetch: impl Fn() -> futures_util::future::BoxFuture<'static, Result<T, ProviderFault>>
        + Send
        + Sync
        + 'static,
    ) -> Remote<T> {
        Remote::new(call, self.pace, Arc::clone(&self.clock), self.http.runtime().clone(), fetch)
    }
}

fn jwks_uri(metadata: &Metadata) -> Result<Url, ProviderFault> {
    metadata.jwks_uri.clone().ok_or(ProviderFault::new(Call::Keys, Cause::Endpoint("jwks_uri")))
}
