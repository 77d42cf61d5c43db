//! What a request waited for at providers, for whoever wants to know.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::time::{Duration, Instant};

use crate::fault::{Call, ProviderFault};
use crate::flight::Flight;

thread_local! {
    /// What the work that is polled now waited for; `None` when nobody wants to know.
    static WAITS: RefCell<Option<Vec<Wait>>> = const { RefCell::new(None) };
}

/// A call that a request waited for, whoever began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// What it was for.
    pub call: Call,
    /// When the request began to wait.
    pub started: Instant,
    /// How long it did.
    pub took: Duration,
    /// The code of what went wrong.
    pub fault: Option<&'static str>,
}

/// Does the work, and tells what it waited for at providers.
pub async fn watched<T>(work: impl Future<Output = T>) -> (T, Vec<Wait>) {
    let mut work = std::pin::pin!(work);
    let mut waits = Vec::new();
    let output = poll_fn(|context| {
        // Other work is polled on this thread between two polls of this one.
        let before = WAITS.with(|place| place.replace(Some(std::mem::take(&mut waits))));
        let polled = work.as_mut().poll(context);
        waits = WAITS.with(|place| place.replace(before)).unwrap_or_default();
        polled
    })
    .await;
    (output, waits)
}

/// Waits for a call, and notes it.
pub(crate) async fn landed<T: Clone>(call: Call, flight: Flight<T>) -> Result<T, ProviderFault> {
    let started = Instant::now();
    let result = flight.await;
    let fault = result.as_ref().err().map(ProviderFault::code);
    WAITS.with(|place| {
        if let Some(waits) = &mut *place.borrow_mut() {
            waits.push(Wait { call, started, took: started.elapsed(), fault });
        }
    });
    result
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn work_is_told_what_it_waited_for_and_nothing_of_others() {
        let flight = || async { Ok::<_, ProviderFault>(7) }.boxed().shared();
        let other = landed(Call::Metadata, flight());
        let work = watched(async {
            tokio::task::yield_now().await;
            landed(Call::Keys, flight()).await.unwrap()
        });
        let ((output, waits), _) = tokio::join!(work, other);
        assert_eq!(output, 7);
        assert_eq!(
            waits.iter().map(|wait| (wait.call, wait.fault)).collect::<Vec<_>>(),
            [(Call::Keys, None)]
        );
    }
}
