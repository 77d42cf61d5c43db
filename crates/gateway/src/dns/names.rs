use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

use super::Name;
use crate::settings::DnsSettings;

/// The names that snapshots of one compiler speak of: one object for each.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Mutex<Known>,
    inbox: Arc<Inbox>,
    pub(crate) settings: Arc<DnsSettings>,
}

#[derive(Debug, Default)]
struct Known {
    by_text: HashMap<Arc<str>, Weak<Name>>,
    next: u64,
}

/// Names to be asked for. Each is in it at most once, so that the configuration bounds it.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    names: Mutex<Vec<Arc<Name>>>,
    filled: Notify,
}

impl Names {
    pub(crate) fn new(settings: DnsSettings) -> Self {
        Self { settings: Arc::new(settings), ..Self::default() }
    }

    /// The name of this text, in whatever case it is written.
    pub(crate) fn of(&self, text: &str) -> Arc<Name> {
        let text = text.to_ascii_lowercase();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = known.by_text.get(text.as_str()).and_then(Weak::upgrade) {
            return name;
        }
        let text: Arc<str> = text.into();
        let name = Arc::new(Name::new(Arc::clone(&text), known.next, Arc::clone(&self.inbox)));
        known.next = known.next.wrapping_add(1);
        known.by_text.insert(text, Arc::downgrade(&name));
        name
    }

    /// Forgets what no snapshot speaks of any more.
    pub(crate) fn sweep(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_text.retain(|_, name| name.strong_count() > 0);
    }

    /// All that there are, for a watch that takes the place of one that died: what that one was asking for is in the inbox
    /// again, and everything else is asked for when it is used.
    pub(crate) fn begin_again(&self) -> Vec<Arc<Name>> {
        drop(self.inbox.take());
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<_> = known.by_text.values().filter_map(Weak::upgrade).collect();
        names.iter().for_each(|name| name.begin_again());
        names
    }

    /// Where names wait to be asked for.
    pub(crate) fn inbox(&self) -> &Inbox {
        &self.inbox
    }
}

impl Inbox {
    pub(super) fn put(&self, name: Arc<Name>) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        self.filled.notify_one();
    }

    /// Ready when there is something, or was a moment ago.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// All that is in it.
    pub(crate) fn take(&self) -> Vec<Arc<Name>> {
        std::mem::take(&mut *self.names.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Answer;
    use super::*;

    #[test]
    fn what_a_watch_that_died_was_asking_for_is_asked_for_again() {
        let names = Names::default();
        let (asked, known, unused) = (names.of("asked"), names.of("known"), names.of("unused"));
        let waiting = || names.inbox().take().iter().map(|name| name.text.to_string()).collect::<Vec<_>>();
        asked.use_it();
        known.use_it();
        assert_eq!(waiting(), ["asked", "known"]);
        known.learn(Some(Answer::None("nothing".into())));
        [&asked, &known].iter().for_each(|name| name.use_it());
        assert!(waiting().is_empty(), "the one is being asked for, the other is known");
        assert_eq!(names.begin_again().len(), 3);
        assert_eq!(waiting(), ["asked"]);
        [&asked, &known, &unused].iter().for_each(|name| name.use_it());
        assert_eq!(waiting(), ["known", "unused"]);
    }
}
