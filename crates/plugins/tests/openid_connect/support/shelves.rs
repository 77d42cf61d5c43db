//! A store that several gateways could share, in this process: it keeps everything, can be looked into, and can fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keybound_store::BoxFuture;
use keybound_store::redis::RedisSettings;
use keybound_store::shared::{SharedFault, SharedStore, SharedStores};

/// What is kept, and for how long it was to be kept.
pub(crate) type Kept = BTreeMap<String, (Vec<u8>, Duration)>;

#[derive(Clone, Default)]
pub(crate) struct Shelves(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    kept: Kept,
    writes: usize,
    down: bool,
}

impl Shelves {
    pub(crate) fn kept(&self) -> Kept {
        self.0.lock().unwrap().kept.clone()
    }

    pub(crate) fn replace(&self, kept: Kept) {
        self.0.lock().unwrap().kept = kept;
    }

    pub(crate) fn writes(&self) -> usize {
        self.0.lock().unwrap().writes
    }

    /// Whether every call fails from now on.
    pub(crate) fn set_down(&self, down: bool) {
        self.0.lock().unwrap().down = down;
    }

    fn act<T>(&self, act: impl FnOnce(&mut State) -> T) -> Result<T, SharedFault> {
        let mut state = self.0.lock().unwrap();
        if state.down { Err(SharedFault("down".to_owned())) } else { Ok(act(&mut state)) }
    }
}

impl SharedStores for Shelves {
    fn memory(&self) -> Arc<dyn SharedStore> {
        Arc::new(self.clone())
    }

    fn redis(&self, _settings: &RedisSettings) -> Arc<dyn SharedStore> {
        Arc::new(self.clone())
    }
}

impl SharedStore for Shelves {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, SharedFault>> {
        let found = self.act(|state| state.kept.get(key).map(|(value, _)| value.clone()));
        Box::pin(std::future::ready(found))
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<(), SharedFault>> {
        let done = self.act(|state| {
            state.writes += 1;
            state.kept.insert(key.to_owned(), (value.to_vec(), lives));
        });
        Box::pin(std::future::ready(done))
    }

    fn put_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: &'a [u8],
        lives: Duration,
    ) -> BoxFuture<'a, Result<bool, SharedFault>> {
        let done = self.act(|state| {
            let absent = !state.kept.contains_key(key);
            if absent {
                state.kept.insert(key.to_owned(), (value.to_vec(), lives));
            }
            absent
        });
        Box::pin(std::future::ready(done))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), SharedFault>> {
        let done = self.act(|state| {
            state.kept.remove(key);
        });
        Box::pin(std::future::ready(done))
    }
}
