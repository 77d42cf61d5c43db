use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::engine;
use crate::config::StoreFault;

/// The number of the schema that this version reads and writes.
const SCHEMA: i64 = 1;

pub(super) async fn open(file: &Path) -> Result<SqlitePool, StoreFault> {
    owner_only(file).map_err(|error| StoreFault::Engine(format!("{}: {error}", file.display())))?;
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5));
    let named = |error: sqlx::Error| StoreFault::Engine(format!("{}: {error}", file.display()));
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await.map_err(named)?;
    prepare(&pool, file).await?;
    Ok(pool)
}

/// Makes the file readable by its owner only before anything is in it: it will hold secrets.
fn owner_only(file: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

async fn prepare(pool: &SqlitePool, file: &Path) -> Result<(), StoreFault> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(engine)?;
    let found: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await.map_err(engine)?;
    match found {
        0 => {
            sqlx::raw_sql(include_str!("schema.sql")).execute(&mut *transaction).await.map_err(engine)?;
            sqlx::raw_sql("PRAGMA user_version = 1").execute(&mut *transaction).await.map_err(engine)?;
            transaction.commit().await.map_err(engine)
        }
        SCHEMA => Ok(()),
        newer => Err(StoreFault::Engine(format!(
            "{}: schema {newer} is not known to this version, which writes schema {SCHEMA}",
            file.display()
        ))),
    }
}
