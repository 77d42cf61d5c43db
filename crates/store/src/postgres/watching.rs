use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::options::PostgresOptions;
use crate::config::StoreFault;
use crate::sql::within;

/// The pauses between attempts to reach a server that is away: the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// A task that follows the version, whoever writes it.
pub(super) struct Watching {
    versions: watch::Receiver<u64>,
    task: AbortHandle,
}

impl Watching {
    /// Follows from this version on.
    pub(super) fn start(pool: PgPool, options: PostgresOptions, version: u64) -> Self {
        let (sender, versions) = watch::channel(version);
        let task = tokio::spawn(Follower { pool, options, sender }.run()).abort_handle();
        Self { versions, task }
    }

    pub(super) fn versions(&self) -> watch::Receiver<u64> {
        self.versions.clone()
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Follower {
    pool: PgPool,
    options: PostgresOptions,
    sender: watch::Sender<u64>,
}

impl Follower {
    async fn run(self) {
        let (first, longest) = PAUSES;
        let mut pause = first;
        let mut away = false;
        loop {
            let cause = match self.listen().await {
                Ok(listener) => {
                    if away {
                        tracing::info!("the configuration store is reached again");
                    }
                    (away, pause) = (false, first);
                    match self.follow(listener).await {
                        Some(cause) => cause,
                        None => {
                            tracing::debug!("a notification of the configuration store did not arrive");
                            continue;
                        }
                    }
                }
                Err(cause) => cause,
            };
            if self.pool.is_closed() {
                return;
            }
            if !away {
                away = true;
                tracing::warn!(%cause, "the configuration store is out of reach: what was read last goes on serving");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// A connection that listens, on which nothing was missed: the version was read after it began to.
    async fn listen(&self) -> Result<PgListener, StoreFault> {
        let patience = self.options.timeout;
        let own = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(patience)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(self.options.connect()?);
        let mut listener = within(patience, PgListener::connect_with(&own)).await?;
        listener.eager_reconnect(false);
        within(patience, listener.listen(&self.options.channel())).await?;
        self.look().await?;
        Ok(listener)
    }

    /// Takes notifications until the connection breaks, and answers why; or until one did not arrive.
    async fn follow(&self, mut listener: PgListener) -> Option<StoreFault> {
        loop {
            match tokio::time::timeout(self.options.poll, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => match notification.payload().parse() {
                    Ok(version) => self.saw(version),
                    Err(_) => tracing::warn!("a notification of the configuration store holds no version"),
                },
                Ok(Ok(None)) => return Some(StoreFault::Unreachable("the connection ended".to_owned())),
                Ok(Err(error)) => return Some(crate::sql::fault(error)),
                Err(_) => match self.look().await {
                    Ok(false) => {}
                    Ok(true) => return None,
                    Err(fault) => return Some(fault),
                },
            }
        }
    }

    /// Reads the version; answers whether it was news.
    async fn look(&self) -> Result<bool, StoreFault> {
        let query = sqlx::query_scalar("SELECT number FROM version");
        let found: i64 = within(self.options.timeout, query.fetch_one(&self.pool)).await?;
        let version = u64::try_from(found).unwrap_or(0);
        let news = *self.sender.borrow() != version;
        self.saw(version);
        Ok(news)
    }

    fn saw(&self, version: u64) {
        self.sender.send_if_modified(|known| std::mem::replace(known, version) != version);
    }
}
