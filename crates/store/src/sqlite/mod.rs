//! The default engine: one SQLite file, readable by its owner only.

mod open;
mod read;
mod write;

use std::path::Path;

use keybound_model::Record;
use keybound_model::entity::Descriptor;
use sqlx::SqlitePool;
use tokio::sync::Mutex;

use crate::BoxFuture;
use crate::config::{Change, Check, ConfigStore, Key, Page, Query, StoreFault, Versioned};

/// A configuration store in one file.
pub struct SqliteStore {
    pool: SqlitePool,
    /// SQLite has one writer; waiting here keeps it from answering "busy".
    writing: Mutex<()>,
}

impl SqliteStore {
    /// Opens the file, and makes it with an empty configuration when it is not there.
    ///
    /// # Errors
    /// [`StoreFault::Engine`] when the file cannot be opened, is no database, or was made by a newer version.
    pub async fn open(file: &Path) -> Result<Self, StoreFault> {
        Ok(Self { pool: open::open(file).await?, writing: Mutex::new(()) })
    }

    /// Closes the file after what is under way.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl ConfigStore for SqliteStore {
    fn database(&self) -> &'static str {
        "sqlite"
    }

    fn writable(&self) -> bool {
        true
    }

    fn find<'a>(
        &'a self,
        entity: &'static Descriptor,
        key: &'a Key,
    ) -> BoxFuture<'a, Result<Option<Record>, StoreFault>> {
        Box::pin(async move {
            let mut connection = self.pool.acquire().await.map_err(engine)?;
            read::find(&mut connection, entity, key).await
        })
    }

    fn list<'a>(
        &'a self,
        entity: &'static Descriptor,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Page, StoreFault>> {
        Box::pin(async move {
            let mut connection = self.pool.acquire().await.map_err(engine)?;
            read::list(&mut connection, entity, query).await
        })
    }

    fn apply<'a>(&'a self, changes: Vec<Change>, check: Check<'a>) -> BoxFuture<'a, Result<u64, StoreFault>> {
        Box::pin(async move {
            let _writing = self.writing.lock().await;
            let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(engine)?;
            for change in changes {
                write::change(&mut transaction, change).await?;
            }
            let version = write::next_version(&mut transaction).await?;
            let configuration = read::configuration(&mut transaction).await?;
            check(&configuration).map_err(StoreFault::Rejected)?;
            transaction.commit().await.map_err(engine)?;
            Ok(version)
        })
    }

    fn load(&self) -> BoxFuture<'_, Result<Versioned, StoreFault>> {
        Box::pin(async move {
            // One transaction, so that the version and the records belong together.
            let mut transaction = self.pool.begin().await.map_err(engine)?;
            let version = read::version(&mut transaction).await?;
            let configuration = read::configuration(&mut transaction).await?;
            Ok(Versioned { version, configuration })
        })
    }
}

#[allow(clippy::needless_pass_by_value)]
fn engine(error: sqlx::Error) -> StoreFault {
    StoreFault::Engine(error.to_string())
}
