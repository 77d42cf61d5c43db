use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, SqlitePool};

use crate::config::StoreFault;

pub(super) async fn open(file: &Path) -> Result<SqlitePool, StoreFault> {
    owner_only(file).map_err(|error| StoreFault::Engine(format!("{}: {error}", file.display())))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5));
    let named = |error: sqlx::Error| StoreFault::Engine(format!("{}: {error}", file.display()));
    SqlitePoolOptions::new()
        .max_connections(4)
        // SQLite ends a transaction by itself when the disk is full, and sqlx goes on counting it: such a connection can begin no
        // other, and is not used again.
        .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
        .connect_with(options)
        .await
        .map_err(named)
}

/// Makes the file readable by its owner only before anything is in it: it will hold secrets.
fn owner_only(file: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}
