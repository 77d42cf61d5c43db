use std::time::Duration;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::{Query, QueryAs};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, FromRow, Postgres, Sqlite, Transaction};
use tokio::sync::OwnedMutexGuard;

use super::fault::fault;
use crate::config::StoreFault;

/// A transaction of either engine. The statements are the same for both; parameters are written `$1`, `$2`.
pub struct Session {
    to: To,
    /// Held by a writer until it has ended.
    _turn: Option<OwnedMutexGuard<()>>,
}

enum To {
    Sqlite(Transaction<'static, Sqlite>),
    /// With the time that each statement may take: the server may be gone without a word.
    Postgres(Transaction<'static, Postgres>, Duration),
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bind<'a> {
    Text(Option<&'a str>),
    Number(i64),
}

impl<'a> From<&'a str> for Bind<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Bind<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Bind<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Bind<'_> {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A row that both engines can give.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<R> Row for R where R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl Session {
    pub(crate) fn sqlite(
        transaction: Transaction<'static, Sqlite>,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Self {
        Self { to: To::Sqlite(transaction), _turn: turn }
    }

    pub(crate) fn postgres(
        transaction: Transaction<'static, Postgres>,
        patience: Duration,
        turn: Option<OwnedMutexGuard<()>>,
    ) -> Self {
        Self { to: To::Postgres(transaction, patience), _turn: turn }
    }

    /// Runs a statement; answers how many rows it changed.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        values: &[Bind<'_>],
    ) -> Result<u64, StoreFault> {
        match &mut self.to {
            To::Sqlite(transaction) => {
                let query = values.iter().fold(sqlx::query(sql), to_sqlite);
                query.execute(&mut **transaction).await.map(|done| done.rows_affected()).map_err(fault)
            }
            To::Postgres(transaction, patience) => {
                let query = values.iter().fold(sqlx::query(sql), to_postgres);
                let done = within(*patience, query.execute(&mut **transaction)).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// The rows of a query.
    pub(crate) async fn rows<R: Row>(
        &mut self,
        sql: &'static str,
        values: &[Bind<'_>],
    ) -> Result<Vec<R>, StoreFault> {
        match &mut self.to {
            To::Sqlite(transaction) => {
                let query = values.iter().fold(sqlx::query_as(sql), to_sqlite_as::<R>);
                query.fetch_all(&mut **transaction).await.map_err(fault)
            }
            To::Postgres(transaction, patience) => {
                let query = values.iter().fold(sqlx::query_as(sql), to_postgres_as::<R>);
                within(*patience, query.fetch_all(&mut **transaction)).await
            }
        }
    }

    /// The first row of a query.
    pub(crate) async fn row<R: Row>(
        &mut self,
        sql: &'static str,
        values: &[Bind<'_>],
    ) -> Result<Option<R>, StoreFault> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs several statements of ours, without parameters.
    pub(crate) async fn script(&mut self, sql: String) -> Result<(), StoreFault> {
        let script = sqlx::raw_sql(AssertSqlSafe(sql));
        match &mut self.to {
            To::Sqlite(transaction) => script.execute(&mut **transaction).await.map(drop).map_err(fault),
            To::Postgres(transaction, patience) => {
                within(*patience, script.execute(&mut **transaction)).await.map(drop)
            }
        }
    }

    /// Makes what was done last.
    pub(crate) async fn commit(self) -> Result<(), StoreFault> {
        match self.to {
            To::Sqlite(transaction) => transaction.commit().await.map_err(fault),
            To::Postgres(transaction, patience) => within(patience, transaction.commit()).await,
        }
    }
}

/// Waits for the server, but not for ever.
pub(crate) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreFault> {
    match tokio::time::timeout(patience, work).await {
        Ok(done) => done.map_err(fault),
        Err(_) => Err(StoreFault::Unreachable(format!("no answer within {} ms", patience.as_millis()))),
    }
}

fn to_sqlite<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    value: &Bind<'_>,
) -> Query<'q, Sqlite, SqliteArguments> {
    match value {
        Bind::Text(text) => query.bind(text.map(str::to_owned)),
        Bind::Number(number) => query.bind(*number),
    }
}

fn to_postgres<'q>(
    query: Query<'q, Postgres, PgArguments>,
    value: &Bind<'_>,
) -> Query<'q, Postgres, PgArguments> {
    match value {
        Bind::Text(text) => query.bind(text.map(str::to_owned)),
        Bind::Number(number) => query.bind(*number),
    }
}

fn to_sqlite_as<'q, R>(
    query: QueryAs<'q, Sqlite, R, SqliteArguments>,
    value: &Bind<'_>,
) -> QueryAs<'q, Sqlite, R, SqliteArguments> {
    match value {
        Bind::Text(text) => query.bind(text.map(str::to_owned)),
        Bind::Number(number) => query.bind(*number),
    }
}

fn to_postgres_as<'q, R>(
    query: QueryAs<'q, Postgres, R, PgArguments>,
    value: &Bind<'_>,
) -> QueryAs<'q, Postgres, R, PgArguments> {
    match value {
        Bind::Text(text) => query.bind(text.map(str::to_owned)),
        Bind::Number(number) => query.bind(*number),
    }
}
