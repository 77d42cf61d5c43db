use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use keybound_plugins::fault::RequestFault;
use tokio::time::Instant;

/// How far the sending of a body is, for the request that waits for the response.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// When the body was read to its end, or dropped before.
    ended: OnceLock<Instant>,
    /// The client's fault that cut it; 0 for none.
    fault: AtomicU8,
    answered: AtomicBool,
    moved: AtomicU32,
    waits: AtomicBool,
}

impl Progress {
    const BROKEN: u8 = 1;
    const TIMEOUT: u8 = 2;
    const TOO_LARGE: u8 = 3;

    /// The body was read to its end, or dropped before.
    pub(super) fn done(&self) {
        self.ended.get_or_init(Instant::now);
    }

    /// The body was cut.
    pub(super) fn cut(&self, fault: RequestFault) {
        let how = match fault {
            RequestFault::Timeout => Self::TIMEOUT,
            RequestFault::BodyTooLarge => Self::TOO_LARGE,
            _ => Self::BROKEN,
        };
        self.fault.store(how, Ordering::Relaxed);
    }

    /// Notes whether the client is waited for.
    pub(super) fn set_waits(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
    }

    /// Notes that a piece came.
    pub(super) fn move_on(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether nothing more is to be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.ended().is_some()
    }

    /// When the body was read to its end, or dropped before.
    pub(crate) fn ended(&self) -> Option<Instant> {
        self.ended.get().copied()
    }

    /// Notes that the head of the response is there.
    pub(crate) fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Whether the client is waited for.
    pub(crate) fn waits(&self) -> bool {
        self.waits.load(Ordering::Relaxed)
    }

    /// How many pieces have come from the client.
    pub(crate) fn moved(&self) -> u32 {
        self.moved.load(Ordering::Relaxed)
    }

    /// The client's fault that cut the body.
    pub(crate) fn fault(&self) -> Option<RequestFault> {
        match self.fault.load(Ordering::Relaxed) {
            Self::BROKEN => Some(RequestFault::Framing),
            Self::TIMEOUT => Some(RequestFault::Timeout),
            Self::TOO_LARGE => Some(RequestFault::BodyTooLarge),
            _ => None,
        }
    }
}
