//! The engine for several nodes: one PostgreSQL database.
//!
//! A write locks the row of the version first, so that writers of all nodes come one after the other, each seeing what the
//! one before it left: no update is lost, and what is checked is what is committed. The other nodes hear of the version by
//! `NOTIFY`, and look for it now and then in case they did not.

mod options;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::{Mutex, watch};

use crate::BoxFuture;
use crate::config::StoreFault;
use crate::seal::Sealing;
use crate::sql::{Dialect, Engine, Migrations, Purpose, Session, SqlStore, fault, within};

pub use options::{PostgresOptions, PostgresTls};
use watching::Watching;

/// A configuration store in a PostgreSQL database.
pub type PostgresStore = SqlStore<Postgres>;

/// The number of the advisory lock under which tables are made and changed.
const LOCK: i64 = 0x6b65_7962_6f75_6e64;

/// How many times the patience for one statement a writer waits for those before it.
const QUEUE: u32 = 4;

/// How long another node may take to change the tables.
const MIGRATION: Duration = Duration::from_secs(60);

/// The database.
pub struct Postgres {
    pool: PgPool,
    options: PostgresOptions,
    /// Writers of this process queue here, so that they do not take all connections for it.
    writing: Arc<Mutex<()>>,
    watching: Option<Watching>,
}

impl SqlStore<Postgres> {
    /// Connects, brings the tables up to date, and follows what other nodes write.
    ///
    /// # Errors
    /// [`StoreFault::Unreachable`] when the server is not there in time; [`StoreFault::Engine`] when it refuses, or the tables
    /// were made by a newer version; [`StoreFault::Sealed`] when secrets were sealed with a key that is not at hand.
    pub async fn open(options: PostgresOptions, sealing: Option<Sealing>) -> Result<Self, StoreFault> {
        let mut store = Self::prepare(Postgres::connect(options).await?, sealing).await?;
        let (pool, options) = (store.engine.pool.clone(), store.engine.options.clone());
        let version = store.version().await?;
        store.engine.watching = Some(Watching::start(pool, options, version));
        Ok(store)
    }
}

impl Migrations<Postgres> {
    /// The migrations of a database.
    ///
    /// # Errors
    /// [`StoreFault::Unreachable`] when the server is not there in time; [`StoreFault::Engine`] when it refuses.
    pub async fn postgres(options: PostgresOptions) -> Result<Self, StoreFault> {
        Ok(Self::new(Postgres::connect(options).await?))
    }
}

impl Postgres {
    async fn connect(options: PostgresOptions) -> Result<Self, StoreFault> {
        let connect = options.connect()?;
        let pool = PgPoolOptions::new()
            .max_connections(options.pool_size)
            .acquire_timeout(options.timeout)
            .idle_timeout(options.idle)
            .connect_with(connect.clone());
        let pool = match pool.await {
            Ok(pool) => pool,
            // The pool waits for a server that is starting, and then only says that it waited: one more attempt says why.
            Err(sqlx::Error::PoolTimedOut) => {
                let cause = within(options.timeout, PgConnection::connect_with(&connect)).await.err();
                let cause = cause.unwrap_or_else(|| StoreFault::Unreachable("no answer in time".to_owned()));
                return Err(at(&options, cause));
            }
            Err(error) => return Err(at(&options, fault(error))),
        };
        Ok(Self { pool, options, writing: Arc::default(), watching: None })
    }

    async fn write(&self) -> Result<Session, StoreFault> {
        let queue = self.options.timeout * QUEUE;
        let turn = tokio::time::timeout(queue, Arc::clone(&self.writing).lock_owned()).await;
        let turn = turn.map_err(|_| {
            StoreFault::Unreachable(format!(
                "writes before this one did not end within {} s",
                queue.as_secs()
            ))
        })?;
        let transaction = within(self.options.timeout, self.pool.begin()).await?;
        let mut session = Session::postgres(transaction, self.options.timeout, Some(turn));
        session.rows::<(i64,)>("SELECT number FROM version FOR UPDATE", &[]).await?;
        Ok(session)
    }

