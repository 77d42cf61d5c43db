use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::UpstreamHost;

/// How long an answer is taken without asking again. The system's resolver tells no time to live.
const FRESH: Duration = Duration::from_secs(5);
/// How long an answer is used while a new one cannot be had.
const STALE: Duration = Duration::from_secs(3600);
/// How long the failure to resolve a name is remembered.
const FAILED: Duration = Duration::from_secs(1);
/// Names remembered; the configuration bounds them, this bounds a configuration that changes all the time.
const MAX_NAMES: usize = 16_384;

/// The addresses of upstreams' names, one cache per worker. A request waits only for the first answer for a name:
/// later ones are fetched beside the requests that still use the old.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    names: RefCell<HashMap<Arc<str>, Rc<Name>>>,
}

#[derive(Debug)]
struct Name {
    known: RefCell<Known>,
    turn: Cell<usize>,
    /// Present while somebody asks; waiting requests watch it.
    asking: RefCell<Option<watch::Receiver<()>>>,
}

#[derive(Debug)]
struct Known {
    addresses: Rc<[IpAddr]>,
    at: Option<Instant>,
    failed: Option<(Instant, Rc<str>)>,
}

impl Resolver {
    /// The address to try next: each address of a name takes its turn.
    ///
    /// # Errors
    /// The resolver's reason when the name has no address.
    pub(crate) async fn next_address(
        self: &Rc<Self>,
        host: &UpstreamHost,
        port: u16,
    ) -> Result<SocketAddr, Rc<str>> {
        let name = match host {
            UpstreamHost::Address(address) => return Ok(SocketAddr::new(*address, port)),
            UpstreamHost::Name(name) => name,
        };
        let entry = self.entry(name);
        loop {
            if let Some(answer) = entry.answer() {
                if entry.wants_refresh() {
                    entry.ask(name);
                }
                return answer.map(|address| SocketAddr::new(address, port));
            }
            let mut done = entry.ask(name);
            // An error means that the asking task is gone, and its answer with it: look again.
            let _ = done.changed().await;
        }
    }

    fn entry(&self, name: &Arc<str>) -> Rc<Name> {
        let mut names = self.names.borrow_mut();
        if let Some(entry) = names.get(name) {
            return Rc::clone(entry);
        }
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        Rc::clone(names.entry(Arc::clone(name)).or_insert_with(|| Rc::new(Name::unknown())))
    }
}

impl Name {
    fn unknown() -> Self {
        Self {
            known: RefCell::new(Known { addresses: Rc::new([]), at: None, failed: None }),
            turn: Cell::new(0),
            asking: RefCell::new(None),
        }
    }

    /// What is known now; `None` when the name must be asked for first.
    fn answer(&self) -> Option<Result<IpAddr, Rc<str>>> {
        let known = self.known.borrow();
        if known.at.is_some_and(|at| at.elapsed() < STALE) && !known.addresses.is_empty() {
            let turn = self.turn.get().wrapping_add(1);
            self.turn.set(turn);
            return known.addresses.get(turn % known.addresses.len()).copied().map(Ok);
        }
        let failed = known.failed.as_ref().filter(|(at, _)| at.elapsed() < FAILED);
        failed.map(|(_, reason)| Err(Rc::clone(reason)))
    }

    fn wants_refresh(&self) -> bool {
        let known = self.known.borrow();
        known.at.is_none_or(|at| at.elapsed() >= FRESH)
            && known.failed.as_ref().is_none_or(|(at, _)| at.elapsed() >= FAILED)
    }

    /// Asks the system's resolver, once for all who wait.
    fn ask(self: &Rc<Self>, name: &Arc<str>) -> watch::Receiver<()> {
        let mut asking = self.asking.borrow_mut();
        if let Some(done) = asking.as_ref() {
            return done.clone();
        }
        let (tell, done) = watch::channel(());
        *asking = Some(done.clone());
        let (entry, name) = (Rc::clone(self), Arc::clone(name));
        tokio::task::spawn_local(async move {
            let found = tokio::net::lookup_host((&*name, 0)).await;
            entry.learn(found.map(|addresses| addresses.map(|address| address.ip()).collect()));
            entry.asking.borrow_mut().take();
            let _ = tell.send(());
        });
        done
    }

    fn learn(&self, found: std::io::Result<Vec<IpAddr>>) {
        let mut known = self.known.borrow_mut();
        let now = Instant::now();
        match found {
            Ok(mut addresses) if !addresses.is_empty() => {
                addresses.sort_unstable();
                addresses.dedup();
                *known = Known { addresses: addresses.into(), at: Some(now), failed: None };
            }
            Ok(_) => known.failed = Some((now, "the name has no address".into())),
            Err(error) => known.failed = Some((now, error.to_string().into())),
        }
    }
}
