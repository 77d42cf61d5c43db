use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keybound_model::catalog::NoPlugins;
use keybound_model::entity::{Descriptor, Fresh, PLUGINS};
use keybound_model::{Configuration, PluginCatalog, Record};
use keybound_store::config::{Change, ConfigStore, Key, Query, StoreFault};
use keybound_store::postgres::{PostgresOptions, PostgresStore, PostgresTls};
use keybound_store::seal::Sealing;
use keybound_store::sql::{Migration, Migrations, Status};
use keybound_store::sqlite::SqliteStore;
use keybound_suites::{POSTGRES_PASSWORD, POSTGRES_USER, PostgresServer};
use serde_json::{Value, json};
use sqlx::Connection as _;
use uuid::Uuid;

/// A store in a database of its own.
pub(crate) struct Lab {
    pub(crate) store: Arc<dyn ConfigStore>,
    pub(crate) home: Home,
}

/// Where a store is.
pub(crate) enum Home {
    Sqlite(PathBuf, tempfile::TempDir),
    Postgres(PostgresOptions),
}

impl Lab {
    pub(crate) async fn sqlite() -> Self {
        Self::at(Home::sqlite()).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::at(Home::postgres()).await
    }

    async fn at(home: Home) -> Self {
        Self { store: home.open(None).await.unwrap(), home }
    }

    /// Closes the store and opens it again.
    pub(crate) async fn reopen(self, sealing: Option<Sealing>) -> Result<Self, (StoreFault, Home)> {
        self.store.close().await;
        match self.home.open(sealing).await {
            Ok(store) => Ok(Self { store, home: self.home }),
            Err(fault) => Err((fault, self.home)),
        }
    }

    pub(crate) async fn add(&self, entity: &'static Descriptor, body: Value) -> Record {
        let record = record(entity, body);
        self.store.apply(vec![insert(entity, &record)], &any).await.unwrap();
        record
    }

    pub(crate) async fn add_plugin(&self, body: &Value) -> Record {
        let record = plugin_of(body);
        self.store.apply(vec![insert(&PLUGINS, &record)], &any).await.unwrap();
        record
    }

    pub(crate) async fn try_add(&self, entity: &'static Descriptor, body: Value) -> Result<u64, StoreFault> {
        self.store.apply(vec![insert(entity, &record(entity, body))], &any).await
    }

    pub(crate) async fn delete(
        &self,
        entity: &'static Descriptor,
        record: &Record,
    ) -> Result<u64, StoreFault> {
        self.store.apply(vec![Change::Delete { entity, id: id(record) }], &any).await
    }

    pub(crate) async fn get(&self, entity: &'static Descriptor, record: &Record) -> Option<Record> {
        self.store.find(entity, &Key::Id(id(record))).await.unwrap()
    }
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::Sqlite(folder.path().join("keybound.db"), folder)
    }

    /// A schema of its own on the suite's server.
    pub(crate) fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        Self::Postgres(options(PostgresServer::shared(), &format!("test_{number}")))
    }

    pub(crate) async fn open(&self, sealing: Option<Sealing>) -> Result<Arc<dyn ConfigStore>, StoreFault> {
        Ok(match self {
            Self::Sqlite(file, _) => Arc::new(SqliteStore::open_sealed(file, sealing).await?),
            Self::Postgres(options) => Arc::new(PostgresStore::open(options.clone(), sealing).await?),
        })
    }

    pub(crate) async fn status(&self) -> Result<Status, StoreFault> {
        match self {
            Self::Sqlite(file, _) => Migrations::sqlite(file).await?.status().await,
            Self::Postgres(options) => Migrations::postgres(options.clone()).await?.status().await,
        }
    }

    pub(crate) async fn up(&self) -> Result<Vec<Migration>, StoreFault> {
        match self {
            Self::Sqlite(file, _) => Migrations::sqlite(file).await?.up().await,
            Self::Postgres(options) => Migrations::postgres(options.clone()).await?.up().await,
        }
    }

    pub(crate) async fn reset(&self) -> Result<bool, StoreFault> {
        match self {
            Self::Sqlite(file, _) => Migrations::sqlite(file).await?.reset().await,
            Self::Postgres(options) => Migrations::postgres(options.clone()).await?.reset().await,
        }
    }

    /// Runs a statement behind the store's back.
    pub(crate) async fn sql(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(file, _) => {
                let url = format!("sqlite://{}", file.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await?;
                sqlx::query(sql).execute(&mut connection).await.map(|done| done.rows_affected())
            }
            Self::Postgres(options) => {
                let mut connection = connection(options).await;
                sqlx::query(sql).execute(&mut connection).await.map(|done| done.rows_affected())
            }
        }
    }

    /// Every text in the database, for secrets to be looked for in it.
    pub(crate) async fn dump(&self) -> String {
        let sql = "SELECT body AS text FROM records UNION ALL SELECT value FROM record_keys \
                   UNION ALL SELECT value FROM store_secrets";
        let rows: Vec<String> = match self {
            Self::Sqlite(file, _) => {
                let url = format!("sqlite://{}", file.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
            }
            Self::Postgres(options) => {
                sqlx::query_scalar(sql).fetch_all(&mut connection(options).await).await.unwrap()
            }
        };
        rows.join("\n")
    }
}

