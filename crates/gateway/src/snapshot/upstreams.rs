use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use keybound_model::entity::{CaCertificate, Certificate, CheckKind, Target};
use keybound_model::{Configuration, Service};
use uuid::Uuid;

use super::CompileFault;
use crate::balance::{Balancer, Checks, Means};
use crate::dns::Names;
use crate::tls::client::{ClientTls, TlsIdentity, Wanted};
use crate::tls::shown::{Shown, chain};
use crate::upstream::{Destination, Origin, Upstream};

/// The balancers that snapshots use, by the ids of their upstreams.
#[derive(Debug, Default)]
pub(super) struct Balancers(Mutex<HashMap<Uuid, Vec<Weak<Balancer>>>>);

/// What services refer to on the way to their upstreams.
pub(super) struct Upstreams<'a> {
    by_name: HashMap<&'a str, (&'a keybound_model::entity::Upstream, Arc<Balancer>)>,
    certificates: HashMap<Uuid, &'a Certificate>,
    shown: HashMap<Uuid, Arc<Shown>>,
    authorities: HashMap<Uuid, &'a CaCertificate>,
    tls: &'a ClientTls,
    names: &'a Names,
}

impl Balancers {
    /// The balancer of this upstream and these targets: one that a snapshot uses already, or a new one.
    fn of(
        &self,
        upstream: &keybound_model::entity::Upstream,
        targets: Vec<Target>,
        names: &Names,
        checks: Option<Checks>,
    ) -> Result<Arc<Balancer>, CompileFault> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.entry(upstream.id).or_default();
        same.retain(|balancer| balancer.strong_count() > 0);
        let live: Vec<_> = same.iter().filter_map(Weak::upgrade).collect();
        if let Some(balancer) =
            live.iter().find(|balancer| balancer.is_of(upstream, &targets, checks.as_ref()))
        {
            return Ok(Arc::clone(balancer));
        }
        // All of one upstream share what is known of an address, so that any knows it; the last has the most.
        let before = live.last().map(AsRef::as_ref);
        let balancer = Arc::new(Balancer::build(upstream, targets, Means { names, checks, before })?);
        same.push(Arc::downgrade(&balancer));
        Ok(balancer)
    }

    /// Forgets what no snapshot uses any more.
    fn sweep(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, balancers| {
            balancers.retain(|balancer| balancer.strong_count() > 0);
            !balancers.is_empty()
        });
    }
}

impl<'a> Upstreams<'a> {
    /// Reads every upstream with its targets, and every authority.
    ///
    /// # Errors
    /// What cannot be used, by its name and field.
    pub(super) fn of(
        configuration: &'a Configuration,
        shown: HashMap<Uuid, Arc<Shown>>,
        tls: &'a ClientTls,
        balancers: &Balancers,
        names: &'a Names,
    ) -> Result<Self, CompileFault> {
        balancers.sweep();
        names.sweep();
        let certificates: HashMap<_, _> =
            configuration.certificates.iter().map(|one| (one.id, one)).collect();
        let mut targets: HashMap<Uuid, Vec<Target>> = HashMap::new();
        for target in &configuration.targets {
            targets.entry(target.upstream).or_default().push(target.clone());
        }
        let mut by_name = HashMap::new();
        for upstream in &configuration.upstreams {
            let mut targets = targets.remove(&upstream.id).unwrap_or_default();
            targets.sort_by(|a, b| (&a.target, a.id).cmp(&(&b.target, b.id)));
            let checks = Checks::of(upstream, probe_tls(upstream, tls, &certificates, &shown)?)?;
            by_name
                .insert(upstream.name.as_str(), (upstream, balancers.of(upstream, targets, names, checks)?));
        }
        for authority in &configuration.ca_certificates {
            chain(&authority.cert).map_err(|reason| CompileFault::Unsupported {
                entity: format!("CA certificate {}", authority.id),
                field: "cert",
                reason,
            })?;
        }
        Ok(Self {
            by_name,
            certificates,
            shown,
            authorities: configuration.ca_certificates.iter().map(|one| (one.id, one)).collect(),
            tls,
            names,
        })
    }

