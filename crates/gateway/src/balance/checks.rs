use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::uri::PathAndQuery;
use keybound_model::entity::{ActiveChecks, CheckKind, PassiveChecks, Upstream};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::health::{Limits, Sight};
use crate::snapshot::CompileFault;
use crate::tls::client::TlsIdentity;

/// The time for a probe whose timeout is 0.
const PATIENCE: Duration = Duration::from_secs(1);
/// The shortest time between two probes of an address, and for one.
const SHORTEST: Duration = Duration::from_millis(100);
/// What cannot stand in a request line.
const UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'#');

/// How the targets of an upstream are watched.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(crate) active: Option<Probing>,
    pub(crate) passive: Option<Judging>,
}

/// How targets are probed.
#[derive(Debug)]
pub(crate) struct Probing {
    pub(crate) kind: CheckKind,
    /// How TLS is spoken, for the kinds that speak it.
    pub(crate) tls: Option<Arc<TlsIdentity>>,
    pub(crate) sni: Option<Arc<str>>,
    pub(crate) path: PathAndQuery,
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) concurrency: usize,
    /// Time between probes of healthy addresses.
    pub(crate) healthy_every: Option<Duration>,
    /// Time between probes of unhealthy ones.
    pub(crate) unhealthy_every: Option<Duration>,
    pub(crate) limits: Limits,
    good: Statuses,
    bad: Statuses,
}

/// How what comes of requests is judged.
#[derive(Debug)]
pub(crate) struct Judging {
    pub(crate) limits: Limits,
    good: Statuses,
    bad: Statuses,
}

/// A set of statuses, of 1 to 999.
#[derive(Debug, Default)]
struct Statuses([u64; 16]);

impl Checks {
    /// What the upstream asks for; `None` where nothing is checked, so that nothing is done.
    ///
    /// # Errors
    /// A header of probes that is none.
    pub(crate) fn of(
        upstream: &Upstream,
        tls: Option<Arc<TlsIdentity>>,
    ) -> Result<Option<Self>, CompileFault> {
        let active = probing(upstream, tls)?;
        let passive = judging(&upstream.healthchecks.passive);
        Ok((active.is_some() || passive.is_some()).then_some(Self { active, passive }))
    }

    /// Whether probes speak TLS.
    pub(crate) fn speak_tls(upstream: &Upstream) -> bool {
        let active = &upstream.healthchecks.active;
        is_on(active) && matches!(active.kind, CheckKind::Https | CheckKind::Grpcs)
    }
}

impl Probing {
    pub(crate) fn sight(&self, status: u16) -> Option<Sight> {
        sight(&self.good, &self.bad, status)
    }
}

impl Judging {
    /// What an upstream's answer says of it.
    pub(crate) fn sight(&self, status: u16) -> Option<Sight> {
        // The status that an upstream answers when it waited in vain for one of its own.
        if status == 504 { Some(Sight::Timeout) } else { sight(&self.good, &self.bad, status) }
    }
}

fn sight(good: &Statuses, bad: &Statuses, status: u16) -> Option<Sight> {
    if good.has(status) { Some(Sight::Success) } else { bad.has(status).then_some(Sight::HttpFailure) }
}

impl Statuses {
    fn of(statuses: &[u16]) -> Self {
        let mut set = Self::default();
        for status in statuses {
            if let Some(bits) = set.0.get_mut(usize::from(*status / 64)) {
                *bits |= 1 << (*status % 64);
            }
        }
        set
    }

    fn has(&self, status: u16) -> bool {
        self.0.get(usize::from(status / 64)).is_some_and(|bits| bits & (1 << (status % 64)) != 0)
    }
}

fn is_on(active: &ActiveChecks) -> bool {
    !active.healthy.interval.is_zero() || !active.unhealthy.interval.is_zero()
}

