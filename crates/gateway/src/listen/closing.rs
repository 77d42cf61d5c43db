use tokio::sync::watch;

/// How many workers accept no connection any more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Closed(watch::Sender<usize>);

/// Waits for the moment of a stop from which on nothing is accepted: what still runs are requests in flight.
#[derive(Debug, Clone)]
pub struct Closing {
    closed: watch::Receiver<usize>,
    workers: usize,
}

impl Closed {
    /// One more worker does not.
    pub(crate) fn one_more(&self) {
        self.0.send_modify(|workers| *workers += 1);
    }

    pub(crate) fn by(&self, workers: usize) -> Closing {
        Closing { closed: self.0.subscribe(), workers }
    }
}

impl Closing {
    /// Ready once no worker accepts any more, or none is left.
    pub async fn closed(mut self) {
        // An error means that the gateway is gone, and its sockets with it.
        let _ = self.closed.wait_for(|closed| *closed >= self.workers).await;
    }
}