    /// The balancers, by the ids of their upstreams.
    pub(super) fn balancers(&self) -> HashMap<Uuid, Arc<Balancer>> {
        self.by_name.values().map(|(upstream, balancer)| (upstream.id, Arc::clone(balancer))).collect()
    }

    /// Where the requests of a service go: to the targets of the upstream whose name its host is, else to its host.
    ///
    /// # Errors
    /// A host that is neither a name nor an address, or a reference to what is not there.
    pub(super) fn of_service(&self, service: &Service) -> Result<Upstream, CompileFault> {
        let balanced = self.by_name.get(service.host.as_str());
        let to = match balanced {
            Some((_, balancer)) => Destination::Many(Arc::clone(balancer)),
            None => {
                let origin = Origin::of(&service.host, service.port, None, self.names);
                Destination::One(origin.ok_or_else(|| CompileFault::Unsupported {
                    entity: name_of(service),
                    field: "host",
                    reason: format!("'{}' is neither a name nor an address", service.host),
                })?)
            }
        };
        let http2 = service.protocol.is_grpc();
        let tls = if service.protocol.is_secure() {
            let certificate = service.client_certificate;
            let certificate = certificate.or(balanced.and_then(|(upstream, _)| upstream.client_certificate));
            let wanted = Wanted {
                verify: service.tls_verify,
                depth: service.tls_verify_depth,
                authorities: self.authorities(service)?,
                shown: certificate.map(|id| self.certificate(service, id)).transpose()?,
                http2,
            };
            let identity = self.tls.identity(wanted).map_err(|reason| CompileFault::Unsupported {
                entity: name_of(service),
                field: "ca_certificates",
                reason,
            })?;
            Some(identity)
        } else {
            None
        };
        Ok(Upstream { to, tls, http2 })
    }

    fn authorities(&self, service: &Service) -> Result<Option<Vec<&'a CaCertificate>>, CompileFault> {
        let Some(ids) = &service.ca_certificates else { return Ok(None) };
        let found = ids.iter().map(|id| {
            self.authorities.get(id).copied().ok_or_else(|| CompileFault::Missing {
                entity: name_of(service),
                field: "ca_certificates",
                wanted: format!("CA certificate {id}"),
            })
        });
        found.collect::<Result<Vec<_>, _>>().map(Some)
    }

    fn certificate(
        &self,
        service: &Service,
        id: Uuid,
    ) -> Result<(&'a Certificate, Arc<Shown>), CompileFault> {
        match (self.certificates.get(&id), self.shown.get(&id)) {
            (Some(certificate), Some(shown)) => Ok((certificate, Arc::clone(shown))),
            _ => Err(CompileFault::Missing {
                entity: name_of(service),
                field: "client_certificate",
                wanted: format!("certificate {id}"),
            }),
        }
    }
}

/// How the probes of an upstream speak TLS; `None` where they do not.
fn probe_tls(
    upstream: &keybound_model::entity::Upstream,
    tls: &ClientTls,
    certificates: &HashMap<Uuid, &Certificate>,
    shown: &HashMap<Uuid, Arc<Shown>>,
) -> Result<Option<Arc<TlsIdentity>>, CompileFault> {
    if !Checks::speak_tls(upstream) {
        return Ok(None);
    }
    let active = &upstream.healthchecks.active;
    let certificate = upstream.client_certificate;
    let certificate = certificate.and_then(|id| Some((*certificates.get(&id)?, Arc::clone(shown.get(&id)?))));
    let wanted = Wanted {
        verify: Some(active.https_verify_certificate),
        shown: certificate,
        http2: active.kind == CheckKind::Grpcs,
        ..Wanted::default()
    };
    let identity = tls.identity(wanted).map_err(|reason| CompileFault::Unsupported {
        entity: format!("upstream '{}'", upstream.name),
        field: "healthchecks.active.type",
        reason,
    })?;
    Ok(Some(identity))
}

fn name_of(service: &Service) -> String {
    service
        .name
        .as_ref()
        .map_or_else(|| format!("service {}", service.id), |name| format!("service '{name}'"))
}