async fn connection(options: &PostgresOptions) -> sqlx::PgConnection {
    let connect = sqlx::postgres::PgConnectOptions::new_without_pgpass()
        .host(&options.host)
        .port(options.port)
        .username(&options.user)
        .password(options.password.as_deref().unwrap_or_default())
        .database(&options.database)
        .options([("search_path", options.schema.as_deref().unwrap_or("public"))]);
    sqlx::PgConnection::connect_with(&connect).await.unwrap()
}

/// A schema of a server.
pub(crate) fn options(server: &PostgresServer, schema: &str) -> PostgresOptions {
    PostgresOptions {
        host: "127.0.0.1".into(),
        port: server.port,
        user: POSTGRES_USER.into(),
        password: Some(POSTGRES_PASSWORD.into()),
        database: "postgres".into(),
        schema: Some(schema.into()),
        // As long as a busy machine needs; what is to fail in time says so itself.
        timeout: Duration::from_secs(30),
        pool_size: 10,
        idle: None,
        tls: PostgresTls::Off,
        poll: Duration::from_secs(60),
    }
}

pub(crate) fn record(entity: &Descriptor, body: Value) -> Record {
    record_of(entity, body, &NoPlugins)
}

pub(crate) fn record_of(entity: &Descriptor, body: Value, catalog: &dyn PluginCatalog) -> Record {
    let fresh = Fresh::new(Uuid::new_v4(), 1000);
    entity.validate_insert(body.as_object().unwrap().clone(), fresh, catalog).unwrap()
}

pub(crate) fn id(record: &Record) -> Uuid {
    record["id"].as_str().unwrap().parse().unwrap()
}

pub(crate) fn insert(entity: &'static Descriptor, record: &Record) -> Change {
    Change::Insert { entity, record: record.clone() }
}

/// The record with another value in one field.
pub(crate) fn with(
    entity: &'static Descriptor,
    previous: &Record,
    field: &str,
    value: impl Into<Value>,
) -> Change {
    let mut record = previous.clone();
    record.insert(field.into(), value.into());
    Change::Replace { entity, previous: previous.clone(), record }
}

pub(crate) fn any(_: &Configuration) -> Result<(), String> {
    Ok(())
}

pub(crate) fn page(size: usize) -> Query {
    Query { size, ..Query::default() }
}

/// A plugin that no catalog knows, with these fields and the usual others.
pub(crate) fn plugin_of(body: &Value) -> Record {
    let mut record = body.as_object().unwrap().clone();
    for (field, value) in [
        ("id", json!(Uuid::new_v4().to_string())),
        ("config", json!({})),
        ("enabled", json!(true)),
        ("protocols", json!(["http"])),
        ("created_at", json!(1)),
        ("updated_at", json!(1)),
    ] {
        record.insert(field.into(), value);
    }
    for field in ["service", "route", "consumer", "consumer_group", "instance_name", "tags"] {
        record.entry(field).or_insert(Value::Null);
    }
    record
}
