use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;

use super::recent::{Recent, address, is_same, mark};
use super::spread::{Count, Spread};
use super::text::Text;
use super::{Number, name};
use crate::contract::Scope;

/// Most clients that are told apart; all further ones are [`OTHERS`].
const MAX_CLIENTS: usize = 1000;
/// Most series; beyond them no client is told apart that was not counted there before.
const MAX_SERIES: usize = 20_000;
/// Longest name of a client that is told apart, in bytes.
const MAX_CLIENT_LENGTH: usize = 128;
/// The clients that are not told apart. No client of a provider is called so by chance.
const OTHERS: &str = "(other)";

/// What became of a request at `openid-connect`. One of the first three for each request that it decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Outcome {
    /// It was let through, and nothing was wrong.
    Passed,
    /// It was refused.
    Refused,
    /// It was let through only because faults of possession are reported and do not refuse.
    Reported,
    /// Something was noticed that refuses nobody; beside one of the others.
    Noticed,
}

impl Outcome {
    /// Each with its family, the label that says what it was, and the help.
    const ALL: [(Self, &'static str, &'static str, &'static str); 4] = [
        (
            Self::Passed,
            "keybound_binding_passed_total",
            "binding",
            "Requests that openid-connect let through, by what the bearer proved to be the token's",
        ),
        (
            Self::Refused,
            "keybound_binding_refused_total",
            "code",
            "Requests that openid-connect refused, by fault",
        ),
        (
            Self::Reported,
            "keybound_binding_reported_total",
            "code",
            "Requests that proof_of_possession_report_only let through, by the fault that would have refused them",
        ),
        (
            Self::Noticed,
            "keybound_binding_noticed_total",
            "code",
            "What openid-connect noticed in requests and let pass",
        ),
    ];
}

/// What `openid-connect` decided since the process started. Counted whether or not `prometheus` is configured.
///
/// Labels take their values from the configuration, from closed sets, and from the claims of verified tokens; of the last,
/// which a provider may give to anybody, only so many are told apart.
#[derive(Default)]
pub(crate) struct Bindings {
    clients: RwLock<BTreeSet<Arc<str>>>,
    series: RwLock<HashMap<Key, Arc<Spread<Count>>>>,
    number: Number,
}

thread_local! {
    static RECENT: Recent<Seen, Arc<Spread<Count>>> = const { Recent::new() };
}

/// What a series is recognised by.
struct Seen {
    bindings: usize,
    outcome: Outcome,
    what: &'static str,
    service: Option<Arc<str>>,
    route: Option<Arc<str>>,
    client: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    outcome: Outcome,
    service: Arc<str>,
    route: Arc<str>,
    what: &'static str,
    client: Arc<str>,
}

impl Bindings {
    /// Counts one request. `what` is a code or a binding, never a text of the request.
    pub(crate) fn count(&self, outcome: Outcome, what: &'static str, scope: &Scope, client: Option<&str>) {
        let (service, route) = (name(scope.service.as_ref()), name(scope.route.as_ref()));
        let client = client.unwrap_or_default();
        let letters =
            client.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let what_it_is = what.as_ptr().addr() ^ outcome as usize;
        let mark = mark(&[self.number.0, address(service), address(route), what_it_is, letters]);
        let is = |seen: &Seen| {
            seen.bindings == self.number.0
                && seen.outcome == outcome
                && std::ptr::eq(seen.what, what)
                && is_same(seen.service.as_ref(), service)
                && is_same(seen.route.as_ref(), route)
                && *seen.client == *client
        };
        if RECENT.with(|recent| recent.find(mark, is, |count| count.count())) {
            return;
        }
        let label = |name: Option<&Arc<str>>| name.cloned().unwrap_or_default();
        let (of_service, of_route) = (label(service), label(route));
        let key = Key { outcome, service: of_service, route: of_route, what, client: self.client(client) };
        let count = self.series(key);
        count.count();
        if client.len() <= MAX_CLIENT_LENGTH {
            let seen = Seen {
                bindings: self.number.0,
                outcome,
                what,
                service: service.cloned(),
                route: route.cloned(),
                client: client.into(),
            };
            RECENT.with(|recent| recent.keep(mark, seen, count));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.series.read().is_empty()
    }

    /// Forgets the series of services and routes that are not known.
    pub(super) fn retain(&self, is_known: impl Fn(&str, &str) -> bool) {
        let are_known = self.series.read().keys().all(|key| is_known(&key.service, &key.route));
        if !are_known {
            self.series.write().retain(|key, _| is_known(&key.service, &key.route));
        }
    }

    fn series(&self, mut key: Key) -> Arc<Spread<Count>> {
        {
            // Whoever comes when there is no room for more waits for nobody.
            let series = self.series.read();
            if series.len() >= MAX_SERIES && !key.client.is_empty() && !series.contains_key(&key) {
                key.client = OTHERS.into();
            }
            if let Some(known) = series.get(&key) {
                return Arc::clone(known);
            }
        }
        let mut series = self.series.write();
        if series.len() >= MAX_SERIES && !key.client.is_empty() && !series.contains_key(&key) {
            key.client = OTHERS.into();
        }
        Arc::clone(series.entry(key).or_default())
    }

    /// The client's name as a label.
    fn client(&self, name: &str) -> Arc<str> {
        {
            let clients = self.clients.read();
            if let Some(known) = clients.get(name) {
                return Arc::clone(known);
            }
            if name.len() > MAX_CLIENT_LENGTH || clients.len() >= MAX_CLIENTS {
                return OTHERS.into();
            }
        }
        let mut clients = self.clients.write();
        if clients.len() >= MAX_CLIENTS && !clients.contains(name) {
            return OTHERS.into();
        }
        let name: Arc<str> = name.into();
        clients.insert(Arc::clone(&name));
        name
    }

    pub(super) fn write(&self, text: &mut Text) {
        let series = self.series.read();
        let sorted: BTreeMap<&Key, u64> = series.iter().map(|(key, count)| (key, count.sum())).collect();
        for (outcome, family, what, help) in Outcome::ALL {
            text.own_family(family, help, "counter");
            for (key, count) in sorted.iter().filter(|(key, _)| key.outcome == outcome) {
                let labels = [
                    ("service", &*key.service),
                    ("route", &*key.route),
                    (what, key.what),
                    ("client", &*key.client),
                ];
                text.own_sample(family, &labels, *count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope { service: Some(("s".into(), Some("api".into()))), route: Some(("r".into(), None)) }
    }

    fn written(bindings: &Bindings) -> String {
        let mut text = Text::default();
        bindings.write(&mut text);
        text.finish()
    }

    #[test]
    fn each_outcome_has_its_family_and_each_code_and_client_its_series() {
        let bindings = Bindings::default();
        bindings.count(Outcome::Passed, "dpop", &scope(), Some("app"));
        for _ in 0..2 {
            bindings.count(Outcome::Reported, "proof_missing", &scope(), Some("a\"b\n"));
        }
        bindings.count(Outcome::Refused, "credential_missing", &scope(), None);
        let text = written(&bindings);
        for line in [
            "keybound_binding_passed_total{service=\"api\",route=\"r\",binding=\"dpop\",client=\"app\"} 1\n",
            "keybound_binding_reported_total{service=\"api\",route=\"r\",code=\"proof_missing\",client=\"a\\\"b\\n\"} 2\n",
            "keybound_binding_refused_total{service=\"api\",route=\"r\",code=\"credential_missing\",client=\"\"} 1\n",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn clients_beyond_the_bound_and_long_names_share_one_label() {
        let bindings = Bindings::default();
        for number in 0..2 * MAX_CLIENTS {
            bindings.count(Outcome::Passed, "none", &scope(), Some(&format!("client-{number}")));
        }
        bindings.count(Outcome::Passed, "none", &scope(), Some(&"x".repeat(MAX_CLIENT_LENGTH + 1)));
        assert_eq!(bindings.series.read().len(), MAX_CLIENTS + 1);
        let others = format!("client=\"{OTHERS}\"}} {}\n", MAX_CLIENTS + 1);
        assert!(written(&bindings).contains(&others));
    }

    #[test]
    fn many_routes_do_not_multiply_clients_without_end() {
        let bindings = Bindings::default();
        let routes = 2 * MAX_SERIES / MAX_CLIENTS;
        for route in 0..routes {
            let scope = Scope { service: None, route: Some((route.to_string().into(), None)) };
            for client in 0..MAX_CLIENTS {
                bindings.count(Outcome::Passed, "none", &scope, Some(&client.to_string()));
            }
        }
        assert!(bindings.series.read().len() <= MAX_SERIES + routes);
    }
}
