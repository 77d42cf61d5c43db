use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::AcqRel, Ordering::Acquire, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;

use super::names::Inbox;
use crate::balance::Wheel;
use crate::settings::DnsRecord;

/// How long a request waits for the first answer at most; the watch gives up earlier.
const PATIENCE: Duration = Duration::from_secs(20);

/// A name, and what is known of it.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) text: Arc<str>,
    pub(crate) number: u64,
    known: ArcSwapOption<Answer>,
    wish: AtomicU8,
    turn: AtomicUsize,
    learnt: Notify,
    inbox: Arc<Inbox>,
    /// What it had the last time. Only the watch looks.
    pub(crate) last: Mutex<Option<DnsRecord>>,
}

/// Nothing needs to be done.
const CONTENT: u8 = 0;
/// Whoever uses the name next has it asked for.
const WANTED: u8 = 1;
/// It is being asked for.
const ASKING: u8 = 2;

/// What stands behind a name, or why nothing does.
#[derive(Debug)]
pub(crate) enum Answer {
    /// At least one.
    Places {
        /// The addresses, each with its weight.
        places: Box<[Place]>,
        order: Wheel,
    },
    /// There are none.
    None(Arc<str>),
}

/// One address behind a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) ip: IpAddr,
    /// The port and the name that an SRV record told.
    pub(crate) srv: Option<(u16, Arc<str>)>,
    /// The weight that an SRV record told; 1 without one.
    pub(crate) weight: u32,
}

impl Place {
    /// The port to use where the configuration says another: an SRV record's, unless that is 0.
    pub(crate) fn port(&self, configured: u16) -> u16 {
        self.srv.as_ref().map(|(port, _)| *port).filter(|port| *port > 0).unwrap_or(configured)
    }
}

impl Answer {
    /// The answer with these; sorted, so that two can be compared.
    pub(crate) fn of(mut places: Vec<Place>) -> Self {
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return Self::None("the name has no address".into());
        }
        let weights: Vec<_> = places.iter().map(|place| place.weight).enumerate().collect();
        Self::Places { order: Wheel::new(&weights), places: places.into() }
    }

    /// All of them.
    pub(crate) fn places(&self) -> &[Place] {
        match self {
            Self::Places { places, .. } => places,
            Self::None(_) => &[],
        }
    }

    fn next(&self, turn: usize) -> Result<Place, Arc<str>> {
        match self {
            Self::None(reason) => Err(Arc::clone(reason)),
            Self::Places { places, order } => {
                let place = order.pick(turn, |_| true).and_then(|number| places.get(number));
                place.cloned().ok_or_else(|| "the name has no address".into())
            }
        }
    }
}

impl Name {
    pub(super) fn new(text: Arc<str>, number: u64, inbox: Arc<Inbox>) -> Self {
        Self {
            text,
            number,
            known: ArcSwapOption::empty(),
            wish: AtomicU8::new(WANTED),
            turn: AtomicUsize::new(0),
            learnt: Notify::new(),
            inbox,
            last: Mutex::new(None),
        }
    }

    /// The address whose turn it is. Waits only as long as nothing is known.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) async fn next(self: &Arc<Self>) -> Result<Place, Arc<str>> {
        if let Some(next) = self.next_known() {
            return next;
        }
        let learnt = async {
            loop {
                // Made before the look, so that an answer in between is not missed.
                let learnt = self.learnt.notified();
                if let Some(next) = self.next_known() {
                    return next;
                }
                learnt.await;
            }
        };
        tokio::time::timeout(PATIENCE, learnt).await.unwrap_or_else(|_| Err("no answer in time".into()))
    }

    fn next_known(self: &Arc<Self>) -> Option<Result<Place, Arc<str>>> {
        self.use_it();
        let known = self.known.load();
        let known = known.as_ref()?;
        // With one address, which is usual, nobody's turn is counted.
        let turn = if known.places().len() > 1 { self.turn.fetch_add(1, Relaxed) } else { 0 };
        Some(known.next(turn))
    }

    /// Waits until something is known. Not for ever.
    pub(crate) async fn known(self: &Arc<Self>) {
        let learnt = async {
            loop {
                let learnt = self.learnt.notified();
                self.use_it();
                if self.known.load().is_some() {
                    return;
                }
                learnt.await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, learnt).await;
    }

    /// What is known now.
    pub(crate) fn answer(&self) -> Option<Arc<Answer>> {
        self.known.load_full()
    }

    /// Has it asked for when its time is up.
    pub(crate) fn use_it(self: &Arc<Self>) {
        if self.wish.load(Relaxed) == WANTED
            && self.wish.compare_exchange(WANTED, ASKING, AcqRel, Acquire).is_ok()
        {
            self.inbox.put(Arc::clone(self));
        }
    }

    /// Forgets what a watch that is gone had begun.
    pub(super) fn begin_again(self: &Arc<Self>) {
        if self.wish.load(Acquire) == ASKING {
            self.inbox.put(Arc::clone(self));
        } else {
            self.expire();
        }
    }

    /// Says that its time is up: the next who uses it has it asked for.
    pub(crate) fn expire(&self) {
        // While it is being asked for, its time cannot be up.
        let _ = self.wish.compare_exchange(CONTENT, WANTED, AcqRel, Acquire);
    }

    /// Says that what is known may not be used any longer.
    pub(crate) fn forget(&self) {
        self.known.store(None);
        self.expire();
    }

    /// Takes an answer in, and wakes who waits; `None` leaves what was known. Whether anything changed.
    pub(crate) fn learn(&self, answer: Option<Answer>) -> bool {
        let changed = match answer {
            None => false,
            Some(answer) => {
                let same = self.known.load().as_ref().is_some_and(|known| match (&**known, &answer) {
                    (Answer::Places { places: a, .. }, Answer::Places { places: b, .. }) => a == b,
                    (Answer::None(a), Answer::None(b)) => a == b,
                    _ => false,
                });
                if !same {
                    self.known.store(Some(Arc::new(answer)));
                }
                !same
            }
        };
        self.wish.store(CONTENT, Relaxed);
        self.learnt.notify_waiters();
        changed
    }
}
