use tokio::sync::watch;

use super::Session;
use crate::BoxFuture;
use crate::config::StoreFault;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reads that belong together.
    Read,
    /// A change of records: nobody else changes any until it has ended.
    Write,
    /// A change of the tables: nobody else changes them until it has ended.
    Migrate,
}

/// How an engine writes what differs in the definitions of tables.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The type of texts that are compared byte by byte.
    pub(crate) text: &'static str,
    /// The type of whole numbers of 64 bits.
    pub(crate) number: &'static str,
    /// What follows a table that has a primary key.
    pub(crate) keyed: &'static str,
    /// What follows a table that has none.
    pub(crate) plain: &'static str,
}

/// What differs from one database to the next. Everything else is in this module once.
pub trait Engine: Send + Sync + 'static {
    /// The value of the setting `database`.
    const DATABASE: &'static str;
    /// Its words in definitions of tables.
    const DIALECT: Dialect;

    /// Begins a transaction.
    fn begin(&self, purpose: Purpose) -> BoxFuture<'_, Result<Session, StoreFault>>;

    /// The number of the last migration that was made; 0 for none.
    fn schema<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<i64, StoreFault>>;

    /// Notes the number of the last migration that was made.
    fn set_schema<'a>(
        &'a self,
        session: &'a mut Session,
        number: i64,
    ) -> BoxFuture<'a, Result<(), StoreFault>>;

    /// Tells the other nodes of a version, as soon as its transaction is committed.
    fn announce<'a>(
        &'a self,
        session: &'a mut Session,
        version: u64,
    ) -> BoxFuture<'a, Result<(), StoreFault>>;

    /// The versions that are seen in the database, whoever wrote them; `None` when nobody else writes.
    fn changes(&self) -> Option<watch::Receiver<u64>>;

    /// Which database it is, for faults.
    fn place(&self) -> String;

    /// Ends all connections after what is under way.
    fn close(&self) -> BoxFuture<'_, ()>;
}
