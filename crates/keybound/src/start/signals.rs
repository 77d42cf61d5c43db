use tokio::signal::unix::{Signal, SignalKind, signal};

use super::StartFault;

/// The signals that the process listens to, from the moment this is made.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hang_up: Signal,
    user_1: Signal,
    user_2: Signal,
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// SIGTERM, SIGINT, SIGQUIT: stop, after the requests in flight.
    Stop,
    /// SIGHUP: read the configuration again.
    Reload,
    /// SIGUSR2: hand over to the binary that stands in this one's place.
    Upgrade,
    /// SIGUSR1: open log files again.
    Reopen,
}

impl Signals {
    pub(super) fn listen() -> Result<Self, StartFault> {
        let on = |kind| {
            signal(kind).map_err(|error| StartFault::System { what: "signals", cause: error.to_string() })
        };
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            quit: on(SignalKind::quit())?,
            hang_up: on(SignalKind::hangup())?,
            user_1: on(SignalKind::user_defined1())?,
            user_2: on(SignalKind::user_defined2())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.quit.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
            _ = self.user_1.recv() => Asked::Reopen,
            _ = self.user_2.recv() => Asked::Upgrade,
        }
    }

    /// Waits for the next one that asks for the end. Log files are opened again meanwhile: whoever moved them counts on it.
    pub(super) async fn stop_again(&mut self) {
        loop {
            match self.next().await {
                Asked::Stop => return,
                Asked::Reopen => crate::logging::reopen(),
                Asked::Reload | Asked::Upgrade => {}
            }
        }
    }
}
