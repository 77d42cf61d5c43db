use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

/// A request's body for the plugins that must look into it. Nothing is read before a plugin asks.
pub trait BodySource: Send {
    /// The whole body, which stays available to later calls and to the upstream.
    ///
    /// # Errors
    /// [`BodyFault::TooLarge`] when it is longer than `limit` bytes, [`BodyFault::Broken`] when the client broke off
    /// or its framing is wrong.
    fn whole(&mut self, limit: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyFault>> + Send + '_>>;

    /// Puts another body in place of the client's: `content-length` is set by the gateway.
    fn replace(&mut self, body: Bytes);
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// Longer than the plugin is willing to hold.
    #[error("the request body is larger than allowed here")]
    TooLarge,
    /// The client broke off or the framing is wrong.
    #[error("the request body could not be read")]
    Broken,
}

/// The body of a request that has none.
#[derive(Debug, Default)]
pub struct NoBody;

impl BodySource for NoBody {
    fn whole(
        &mut self,
        _limit: usize,
    ) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyFault>> + Send + '_>> {
        Box::pin(std::future::ready(Ok(Bytes::new())))
    }

    fn replace(&mut self, _body: Bytes) {}
}
