//! The default engine: one SQLite file, readable by its owner only.

mod open;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::SqlitePool;
use tokio::sync::{Mutex, watch};

use crate::BoxFuture;
use crate::config::StoreFault;
use crate::seal::Sealing;
use crate::sql::{Dialect, Engine, Migrations, Purpose, Session, SqlStore, fault};

/// A configuration store in one file.
pub type SqliteStore = SqlStore<Sqlite>;

/// The file.
pub struct Sqlite {
    pool: SqlitePool,
    file: PathBuf,
    /// SQLite has one writer; waiting here keeps it from answering "busy".
    writing: Arc<Mutex<()>>,
}

impl SqlStore<Sqlite> {
    /// Opens the file, and makes it with an empty configuration when it is not there. Secrets are kept in plain text.
    ///
    /// # Errors
    /// [`StoreFault::Engine`] when the file cannot be opened, is no database, or was made by a newer version;
    /// [`StoreFault::Sealed`] when secrets in it are sealed.
    pub async fn open(file: &Path) -> Result<Self, StoreFault> {
        Self::open_sealed(file, None).await
    }

    /// As [`SqliteStore::open`], with keys that seal the secrets.
    ///
    /// # Errors
    /// As [`SqliteStore::open`]; [`StoreFault::Sealed`] when secrets were sealed with a key that is not at hand.
    pub async fn open_sealed(file: &Path, sealing: Option<Sealing>) -> Result<Self, StoreFault> {
        Self::prepare(Sqlite::open(file).await?, sealing).await
    }
}

impl Migrations<Sqlite> {
    /// The migrations of a file, which is made when it is not there.
    ///
    /// # Errors
    /// [`StoreFault::Engine`] when the file cannot be opened, or is no database.
    pub async fn sqlite(file: &Path) -> Result<Self, StoreFault> {
        Ok(Self::new(Sqlite::open(file).await?))
    }
}

impl Sqlite {
    async fn open(file: &Path) -> Result<Self, StoreFault> {
        Ok(Self { pool: open::open(file).await?, file: file.to_owned(), writing: Arc::default() })
    }
}

impl Engine for Sqlite {
    const DATABASE: &'static str = "sqlite";
    const DIALECT: Dialect =
        Dialect { text: "TEXT", number: "INTEGER", keyed: "STRICT, WITHOUT ROWID", plain: "STRICT" };

    fn begin(&self, purpose: Purpose) -> BoxFuture<'_, Result<Session, StoreFault>> {
        Box::pin(async move {
            if purpose == Purpose::Read {
                return Ok(Session::sqlite(self.pool.begin().await.map_err(fault)?, None));
            }
            let turn = Arc::clone(&self.writing).lock_owned().await;
            let transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(fault)?;
            Ok(Session::sqlite(transaction, Some(turn)))
        })
    }

    fn schema<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<i64, StoreFault>> {
        Box::pin(async move {
            let found: Option<(i64,)> = session
                .row("PRAGMA user_version", &[])
                .await
                .map_err(|fault| StoreFault::Engine(format!("{}: {fault}", self.file.display())))?;
            Ok(found.map_or(0, |(number,)| number))
        })
    }

    fn set_schema<'a>(
        &'a self,
        session: &'a mut Session,
        number: i64,
    ) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(session.script(format!("PRAGMA user_version = {number}")))
    }

    fn announce<'a>(
        &'a self,
        _session: &'a mut Session,
        _version: u64,
    ) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The file belongs to one process.
    fn changes(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    fn place(&self) -> String {
        self.file.display().to_string()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pool.close())
    }
}