fn probing(upstream: &Upstream, tls: Option<Arc<TlsIdentity>>) -> Result<Option<Probing>, CompileFault> {
    let active = &upstream.healthchecks.active;
    if !is_on(active) {
        return Ok(None);
    }
    let fault = |field, reason| CompileFault::Unsupported {
        entity: format!("upstream '{}'", upstream.name),
        field,
        reason,
    };
    let mut headers = HeaderMap::new();
    for (name, values) in &active.headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|error| fault("healthchecks.active.headers", format!("'{name}': {error}")))?;
        for value in values {
            let value = HeaderValue::from_str(value)
                .map_err(|error| fault("healthchecks.active.headers", format!("'{name}': {error}")))?;
            headers.append(name.clone(), value);
        }
    }
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static("keybound/healthcheck"));
    if let Some(shown) = &upstream.host_header
        && let Ok(value) = HeaderValue::from_str(shown)
    {
        headers.entry(HOST).or_insert(value);
    }
    let path = percent_encode(active.http_path.as_bytes(), UNSAFE).to_string();
    let path = PathAndQuery::try_from(if path.is_empty() { "/".to_owned() } else { path });
    let every = |interval: Duration| (!interval.is_zero()).then(|| interval.max(SHORTEST));
    Ok(Some(Probing {
        kind: active.kind,
        tls,
        sni: active.https_sni.as_deref().filter(|sni| !sni.is_empty()).map(Arc::from),
        path: path.map_err(|error| fault("healthchecks.active.http_path", error.to_string()))?,
        headers,
        timeout: every(active.timeout).unwrap_or(PATIENCE),
        concurrency: usize::try_from(active.concurrency).unwrap_or(usize::MAX).max(1),
        healthy_every: every(active.healthy.interval),
        unhealthy_every: every(active.unhealthy.interval),
        limits: Limits {
            successes: active.healthy.successes,
            tcp_failures: active.unhealthy.tcp_failures,
            timeouts: active.unhealthy.timeouts,
            http_failures: active.unhealthy.http_failures,
        },
        good: Statuses::of(&active.healthy.http_statuses),
        bad: Statuses::of(&active.unhealthy.http_statuses),
    }))
}

fn judging(passive: &PassiveChecks) -> Option<Judging> {
    let statuses = passive.kind != CheckKind::Tcp;
    let limits = Limits {
        successes: passive.healthy.successes,
        tcp_failures: passive.unhealthy.tcp_failures,
        timeouts: passive.unhealthy.timeouts,
        http_failures: if statuses { passive.unhealthy.http_failures } else { 0 },
    };
    (!limits.never_fail()).then(|| Judging {
        limits,
        good: Statuses::of(&passive.healthy.http_statuses),
        bad: Statuses::of(&passive.unhealthy.http_statuses),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::upstream;
    use super::*;
    use keybound_model::entity::{Algorithm, Healthchecks};

    fn checks(change: impl Fn(&mut Healthchecks)) -> Option<Checks> {
        let mut upstream = upstream(Algorithm::RoundRobin);
        change(&mut upstream.healthchecks);
        Checks::of(&upstream, None).unwrap()
    }

    #[test]
    fn what_is_off_is_nothing() {
        assert!(checks(|_| {}).is_none());
        assert!(checks(|checks| checks.passive.healthy.successes = 3).is_none());
        assert!(checks(|checks| checks.active.unhealthy.tcp_failures = 3).is_none(), "without an interval");
        let only_back = checks(|checks| checks.active.unhealthy.interval = Duration::from_secs(1)).unwrap();
        assert!(only_back.passive.is_none());
        let active = only_back.active.unwrap();
        assert_eq!((active.healthy_every, active.timeout), (None, PATIENCE));
    }

    #[test]
    fn statuses_count_as_they_are_listed() {
        let judging = checks(|checks| {
            checks.passive.unhealthy.http_failures = 1;
            checks.passive.unhealthy.http_statuses = vec![429, 999];
            checks.passive.healthy.http_statuses = vec![200, 429];
        });
        let judging = judging.unwrap().passive.unwrap();
        let sights = [200, 201, 429, 999, 504, 1000].map(|status| judging.sight(status));
        let expected = [
            Some(Sight::Success),
            None,
            Some(Sight::Success),
            Some(Sight::HttpFailure),
            Some(Sight::Timeout),
            None,
        ];
        assert_eq!(sights, expected);
    }

    #[test]
    fn a_passive_check_of_connections_alone_counts_no_status() {
        let judging = checks(|checks| {
            checks.passive.kind = CheckKind::Tcp;
            checks.passive.unhealthy.http_failures = 1;
        });
        assert!(judging.is_none());
    }

    #[test]
    fn a_path_that_no_request_line_can_carry_is_escaped() {
        let probing = checks(|checks| {
            checks.active.healthy.interval = Duration::from_secs(1);
            checks.active.http_path = "/a b\u{e9}?x=1".into();
        });
        assert_eq!(probing.unwrap().active.unwrap().path, "/a%20b%C3%A9?x=1");
    }
}
