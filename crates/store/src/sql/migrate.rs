//! The tables, made and changed in numbered steps.

use super::{Dialect, Engine, Purpose, Session};
use crate::config::StoreFault;

/// One numbered step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its number; they are made in this order, without gaps.
    pub number: i64,
    /// What it is about.
    pub name: &'static str,
    sql: &'static str,
}

/// Every step there is. A step that was released is never changed: another one follows it.
pub(super) const MIGRATIONS: [Migration; 2] = [
    Migration { number: 1, name: "records", sql: include_str!("migrations/0001_records.sql") },
    Migration { number: 2, name: "sealing", sql: include_str!("migrations/0002_sealing.sql") },
];

/// The tables of the store, children first.
const TABLES: [&str; 5] = ["record_references", "record_keys", "records", "store_secrets", "version"];

/// How far the tables of a database are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The number of the last step that was made; 0 when there are no tables yet.
    pub schema: i64,
    /// The steps that were made.
    pub executed: Vec<Migration>,
    /// The steps that are still to be made.
    pub pending: Vec<Migration>,
}

impl Status {
    fn of(schema: i64) -> Self {
        let (executed, pending) = MIGRATIONS.iter().partition(|migration| migration.number <= schema);
        Self { schema, executed, pending }
    }
}

/// The migrations of one database, for the command line.
pub struct Migrations<E> {
    engine: E,
}

impl<E: Engine> Migrations<E> {
    pub(crate) fn new(engine: E) -> Self {
        Self { engine }
    }

    /// How far the tables are. Nothing changes.
    ///
    /// # Errors
    /// [`StoreFault`] when the database cannot be reached, or was made by a newer version.
    pub async fn status(&self) -> Result<Status, StoreFault> {
        let mut session = self.engine.begin(Purpose::Read).await?;
        known(&self.engine, &mut session).await.map(Status::of)
    }

    /// Makes the steps that are pending, all of them or none; answers those that were made. Two at once do not collide.
    ///
    /// # Errors
    /// [`StoreFault`] when the database cannot be reached, was made by a newer version, or refuses.
    pub async fn up(&self) -> Result<Vec<Migration>, StoreFault> {
        up(&self.engine).await
    }

    /// Drops the tables with all that is in them; answers whether there were any.
    ///
    /// # Errors
    /// [`StoreFault`] when the database cannot be reached, was made by a newer version, or refuses.
    pub async fn reset(&self) -> Result<bool, StoreFault> {
        let mut session = self.engine.begin(Purpose::Migrate).await?;
        let there = known(&self.engine, &mut session).await? != 0;
        let drops: Vec<String> =
            TABLES.iter().map(|table| format!("DROP TABLE IF EXISTS {table};")).collect();
        session.script(drops.concat()).await?;
        self.engine.set_schema(&mut session, 0).await?;
        session.commit().await?;
        Ok(there)
    }

    /// Ends the connections.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}

/// Makes the steps that are pending; answers them.
pub(super) async fn up<E: Engine>(engine: &E) -> Result<Vec<Migration>, StoreFault> {
    let mut session = engine.begin(Purpose::Read).await?;
    if known(engine, &mut session).await? == latest() {
        return Ok(Vec::new());
    }
    drop(session);
    // Looked at again under the lock: another node may have made them meanwhile.
    let mut session = engine.begin(Purpose::Migrate).await?;
    let Status { schema, pending, .. } = Status::of(known(engine, &mut session).await?);
    for migration in &pending {
        session.script(written(migration.sql, E::DIALECT)).await?;
    }
    engine.set_schema(&mut session, latest()).await?;
    session.commit().await?;
    // An operator wants to know that what was there has changed, not that something new was made.
    for Migration { number, name, .. } in pending.iter().filter(|_| schema > 0) {
        tracing::info!(number, name, database = E::DATABASE, "the configuration store was migrated");
    }
    Ok(pending)
}

/// The number of the schema, when this version knows it.
async fn known<E: Engine>(engine: &E, session: &mut Session) -> Result<i64, StoreFault> {
    let found = engine.schema(session).await?;
    if (0..=latest()).contains(&found) {
        return Ok(found);
    }
    Err(StoreFault::Engine(format!(
        "{}: schema {found} is not known to this version, which writes schema {}: use the version that made it, or a newer one",
        engine.place(),
        latest()
    )))
}

fn latest() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.number)
}

fn written(sql: &str, dialect: Dialect) -> String {
    sql.replace("{text}", dialect.text)
        .replace("{number}", dialect.number)
        .replace("{keyed}", dialect.keyed)
        .replace("{plain}", dialect.plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_numbered_from_one_without_gaps() {
        let numbers: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.number).collect();
        assert_eq!(numbers, (1..=latest()).collect::<Vec<_>>());
    }
}
