use http::HeaderValue;
use reqwest::NoProxy;

use super::SetupFault;

/// The proxies that calls to a provider go through.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Proxies {
    /// For `http` (`http_proxy`).
    pub http: Option<Proxy>,
    /// For `https` (`https_proxy`): a tunnel by CONNECT, so that the proxy sees neither request nor answer.
    pub https: Option<Proxy>,
    /// Hosts that are called without a proxy (`no_proxy`): names with everything below them, addresses and networks,
    /// separated by commas; `*` is every host.
    pub none_for: Option<String>,
}

/// A proxy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// Its URL.
    pub url: String,
    /// The value of `Proxy-Authorization`.
    pub authorization: Option<String>,
}

impl Proxies {
    pub(super) fn made(&self) -> Result<Vec<reqwest::Proxy>, SetupFault> {
        let none_for = || self.none_for.as_deref().and_then(NoProxy::from_string);
        let mut made = Vec::new();
        for (field, proxy) in [("http_proxy", &self.http), ("https_proxy", &self.https)] {
            let Some(Proxy { url, authorization }) = proxy else { continue };
            let proxy =
                if field == "http_proxy" { reqwest::Proxy::http(url) } else { reqwest::Proxy::https(url) };
            let mut proxy = proxy.map_err(|_| SetupFault::Proxy(field))?;
            if let Some(authorization) = authorization {
                let mut value = HeaderValue::from_str(authorization).map_err(|_| SetupFault::Proxy(field))?;
                value.set_sensitive(true);
                proxy = proxy.custom_http_auth(value);
            }
            made.push(proxy.no_proxy(none_for()));
        }
        Ok(made)
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("url", &self.url).finish_non_exhaustive()
    }
}
