//! What looks after names and targets beside the requests: one thread for the process. It resolves names, and probes the
//! targets of upstreams that want it.

mod keeping;
mod probe;
mod rounds;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use crate::balance::Balancer;
use crate::dns::{Answer, Asker, Due, Expiries, Found, Name};
use crate::snapshot::{SharedSnapshot, Targets};

/// How often it looks whether there is a new snapshot.
const LOOK: Duration = Duration::from_millis(200);
/// Names that are asked for at the same time.
const MOST: usize = 128;

/// The running watch; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    _end: oneshot::Sender<()>,
}

type Asking = Pin<Box<dyn Future<Output = (Arc<Name>, Found)>>>;

struct Keeper {
    snapshot: SharedSnapshot,
    targets: Arc<Targets>,
    asker: Rc<Asker>,
    asking: FuturesUnordered<Asking>,
    /// Names that wait for their turn to be asked for.
    waiting: VecDeque<Arc<Name>>,
    expiries: Expiries,
    /// The balancers whose targets have a name.
    users: HashMap<u64, Vec<Arc<Balancer>>>,
    /// The balancers whose targets are checked.
    checked: Vec<Arc<Balancer>>,
    probing: HashMap<*const Balancer, AbortHandle>,
    started: Instant,
}

impl Watch {
    /// Starts it on a thread of its own.
    ///
    /// # Errors
    /// The thread or its runtime cannot be made.
    pub(crate) fn start(snapshot: &SharedSnapshot) -> io::Result<Self> {
        let snapshot = Arc::clone(snapshot);
        let (end, mut ended) = oneshot::channel();
        std::thread::Builder::new().name("keybound-watch".to_owned()).spawn(move || {
            keeping::keep_alive(keeping::PAUSE, |times| {
                let runtime =
                    Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
                let mut keeper = Keeper::new(Arc::clone(&snapshot));
                if times > 0 {
                    keeper.begin_again();
                }
                runtime.block_on(keep(keeper, &mut ended));
                Ok(())
            });
        })?;
        Ok(Self { _end: end })
    }
}

