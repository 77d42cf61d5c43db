use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Name;

/// When which name's time is up, by a clock that the caller reads. One entry for each name.
#[derive(Debug, Default)]
pub(crate) struct Expiries {
    order: BTreeSet<(Duration, u64)>,
    of: HashMap<u64, Kept>,
}

#[derive(Debug)]
struct Kept {
    name: Weak<Name>,
    /// When a new answer is wanted; `None` once it was said.
    expires: Option<Duration>,
    /// When the answer may not be used any longer.
    ends: Duration,
}

/// What becomes of a name now.
#[derive(Debug)]
pub(crate) enum Due {
    /// A new answer is wanted; the old may be used meanwhile.
    Expired(Arc<Name>),
    /// The answer may not be used any longer.
    Ended(Arc<Name>),
}

impl Kept {
    fn next(&self) -> Duration {
        self.expires.unwrap_or(self.ends)
    }
}

impl Expiries {
    /// Notes when a name expires and when its answer ends.
    pub(crate) fn set(&mut self, name: &Arc<Name>, expires: Duration, ends: Duration) {
        self.remove(name.number);
        let expires = Some(expires).filter(|expires| *expires < ends);
        let kept = Kept { name: Arc::downgrade(name), expires, ends };
        self.order.insert((kept.next(), name.number));
        self.of.insert(name.number, kept);
    }

    /// Notes when a name expires, and leaves when its answer ends, unless that is before.
    pub(crate) fn postpone(&mut self, name: &Arc<Name>, expires: Duration) {
        let ends = self.of.get(&name.number).map_or(expires, |kept| kept.ends);
        self.set(name, expires, ends);
    }

    /// When there is something to do next.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.order.first().map(|(at, _)| *at)
    }

    /// The next name whose time has come.
    pub(crate) fn due(&mut self, now: Duration) -> Option<Due> {
        loop {
            let (at, number) = *self.order.first()?;
            if at > now {
                return None;
            }
            self.order.pop_first();
            let Some(kept) = self.of.get_mut(&number) else { continue };
            let Some(name) = kept.name.upgrade() else {
                self.of.remove(&number);
                continue;
            };
            if kept.expires.take().is_some() {
                self.order.insert((kept.ends, number));
                return Some(Due::Expired(name));
            }
            self.of.remove(&number);
            return Some(Due::Ended(name));
        }
    }

    /// With more than so many names, the one whose time is up first.
    pub(crate) fn beyond(&mut self, most: usize) -> Option<Arc<Name>> {
        while self.of.len() > most.max(1) {
            let (_, number) = self.order.pop_first()?;
            if let Some(name) = self.of.remove(&number).and_then(|kept| kept.name.upgrade()) {
                return Some(name);
            }
        }
        None
    }

    fn remove(&mut self, number: u64) {
        if let Some(kept) = self.of.remove(&number) {
            self.order.remove(&(kept.next(), number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Names;
    use super::*;

    const fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn told(expiries: &mut Expiries, now: u64) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(due) = expiries.due(at(now)) {
            told.push(match due {
                Due::Expired(name) => format!("{} expired", name.text),
                Due::Ended(name) => format!("{} ended", name.text),
            });
        }
        told
    }

    #[test]
    fn a_name_expires_and_later_ends_unless_it_is_set_anew() {
        let (names, mut expiries) = (Names::default(), Expiries::default());
        let (a, b) = (names.of("a"), names.of("b"));
        expiries.set(&a, at(5), at(100));
        expiries.set(&b, at(6), at(6));
        assert_eq!(told(&mut expiries, 4), Vec::<String>::new());
        assert_eq!(told(&mut expiries, 6), ["a expired", "b ended"]);
        expiries.postpone(&a, at(8));
        assert_eq!(expiries.next(), Some(at(8)));
        assert_eq!(told(&mut expiries, 50), ["a expired"]);
        assert_eq!(told(&mut expiries, 99), Vec::<String>::new());
        assert_eq!(told(&mut expiries, 100), ["a ended"]);
        assert_eq!(expiries.next(), None);
    }

    #[test]
    fn a_name_has_one_entry_however_often_it_is_set_and_none_when_it_is_gone() {
        let (names, mut expiries) = (Names::default(), Expiries::default());
        let a = names.of("a");
        for second in 1..100 {
            expiries.set(&a, at(second), at(1000 + second));
        }
        assert_eq!((expiries.order.len(), expiries.of.len()), (1, 1));
        drop(a);
        assert_eq!(told(&mut expiries, 2000), Vec::<String>::new());
        assert_eq!((expiries.order.len(), expiries.of.len()), (0, 0));
    }

    #[test]
    fn beyond_the_bound_the_first_to_expire_goes() {
        let (names, mut expiries) = (Names::default(), Expiries::default());
        let all: Vec<_> = ["a", "b", "c"].map(|text| names.of(text)).into();
        for (name, second) in all.iter().zip([7, 3, 5]) {
            expiries.set(name, at(second), at(100));
        }
        assert_eq!(expiries.beyond(3).map(|name| Arc::clone(&name.text)), None);
        assert_eq!(expiries.beyond(2).map(|name| Arc::clone(&name.text)).as_deref(), Some("b"));
        assert!(expiries.beyond(2).is_none());
    }
}
