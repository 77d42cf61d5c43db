//! What the database engines share: the tables, the statements, the rules.
//!
//! SQLite and PostgreSQL take the same statements with the same meaning, so there is one set of them. An [`Engine`] is what
//! is left: how a transaction begins, and how other nodes learn of it.

mod delete;
mod engine;
mod fault;
mod keys;
mod migrate;
mod read;
mod reseal;
mod root;
mod session;
mod write;

use keybound_model::Record;
use keybound_model::entity::Descriptor;
use tokio::sync::watch;

use crate::BoxFuture;
use crate::config::{Change, Check, ConfigStore, Key, Page, Query, StoreFault, Versioned};
use crate::seal::{Sealer, Sealing};

pub use engine::{Dialect, Engine, Purpose};
pub(crate) use fault::fault;
pub use migrate::{Migration, Migrations, Status};
pub use session::Session;
pub(crate) use session::within;

/// A configuration store in a database.
pub struct SqlStore<E> {
    pub(crate) engine: E,
    sealer: Option<Sealer>,
}

impl<E: Engine> SqlStore<E> {
    /// Brings the tables up to date, and the secrets under the newest key.
    pub(crate) async fn prepare(engine: E, sealing: Option<Sealing>) -> Result<Self, StoreFault> {
        migrate::up(&engine).await?;
        let sealer = reseal::prepare(&engine, sealing).await?;
        Ok(Self { engine, sealer })
    }

    pub(crate) async fn version(&self) -> Result<u64, StoreFault> {
        let mut session = self.engine.begin(Purpose::Read).await?;
        read::version(&mut session).await
    }

    async fn write(&self, changes: Vec<Change>, check: Check<'_>) -> Result<u64, StoreFault> {
        let mut session = self.engine.begin(Purpose::Write).await?;
        let sealer = self.sealer.as_ref();
        for change in changes {
            write::change(&mut session, sealer, change).await?;
        }
        let version = write::next_version(&mut session).await?;
        let configuration = read::configuration(&mut session, sealer).await?;
        check(&configuration).map_err(StoreFault::Rejected)?;
        self.engine.announce(&mut session, version).await?;
        session.commit().await?;
        Ok(version)
    }
}

impl<E: Engine> ConfigStore for SqlStore<E> {
    fn database(&self) -> &'static str {
        E::DATABASE
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
            let mut session = self.engine.begin(Purpose::Read).await?;
            read::find(&mut session, self.sealer.as_ref(), entity, key).await
        })
    }

    fn list<'a>(
        &'a self,
        entity: &'static Descriptor,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<Page, StoreFault>> {
        Box::pin(async move {
            let mut session = self.engine.begin(Purpose::Read).await?;
            read::list(&mut session, self.sealer.as_ref(), entity, query).await
        })
    }

    fn apply<'a>(&'a self, changes: Vec<Change>, check: Check<'a>) -> BoxFuture<'a, Result<u64, StoreFault>> {
        Box::pin(self.write(changes, check))
    }

    fn load(&self) -> BoxFuture<'_, Result<Versioned, StoreFault>> {
        Box::pin(async move {
            // One transaction, so that the version and the records belong together.
            let mut session = self.engine.begin(Purpose::Read).await?;
            let version = read::version(&mut session).await?;
            let configuration = read::configuration(&mut session, self.sealer.as_ref()).await?;
            Ok(Versioned { version, configuration })
        })
    }

    fn root_secret(&self, candidate: [u8; 32]) -> BoxFuture<'_, Result<Option<[u8; 32]>, StoreFault>> {
        Box::pin(async move { root::secret(&self.engine, self.sealer.as_ref(), candidate).await.map(Some) })
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.engine.changes()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.engine.close()
    }
}