async fn keep(mut keeper: Keeper, ended: &mut oneshot::Receiver<()>) {
    keeper.take_over();
    loop {
        keeper.look();
        let names = Arc::clone(&keeper.targets.names);
        for name in names.inbox().take() {
            keeper.ask(name);
        }
        let now = keeper.started.elapsed();
        while let Some(due) = keeper.expiries.due(now) {
            keeper.end(due);
        }
        let pause = keeper.expiries.next().map_or(LOOK, |next| next.saturating_sub(now).min(LOOK));
        tokio::select! {
            // An error means that the gateway is gone, which is what it waits for.
            _ = &mut *ended => return,
            () = names.inbox().filled() => {}
            Some((name, found)) = keeper.asking.next() => keeper.learn(&name, found),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Keeper {
    fn new(snapshot: SharedSnapshot) -> Self {
        let targets = Arc::clone(&snapshot.load().targets);
        let asker = Rc::new(Asker::new(Arc::clone(&targets.names.settings)));
        Self {
            snapshot,
            targets,
            asker,
            asking: FuturesUnordered::new(),
            waiting: VecDeque::new(),
            expiries: Expiries::default(),
            users: HashMap::new(),
            checked: Vec::new(),
            probing: HashMap::new(),
            started: Instant::now(),
        }
    }

    /// Takes care of the names of one that died: those that it asked for, and those whose time only it knew.
    fn begin_again(&mut self) {
        let stale = self.targets.names.settings.stale_ttl;
        for name in self.targets.names.begin_again() {
            self.expiries.set(&name, Duration::ZERO, stale);
        }
    }

    /// Looks whether there is a new snapshot, and whether the balancers know how their targets are.
    fn look(&mut self) {
        let current = Arc::clone(&self.snapshot.load().targets);
        if Arc::ptr_eq(&current, &self.targets) {
            self.checked.iter().for_each(|balancer| balancer.settle());
            return;
        }
        if !Arc::ptr_eq(&current.names, &self.targets.names) {
            self.asker = Rc::new(Asker::new(Arc::clone(&current.names.settings)));
        }
        self.targets = current;
        self.take_over();
    }

    /// Takes over the names and the targets of the current snapshot.
    fn take_over(&mut self) {
        self.users.clear();
        self.checked.clear();
        let mut probing = HashMap::new();
        for balancer in self.targets.balancers.values() {
            for name in balancer.names() {
                self.users.entry(name.number).or_default().push(Arc::clone(balancer));
                name.use_it();
            }
            balancer.catch_up();
            balancer.settle();
            if balancer.is_checked() {
                self.checked.push(Arc::clone(balancer));
            }
            if balancer.probing().is_some() {
                let at = Arc::as_ptr(balancer);
                let task = self.probing.remove(&at).unwrap_or_else(|| {
                    let balancer = Arc::downgrade(balancer);
                    let probing = keeping::keep_task_alive(move || probe::keep(Weak::clone(&balancer)));
                    tokio::task::spawn_local(probing).abort_handle()
                });
                probing.insert(at, task);
            }
        }
        for (_, gone) in std::mem::replace(&mut self.probing, probing) {
            gone.abort();
        }
    }

    fn ask(&mut self, name: Arc<Name>) {
        if self.asking.len() >= MOST {
            self.waiting.push_back(name);
            return;
        }
        let asker = Rc::clone(&self.asker);
        self.asking.push(Box::pin(async move {
            let mut last = *name.last.lock().unwrap_or_else(PoisonError::into_inner);
            let found = asker.ask(&name.text, &mut last).await;
            *name.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
            (name, found)
        }));
    }

    /// Takes in what came of asking.
    fn learn(&mut self, name: &Arc<Name>, found: Found) {
        if let Some(next) = self.waiting.pop_front() {
            self.ask(next);
        }
        let settings = Arc::clone(&self.targets.names.settings);
        let now = self.started.elapsed();
        let changed = match found {
            Found::Places(places, ttl) => {
                self.expiries.set(name, now + ttl, now + ttl + settings.stale_ttl);
                name.learn(Some(Answer::of(places)))
            }
            Found::Nothing(reason, ttl) => {
                self.expiries.set(name, now + ttl, now + ttl);
                let changed = name.learn(Some(Answer::None(reason.as_str().into())));
                if changed {
                    tracing::warn!(name = %name.text, reason, "a name has no address");
                }
                changed
            }
            Found::Failed(reason, pause) => {
                let stale = name.answer().is_some_and(|answer| !answer.places().is_empty());
                if stale {
                    tracing::debug!(name = %name.text, reason, "a name cannot be resolved: the old answer stays");
                    self.expiries.postpone(name, now + pause);
                    name.learn(None)
                } else {
                    self.expiries.set(name, now + pause, now + pause);
                    let changed = name.learn(Some(Answer::None(reason.as_str().into())));
                    if changed {
                        tracing::warn!(name = %name.text, reason, "a name cannot be resolved");
                    }
                    changed
                }
            }
        };
        if changed {
            self.tell(name);
        }
        while let Some(beyond) = self.expiries.beyond(settings.cache_size.saturating_add(self.users.len())) {
            beyond.forget();
            // Nobody asks for a target's name when it is used.
            if self.users.contains_key(&beyond.number) {
                beyond.use_it();
            }
        }
    }

    /// Does what the end of a name's time asks for.
    fn end(&mut self, due: Due) {
        let name = match due {
            Due::Expired(name) => {
                name.expire();
                name
            }
            Due::Ended(name) => {
                let lost = name.answer().is_some_and(|answer| !answer.places().is_empty());
                name.forget();
                if lost {
                    tracing::warn!(name = %name.text, "the last answer for a name is too old to be used");
                    self.tell(&name);
                }
                name
            }
        };
        // Targets are kept up to date whether there are requests or not; other names when they are used.
        if self.users.contains_key(&name.number) {
            name.use_it();
        }
    }

    fn tell(&self, name: &Name) {
        for balancer in self.users.get(&name.number).into_iter().flatten() {
            balancer.catch_up();
        }
    }
}
