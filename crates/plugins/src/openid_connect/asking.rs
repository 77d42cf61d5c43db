//! How a provider is called, and as whom: connections, certificates, clients, and the answers that nodes share.

use std::sync::Arc;

use keybound_oidc::{
    ClientIdentity, HttpClient, HttpSettings, IntrospectionSettings, MutualTls, OwnKeys, SharedAnswers,
};

use super::cluster_cache::ClusterCache;
use super::config::{Config, ProviderConfig, Transport};
use crate::contract::Instance;
use crate::environment::Environment;

/// How calls are made.
pub(super) fn http(transport: &Transport, environment: &Environment) -> HttpSettings {
    HttpSettings {
        verify: transport.verify,
        timeout: transport.timeout,
        keepalive: transport.keepalive,
        proxies: transport.proxies.clone(),
        http_1_0: transport.http_1_0,
        calls: Arc::clone(&environment.metrics.calls),
        ..HttpSettings::new(environment.roots.clone())
    }
}

/// The client for calls of this kind.
pub(super) fn called(settings: &HttpSettings, environment: &Environment) -> Result<HttpClient, String> {
    HttpClient::new(settings, environment.runtime.clone()).map_err(|fault| fault.to_string())
}

/// A certificate and its key, in PEM.
pub(super) type PemPair = (String, String);

/// The certificate that clients show, with its text, which tells whether it is another one than before.
pub(super) fn identity(
    instance: &Instance<'_>,
    config: &Config,
) -> Result<Option<(PemPair, ClientIdentity)>, String> {
    let Some(id) = config.provider.clients.certificate else { return Ok(None) };
    let certificate = instance.material.certificate(id);
    let certificate =
        certificate.ok_or_else(|| format!("tls_client_auth_cert_id: there is no certificate {id}"))?;
    let (cert, key) = (certificate.cert.clone(), certificate.key.clone());
    let identity = ClientIdentity::from_pem(&cert, &key);
    let identity = identity.map_err(|fault| format!("tls_client_auth_cert_id: {fault}"))?;
    Ok(Some(((cert, key), identity)))
}

/// Introspection with its clients.
pub(super) fn introspection(
    config: &Config,
    identity: Option<ClientIdentity>,
    own_keys: &Arc<OwnKeys>,
    environment: &Environment,
) -> Result<IntrospectionSettings, String> {
    let ProviderConfig { introspection, clients, transport, .. } = &config.provider;
    let asks = config.methods.introspection || config.methods.introspect_jwt;
    let credentials = clients.credentials(|settings| {
        // Keys are made only for those who sign with them.
        settings.own_keys = Some(if asks { Arc::clone(own_keys) } else { Arc::default() });
    })?;
    let mutual_tls = match identity {
        None => None,
        Some(identity) => {
            let settings = HttpSettings {
                verify: clients.mtls_verify,
                identity: Some(identity),
                ..http(transport, environment)
            };
            let http = called(&settings, environment)
                .map_err(|fault| format!("tls_client_auth_cert_id: {fault}"))?;
            Some(MutualTls { http, endpoint: clients.mtls_endpoint.clone() })
        }
    };
    Ok(IntrospectionSettings { clients: credentials, mutual_tls, ..introspection.clone() })
}

/// The cache that nodes share. `asked` is everything that decides what the provider is asked: answers are kept apart by it.
pub(super) fn cluster_cache(
    config: &Config,
    asked: &str,
    environment: &Environment,
) -> Result<Option<Arc<dyn SharedAnswers>>, String> {
    let Some(settings) = &config.provider.cluster else { return Ok(None) };
    if !environment.root.is_shared() {
        tracing::warn!(
            "cluster_cache_strategy: without a database that nodes share, no other node can read what this one keeps"
        );
    }
    let store = environment.shared.redis(settings);
    let cache = ClusterCache::new(store, &environment.root, asked)?;
    Ok(Some(Arc::new(cache)))
}
