use std::collections::HashSet;

use crate::route::rule::HostPattern;

/// In which handshakes clients are asked for a certificate.
///
/// The handshake knows no more of a request than the server name, so a plugin that asks does so for the names (`snis`) of
/// its routes. A route without names can be reached under any, and then every client is asked.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    everywhere: bool,
    exact: HashSet<Box<str>>,
    ends_with: HashSet<Box<str>>,
    starts_with: HashSet<Box<str>>,
}

impl Asking {
    /// `everywhere`: a plugin for all requests asks.
    pub(crate) fn new(everywhere: bool) -> Self {
        Self { everywhere, ..Self::default() }
    }

    /// Adds the names of a route whose plugins ask.
    pub(crate) fn add(&mut self, snis: &[String]) {
        self.everywhere |= snis.is_empty();
        for sni in snis {
            match HostPattern::parse(sni) {
                HostPattern::Exact(name) => self.exact.insert(name),
                HostPattern::EndsWith(suffix) => self.ends_with.insert(suffix),
                HostPattern::StartsWith(prefix) => self.starts_with.insert(prefix),
            };
        }
    }

    /// Whether a handshake for this name, in lower case, asks.
    pub(crate) fn asks(&self, name: Option<&str>) -> bool {
        if self.everywhere {
            return true;
        }
        let Some(name) = name.map(|name| name.trim_end_matches('.')) else { return false };
        self.exact.contains(name)
            || name.match_indices('.').any(|(at, _)| {
                name.get(at..).is_some_and(|suffix| self.ends_with.contains(suffix))
                    || name.get(..=at).is_some_and(|prefix| self.starts_with.contains(prefix))
            })
    }

    /// Whether a request for this host needs another connection: the handshake for its name would have asked, and that of
    /// this connection (for `sni`) did not, or the other way round.
    ///
    /// Where the configuration changed since the handshake, a connection for the right name goes on: a certificate that nobody
    /// asks for any more does no harm, and one that was not asked for is missed only by a route that needs it (`needed`).
    pub(crate) fn is_misdirected(&self, asked: bool, sni: Option<&str>, host: &str, needed: bool) -> bool {
        match (asked, self.asks(Some(host))) {
            (false, true) => needed || !self.asks(sni),
            (true, false) => sni.is_some_and(|sni| sni != host.trim_end_matches('.')),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(routes: &[&[&str]]) -> Asking {
        let mut asking = Asking::new(false);
        for snis in routes {
            asking.add(&snis.iter().map(|sni| (*sni).to_owned()).collect::<Vec<_>>());
        }
        asking
    }

    #[test]
    fn clients_are_asked_under_the_names_of_the_routes() {
        let asking = of(&[&["a.test", "*.b.test"], &["c.*"]]);
        for (name, expected) in [
            (Some("a.test"), true),
            (Some("a.test."), true),
            (Some("x.b.test"), true),
            (Some("b.test"), false),
            (Some("c.org"), true),
            (Some("d.test"), false),
            (None, false),
        ] {
            assert_eq!(asking.asks(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_route_without_names_asks_everybody() {
        let asking = of(&[&["a.test"], &[]]);
        assert!(asking.asks(None) && asking.asks(Some("z.test")));
        assert!(!Asking::default().asks(None));
    }

    #[test]
    fn a_connection_with_another_policy_is_misdirected_and_no_other_is() {
        let asking = of(&[&["a.test"], &["b.test"]]);
        for (asked, sni, host, expected) in [
            (false, Some("c.test"), "a.test", true),
            (true, Some("a.test"), "c.test", true),
            (true, Some("a.test"), "b.test", false),
            (false, Some("c.test"), "d.test", false),
            (false, None, "c.test", false),
            (false, None, "a.test", true),
            // The configuration changed since the handshake.
            (false, Some("a.test"), "a.test", false),
            (false, Some("b.test"), "a.test", false),
            (true, Some("c.test"), "c.test", false),
        ] {
            assert_eq!(asking.is_misdirected(asked, sni, host, false), expected, "{asked} {sni:?} {host}");
        }
        assert!(
            asking.is_misdirected(false, Some("a.test"), "a.test", true),
            "a route needs the certificate"
        );
        assert!(!asking.is_misdirected(false, Some("c.test"), "c.test", true), "asking again would not help");
    }
}
