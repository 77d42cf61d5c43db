use keybound_oidc::TrustRoots;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::StartFault;
use crate::settings::{Settings, Trust};

/// The authorities of `lua_ssl_trusted_certificate`.
#[derive(Debug, Clone, Default)]
pub(super) struct Authorities {
    /// Whether the operating system's count.
    pub(super) system: bool,
    /// Those of files.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    bundles: Vec<Vec<u8>>,
}

impl Authorities {
    /// Reads the files.
    pub(super) fn read(settings: &Settings) -> Result<Self, StartFault> {
        let fault = |cause: String| StartFault::setting(settings, "lua_ssl_trusted_certificate", cause);
        let mut authorities = Self::default();
        for trust in &settings.lua_ssl_trusted_certificate.0 {
            let Trust::File(path) = trust else {
                authorities.system = true;
                continue;
            };
            let name = path.display();
            let bytes = std::fs::read(path).map_err(|error| fault(format!("{name}: {error}")))?;
            let before = authorities.certificates.len();
            for certificate in CertificateDer::pem_slice_iter(&bytes) {
                let certificate =
                    certificate.map_err(|error| fault(format!("{name}: is not PEM: {error}")))?;
                // What is no certificate would otherwise only show when a provider is called.
                rustls::RootCertStore::empty().add(certificate.clone()).map_err(|error| {
                    fault(format!("{name}: holds a certificate that cannot be used: {error}"))
                })?;
                authorities.certificates.push(certificate);
            }
            if authorities.certificates.len() == before {
                return Err(fault(format!("{name}: holds no certificate in PEM")));
            }
            authorities.bundles.push(bytes);
        }
        Ok(authorities)
    }

    /// Those of files, in PEM.
    pub(super) fn pem(&self) -> Vec<u8> {
        self.bundles.join(&b'\n')
    }

    /// The same for calls to providers.
    pub(super) fn roots(&self) -> Result<TrustRoots, StartFault> {
        let start = if self.system { TrustRoots::system() } else { TrustRoots::empty() };
        self.bundles
            .iter()
            .try_fold(start, |roots, bundle| roots.with_pem(bundle))
            .map_err(|fault| StartFault::System { what: "trusted authorities", cause: fault.to_string() })
    }
}
