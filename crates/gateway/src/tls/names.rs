use std::collections::HashMap;
use std::sync::Arc;

use keybound_model::entity::{Certificate, Sni};
use uuid::Uuid;

use super::shown::Shown;
use crate::snapshot::CompileFault;

/// The certificates of the configuration, by the names they are shown for.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    exact: HashMap<Box<str>, Arc<Shown>>,
    /// `*.x.y`, kept as `.x.y`: one label stands for the star.
    ends_with: HashMap<Box<str>, Arc<Shown>>,
    /// `x.*`, kept as `x.`: one label stands for the star.
    starts_with: HashMap<Box<str>, Arc<Shown>>,
    /// The one of the name `*`.
    others: Option<Arc<Shown>>,
}

impl Certificates {
    /// Reads every certificate, and gives them by id beside the names.
    ///
    /// # Errors
    /// [`CompileFault`] with the certificate and its field, or with a name whose certificate is not there.
    pub(crate) fn build(
        certificates: &[Certificate],
        snis: &[Sni],
    ) -> Result<(Self, HashMap<Uuid, Arc<Shown>>), CompileFault> {
        let mut by_id = HashMap::new();
        for certificate in certificates {
            let shown = Shown::of_certificate(certificate).map_err(|(field, reason)| {
                CompileFault::Unsupported { entity: format!("certificate {}", certificate.id), field, reason }
            })?;
            by_id.insert(certificate.id, Arc::new(shown));
        }
        let mut names = Self::default();
        for sni in snis {
            let shown = by_id.get(&sni.certificate).ok_or_else(|| CompileFault::Missing {
                entity: format!("sni '{}'", sni.name),
                field: "certificate",
                wanted: format!("certificate {}", sni.certificate),
            })?;
            names.add(&sni.name, Arc::clone(shown));
        }
        Ok((names, by_id))
    }

    fn add(&mut self, name: &str, shown: Arc<Shown>) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if name == "*" {
            self.others = Some(shown);
        } else if let Some(suffix) = name.strip_prefix('*') {
            self.ends_with.insert(suffix.into(), shown);
        } else if let Some(prefix) = name.strip_suffix('*') {
            self.starts_with.insert(prefix.into(), shown);
        } else {
            self.exact.insert(name.into(), shown);
        }
    }

    /// What is shown for a name: the exact one's, `*.parent`'s, `prefix.*`'s, that of `*`.
    pub(crate) fn find(&self, name: Option<&str>) -> Option<&Arc<Shown>> {
        let named = name.and_then(|name| {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let suffix = || name.find('.').and_then(|at| self.ends_with.get(name.get(at..)?));
            let prefix = || name.rfind('.').and_then(|at| self.starts_with.get(name.get(..=at)?));
            self.exact.get(name.as_str()).or_else(suffix).or_else(prefix)
        });
        named.or(self.others.as_ref())
    }
}
