//! One call for everybody who waits for the same thing.

use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::runtime::Handle;

use crate::fault::{Call, Cause, ProviderFault};

/// A call under way that any number of requests can await. It goes on when all of them give up.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, Result<T, ProviderFault>>>;

/// Starts a call on `runtime`. A call that panics, or whose runtime stops, ends as [`Cause::Interrupted`].
pub(crate) fn launch<T, F>(runtime: &Handle, call: Call, work: F) -> Flight<T>
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ProviderFault>> + Send + 'static,
{
    let task = runtime.spawn(work);
    async move {
        match task.await {
            Ok(result) => result,
            Err(_) => Err(ProviderFault::new(call, Cause::Interrupted)),
        }
    }
    .boxed()
    .shared()
}
