use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// One look at a time: however many ask, they take no more than one thread.
static TURN: Semaphore = Semaphore::const_new(1);

/// Looks into the process on a thread where nobody else waits: neither the Admin API nor calls to providers.
pub(super) async fn aside<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> T {
    // The semaphore is never closed. The turn lasts as long as the look, also when nobody waits for it any more.
    let turn = TURN.acquire().await.ok();
    let looked = spawn_blocking(move || {
        let _turn = turn;
        look()
    });
    match looked.await {
        Ok(looked) => looked,
        Err(panic) => std::panic::resume_unwind(Box::new(panic)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[tokio::test]
    async fn one_looks_at_a_time_and_the_runtime_goes_on_meanwhile() {
        let (looking, (enter, entered)) = (Arc::new(AtomicUsize::new(0)), std::sync::mpsc::channel::<()>());
        let entered = Arc::new(std::sync::Mutex::new(entered));
        let looks: Vec<_> = (0..8)
            .map(|_| {
                let (looking, entered) = (Arc::clone(&looking), Arc::clone(&entered));
                tokio::spawn(aside(move || {
                    let others = looking.fetch_add(1, SeqCst);
                    // Whoever lets it go on is a task of the same thread.
                    entered.lock().unwrap().recv().unwrap();
                    looking.fetch_sub(1, SeqCst);
                    others
                }))
            })
            .collect();
        for look in looks {
            enter.send(()).unwrap();
            assert_eq!(look.await.unwrap(), 0);
        }
    }
}
