//! `keybound demo`: a provider, an upstream, the gateway and a client in one process, and the story they tell.
//!
//! Everything listens on free ports of the loopback interface; the prefix is a temporary folder that is removed at
//! the end; every secret is made at start.

mod client;
mod echo;
mod folder;
mod paste;
mod provider;
mod screen;
mod setup;
mod stage;
mod story;

use std::sync::Arc;

use crate::clock::SystemClock;
use screen::Screen;
use stage::Stage;

/// Why the demo could not be shown to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoFault {
    /// A part could not start.
    #[error("the demo cannot start: {0}")]
    Start(String),
    /// A key could not be made or used.
    #[error("the demo cannot make a key: {0}")]
    Key(String),
    /// A request found no answer.
    #[error("{what}: {cause}")]
    Request {
        /// The request.
        what: String,
        /// What went wrong.
        cause: String,
    },
    /// An answer was not what the story needs to go on.
    #[error("{what}: unexpected answer {status}: {body}")]
    Answer {
        /// The request.
        what: String,
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// A signal ended it.
    #[error("the demo was interrupted")]
    Interrupted,
    /// Steps ended otherwise than they should.
    #[error("{0} of the demo's steps ended otherwise than they should")]
    Surprise(usize),
}

impl DemoFault {
    fn key(cause: impl std::fmt::Display) -> Self {
        Self::Key(cause.to_string())
    }

    fn start(cause: impl std::fmt::Display) -> Self {
        Self::Start(cause.to_string())
    }
}

/// Tells the story; with `serve`, keeps everything running afterwards until a signal ends it.
///
/// # Errors
/// [`DemoFault`]; [`DemoFault::Surprise`] when a step ended otherwise than it should.
pub fn run(serve: bool) -> Result<(), DemoFault> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(DemoFault::start)?;
    runtime.block_on(show(serve))
}

async fn show(serve: bool) -> Result<(), DemoFault> {
    let started = std::time::Instant::now();
    let screen = Screen::new();
    let stage = Stage::build(Arc::new(SystemClock)).await?;
    screen.opening(&stage);
    let outcome = tokio::select! {
        outcome = tell(&screen, &stage) => outcome,
        () = crate::start::termination() => Err(DemoFault::Interrupted),
    };
    match outcome {
        Ok(count) if serve => {
            screen.closing(count, started.elapsed());
            screen.paste(&stage);
            crate::start::termination().await;
            stage.close().await;
            Ok(())
        }
        Ok(count) => {
            stage.close().await;
            screen.closing(count, started.elapsed());
            Ok(())
        }
        Err(fault) => {
            stage.close().await;
            Err(fault)
        }
    }
}

async fn tell(screen: &Screen, stage: &Stage) -> Result<usize, DemoFault> {
    setup::configure(screen, stage).await?;
    story::tell(screen, stage).await
}