    async fn migrate(&self) -> Result<Session, StoreFault> {
        let transaction = within(self.options.timeout, self.pool.begin()).await?;
        let mut session = Session::postgres(transaction, self.options.timeout.max(MIGRATION), None);
        session.execute("SELECT pg_advisory_xact_lock($1)", &[LOCK.into()]).await?;
        if let Some(schema) = self.options.quoted_schema() {
            let sql = "SELECT nspname::text FROM pg_namespace WHERE nspname = $1";
            let there: Option<(String,)> = session.row(sql, &[self.options.schema.as_deref().into()]).await?;
            if there.is_none() {
                session.script(format!("CREATE SCHEMA {schema}")).await?;
            }
        }
        if self.schema(&mut session).await? == 0 {
            let kongs: Option<(Option<String>,)> =
                session.row("SELECT to_regclass('schema_meta')::text", &[]).await?;
            if kongs.and_then(|(name,)| name).is_some() {
                let place = self.options.place();
                tracing::warn!(
                    place,
                    "Kong's own tables are there too, and are not read: import what they hold"
                );
            }
        }
        session
            .script("CREATE TABLE IF NOT EXISTS keybound_schema (number BIGINT NOT NULL)".to_owned())
            .await?;
        Ok(session)
    }
}

/// The fault with the name of the database.
fn at(options: &PostgresOptions, fault: StoreFault) -> StoreFault {
    let place = options.place();
    match fault {
        StoreFault::Unreachable(cause) => StoreFault::Unreachable(format!("{place}: {cause}")),
        StoreFault::Engine(cause) => StoreFault::Engine(format!("{place}: {cause}")),
        other => other,
    }
}

impl Engine for Postgres {
    const DATABASE: &'static str = "postgres";
    // The order of ids and the equality of texts must not depend on the database's locale.
    const DIALECT: Dialect = Dialect { text: "TEXT COLLATE \"C\"", number: "BIGINT", keyed: "", plain: "" };

    fn begin(&self, purpose: Purpose) -> BoxFuture<'_, Result<Session, StoreFault>> {
        Box::pin(async move {
            match purpose {
                Purpose::Read => {
                    let begin = self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                    let transaction = within(self.options.timeout, begin).await?;
                    Ok(Session::postgres(transaction, self.options.timeout, None))
                }
                Purpose::Write => self.write().await,
                Purpose::Migrate => self.migrate().await,
            }
        })
    }

    fn schema<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<i64, StoreFault>> {
        Box::pin(async move {
            let table: Option<(Option<String>,)> =
                session.row("SELECT to_regclass('keybound_schema')::text", &[]).await?;
            if table.and_then(|(name,)| name).is_none() {
                return Ok(0);
            }
            let found: Option<(i64,)> = session.row("SELECT number FROM keybound_schema", &[]).await?;
            Ok(found.map_or(0, |(number,)| number))
        })
    }

    fn set_schema<'a>(
        &'a self,
        session: &'a mut Session,
        number: i64,
    ) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            session.execute("DELETE FROM keybound_schema", &[]).await?;
            session.execute("INSERT INTO keybound_schema (number) VALUES ($1)", &[number.into()]).await?;
            Ok(())
        })
    }

    fn announce<'a>(
        &'a self,
        session: &'a mut Session,
        version: u64,
    ) -> BoxFuture<'a, Result<(), StoreFault>> {
        Box::pin(async move {
            let (channel, version) = (self.options.channel(), version.to_string());
            let values = [(&channel).into(), (&version).into()];
            session.execute("SELECT pg_notify($1, $2)", &values).await.map(drop)
        })
    }

    fn changes(&self) -> Option<watch::Receiver<u64>> {
        self.watching.as_ref().map(Watching::versions)
    }

    fn place(&self) -> String {
        self.options.place()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(watching) = &self.watching {
                watching.stop();
            }
            // Connections to a server that is gone cannot be closed in good order.
            let _ = tokio::time::timeout(self.options.timeout, self.pool.close()).await;
        })
    }
}
