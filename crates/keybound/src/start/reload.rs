//! What SIGHUP reads again: the configuration, and the certificates of listeners. For the other settings it says what changed.

use std::sync::Arc;

use keybound_gateway::Certificates;

use super::StartFault;
use super::certificate::{self, Pair};
use super::prefix::Prefix;
use super::tls::ByScheme;
use crate::settings::Settings;

/// The settings whose change counts at once.
const LIVE: [&str; 6] = [
    "ssl_cert",
    "ssl_cert_key",
    "admin_ssl_cert",
    "admin_ssl_cert_key",
    "status_ssl_cert",
    "status_ssl_cert_key",
];

/// The certificates that listeners show, to be exchanged while they serve.
pub(super) struct ShownCertificates {
    pub(super) proxy: Option<Certificates>,
    pub(super) control: Vec<(&'static Pair, Arc<ByScheme>)>,
    pub(super) prefix: Prefix,
}

impl ShownCertificates {
    /// Reads the files again: all of them are put in place, or none.
    ///
    /// # Errors
    /// What is wrong with the first that cannot be shown.
    pub(super) fn read_again(&self, settings: &Settings) -> Result<(), StartFault> {
        let proxy = self.proxy.as_ref().map(|shown| {
            let identities = certificate::PROXY.identities(settings, &self.prefix)?;
            Ok::<_, StartFault>((shown, identities))
        });
        let proxy = proxy.transpose()?;
        let control = self.control.iter().map(|(pair, shown)| {
            let identities = pair.identities(settings, &self.prefix)?;
            let fresh = ByScheme::of(&identities);
            let fresh = fresh.map_err(|cause| StartFault::setting(settings, pair.certificate, cause))?;
            Ok::<_, StartFault>((shown, fresh))
        });
        let control: Vec<_> = control.collect::<Result<_, _>>()?;
        if let Some((shown, identities)) = proxy {
            let replaced = shown.replace(&identities);
            replaced.map_err(|error| {
                StartFault::setting(settings, certificate::PROXY.certificate, error.to_string())
            })?;
        }
        for (shown, fresh) in control {
            shown.replace(&fresh);
        }
        Ok(())
    }
}

/// The names of the settings that are written otherwise now than they were at the start, and need another one to count.
pub(super) fn changed(running: &Settings, written: &Settings) -> Vec<&'static str> {
    let pairs = running.effective().into_iter().zip(written.effective());
    let differ = pairs.filter(|((_, running, _), (_, written, _))| running != written);
    differ.map(|((row, ..), _)| row.name).filter(|name| !LIVE.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ConfigFile, Inputs};

    #[test]
    fn settings_that_need_another_start_are_named_and_certificates_are_not() {
        let settings = |pairs: &[(&'static str, &str)]| {
            let flags = pairs.iter().map(|(name, value)| (*name, "--test", (*value).to_owned())).collect();
            Settings::load(&Inputs { file: ConfigFile::None, environment: Vec::new(), flags }).unwrap()
        };
        let running = settings(&[]);
        assert!(changed(&running, &settings(&[])).is_empty());
        let written = settings(&[("log_level", "debug"), ("ssl_cert", "/a"), ("stop_delay", "3")]);
        assert_eq!(changed(&running, &written), ["log_level", "stop_delay"]);
    }
}
