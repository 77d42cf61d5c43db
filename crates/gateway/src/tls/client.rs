use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use keybound_model::entity::{CaCertificate, Certificate};
use rustls::client::ResolvesClientCert;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};

use super::shown::{Shown, chain};
use super::verifier::{Demands, Verifier};
use crate::settings::UpstreamSettings;

/// TLS towards upstreams. Each way of speaking it is made once and kept as long as a snapshot uses it, so that a new
/// snapshot neither makes it again nor loses the sessions that can be resumed.
pub(crate) struct ClientTls {
    provider: Arc<CryptoProvider>,
    /// The authorities for services that name none: read when the first service needs them.
    roots: OnceLock<Arc<RootCertStore>>,
    given: Vec<CertificateDer<'static>>,
    system: bool,
    verify: bool,
    depth: u32,
    shown: Option<Arc<Shown>>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    ways: HashMap<Way, Weak<TlsIdentity>>,
    next: u64,
}

/// One way of speaking TLS to upstreams. Two are the same when they are one object.
pub(crate) struct TlsIdentity {
    number: u64,
    pub(crate) config: Arc<ClientConfig>,
}

/// What tells one way from another: texts as a whole, because a digest that meets another would mix two up.
#[derive(PartialEq, Eq, Hash)]
struct Way {
    /// The depth when certificates are verified.
    verify: Option<u32>,
    authorities: Option<Vec<String>>,
    shown: Option<[Option<String>; 4]>,
    http2: bool,
}

/// What a service asks for.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    /// `None`: the settings'.
    pub(crate) verify: Option<bool>,
    /// `None`: the settings'.
    pub(crate) depth: Option<u32>,
    /// `None`: the settings'.
    pub(crate) authorities: Option<Vec<&'a CaCertificate>>,
    /// `None`: the settings', if any.
    pub(crate) shown: Option<(&'a Certificate, Arc<Shown>)>,
    /// Whether HTTP/2 is asked for instead of HTTP/1.1.
    pub(crate) http2: bool,
}

impl ClientTls {
    /// Checks the authorities and the certificates of the settings.
    ///
    /// # Errors
    /// A given authority that is no certificate, or a certificate whose key does not fit.
    pub(crate) fn new(settings: &UpstreamSettings) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for root in &settings.roots {
            roots.add(root.clone())?;
        }
        let shown = Shown::of_identities(&settings.identities)?.map(Arc::new);
        Ok(Self { given: settings.roots.clone(), shown, ..Self::without_authorities(settings) })
    }

    /// With neither authorities nor certificates of our own but the system's.
    pub(crate) fn without_authorities(settings: &UpstreamSettings) -> Self {
        Self {
            provider: Arc::new(aws_lc_rs::default_provider()),
            roots: OnceLock::new(),
            given: Vec::new(),
            system: settings.system_roots,
            verify: settings.tls_verify,
            depth: settings.tls_verify_depth,
            shown: None,
            known: Mutex::default(),
        }
    }

    /// The way of speaking TLS that a service asks for.
    ///
    /// # Errors
    /// What is wrong with an authority.
    pub(crate) fn identity(&self, wanted: Wanted<'_>) -> Result<Arc<TlsIdentity>, String> {
        let way = self.way(&wanted);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.ways.retain(|_, identity| identity.strong_count() > 0);
        let number = known.next;
        let identity = match known.ways.entry(way) {
            Entry::Occupied(mut entry) => match entry.get().upgrade() {
                Some(identity) => return Ok(identity),
                None => {
                    let identity = self.make(number, entry.key(), wanted)?;
                    entry.insert(Arc::downgrade(&identity));
                    identity
                }
            },
            Entry::Vacant(entry) => {
                let identity = self.make(number, entry.key(), wanted)?;
                entry.insert(Arc::downgrade(&identity));
                identity
            }
        };
        known.next = number.wrapping_add(1);
        Ok(identity)
    }

    fn way(&self, wanted: &Wanted<'_>) -> Way {
        let verify = wanted.verify.unwrap_or(self.verify).then(|| wanted.depth.unwrap_or(self.depth));
        let authorities = wanted.authorities.as_ref().filter(|_| verify.is_some()).map(|list| {
            let mut texts: Vec<_> = list.iter().map(|authority| authority.cert.clone()).collect();
            texts.sort_unstable();
            texts.dedup();
            texts
        });
        let shown = wanted.shown.as_ref().map(|(certificate, _)| {
            let Certificate { cert, key, cert_alt, key_alt, .. } = certificate;
            [Some(cert.clone()), Some(key.clone()), cert_alt.clone(), key_alt.clone()]
        });
        Way { verify, authorities, shown, http2: wanted.http2 }
    }

    fn make(&self, number: u64, way: &Way, wanted: Wanted<'_>) -> Result<Arc<TlsIdentity>, String> {
        let demands = match (way.verify, &way.authorities) {
            (None, _) => None,
            (Some(depth), None) => Some(Demands { roots: self.default_roots(), depth }),
            (Some(depth), Some(authorities)) => {
                let mut roots = RootCertStore::empty();
                for authority in authorities {
                    for certificate in chain(authority)? {
                        roots.add(certificate).map_err(|error| format!("cannot be used: {error}"))?;
                    }
                }
                Some(Demands { roots: Arc::new(roots), depth })
            }
        };
        let verifier = Verifier::new(Arc::clone(&self.provider), demands);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let shown = wanted.shown.map(|(_, shown)| shown).or_else(|| self.shown.clone());
        let mut config = match shown {
            Some(shown) => builder.with_client_cert_resolver(Arc::new(Ours(shown))),
            None => builder.with_no_client_auth(),
        };
        if way.http2 {
            config.alpn_protocols = vec![b"h2".to_vec()];
        }
        Ok(Arc::new(TlsIdentity { number, config: Arc::new(config) }))
    }

    /// The system's authorities (where asked for) and the given ones. Unreadable certificates of the system are left
    /// out, as everywhere.
    fn default_roots(&self) -> Arc<RootCertStore> {
        let roots = self.roots.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            if self.system {
                let found = rustls_native_certs::load_native_certs();
                for error in &found.errors {
                    tracing::warn!(%error, "a system certificate authority cannot be read");
                }
                roots.add_parsable_certificates(found.certs);
            }
            // Checked when they came.
            roots.add_parsable_certificates(self.given.iter().cloned());
            Arc::new(roots)
        });
        Arc::clone(roots)
    }
}

/// The certificate that upstreams are shown when they ask for one.
#[derive(Debug)]
struct Ours(Arc<Shown>);

impl ResolvesClientCert for Ours {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.choose(schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl PartialEq for TlsIdentity {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for TlsIdentity {}

impl std::hash::Hash for TlsIdentity {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsIdentity").field(&self.number).finish()
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}
