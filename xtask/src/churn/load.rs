//! Load without a pause: each generator fires, and fires again.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::generator;

/// What a generator sends in one go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shot {
    pub(super) path: &'static str,
    pub(super) requests: u64,
    pub(super) connections: u64,
    /// The algorithm of the token, where there is one.
    pub(super) token: Option<&'static str>,
}

/// Generators at work.
pub(super) struct Load {
    goes_on: Arc<AtomicBool>,
    threads: Vec<JoinHandle<(u64, u64)>>,
}

impl Load {
    pub(super) fn start(generator: &Path, proxy: SocketAddr, folder: &Path, shots: &[Shot]) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let thread = |shot: &Shot| {
            let (generator, folder, shot) = (generator.to_owned(), folder.to_owned(), *shot);
            let goes_on = Arc::clone(&goes_on);
            std::thread::spawn(move || {
                let (mut requests, mut failed) = (0, 0);
                while goes_on.load(Ordering::Relaxed) {
                    let Some((some, of_them)) = fire(&generator, proxy, &folder, shot) else {
                        // A generator that does not work would not work the next time either.
                        return (requests + 1, failed + 1);
                    };
                    requests += some;
                    failed += of_them;
                }
                (requests, failed)
            })
        };
        let threads = shots.iter().map(thread).collect();
        Self { goes_on, threads }
    }

    /// Lets what is under way finish: how many requests there were, and how many failed.
    pub(super) fn end(self) -> (u64, u64) {
        self.goes_on.store(false, Ordering::Relaxed);
        // A thread that broke counts as one failure, so that it does not go unnoticed.
        let results = self.threads.into_iter().map(|thread| thread.join().unwrap_or((1, 1)));
        results.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }
}

fn fire(generator: &Path, proxy: SocketAddr, folder: &Path, shot: Shot) -> Option<(u64, u64)> {
    let sent = generator::Shot {
        address: &proxy.to_string(),
        path: shot.path,
        requests: shot.requests,
        connections: shot.connections,
        rate: 0.0,
        token: shot.token.map(|token| (folder, token)),
    };
    let said = generator::fire(Command::new(generator), &sent).and_then(|said| {
        if let Some(line) = said.failure() {
            println!("{}: {line}", shot.path);
        }
        said.counts()
    });
    said.inspect_err(|fault| println!("{fault}")).ok()
}
