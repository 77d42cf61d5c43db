use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use crate::panics::panic_text;

/// How long what died is left alone before it is begun again.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Runs something until it ends by itself. When it dies, the log says so, and it is begun again; it is told how often it was
/// begun before.
pub(super) fn keep_alive(pause: Duration, mut run: impl FnMut(u64) -> io::Result<()>) {
    let mut times = 0;
    loop {
        // What it leaves half done is its own, and gone; what it shares is looked through when it is begun again.
        let cause = match catch_unwind(AssertUnwindSafe(|| run(times))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => said(&*panic),
        };
        tracing::error!(%cause, "what resolves names and checks targets died: it is begun again");
        times += 1;
        let until = Instant::now() + pause;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
    }
}

/// The same for one task of it.
pub(super) async fn keep_task_alive<F: Future<Output = ()>>(mut run: impl FnMut() -> F) {
    while let Err(panic) = AssertUnwindSafe(run()).catch_unwind().await {
        let cause = said(&*panic);
        tracing::error!(%cause, "what checks the targets of an upstream died: it is begun again");
        tokio::time::sleep(PAUSE).await;
    }
}

/// What a panic said, for the log.
fn said(panic: &(dyn Any + Send)) -> String {
    panic_text(panic).unwrap_or("a panic").to_owned()
}

#[cfg(test)]
#[allow(clippy::panic, reason = "it must die")]
mod tests {
    use super::*;

    #[test]
    fn what_dies_is_begun_again_until_it_ends_by_itself() {
        let mut begun = Vec::new();
        keep_alive(Duration::ZERO, |times| {
            begun.push(times);
            match times {
                0 => panic!("a mistake"),
                1 => Err(io::ErrorKind::OutOfMemory.into()),
                _ => Ok(()),
            }
        });
        assert_eq!(begun, [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_not_begun_again() {
        let mut begun = 0;
        keep_task_alive(|| {
            begun += 1;
            std::future::ready(())
        })
        .await;
        assert_eq!(begun, 1);
    }
}
