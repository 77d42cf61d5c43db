use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::config::StoreFault;

/// After how many times the patience for a statement the server gives up on a transaction of ours: a node that is gone
/// would otherwise keep the others from writing.
const ABANDONED: u32 = 4;

/// Where the database is, and how it is spoken to.
#[derive(Clone)]
pub struct PostgresOptions {
    /// The server's name or address; a folder, for its Unix socket.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are.
    pub user: String,
    /// Our password.
    pub password: Option<String>,
    /// The database.
    pub database: String,
    /// The schema in it; made when it is not there. Unset: the first of the user's search path.
    pub schema: Option<String>,
    /// How long connecting, and each statement, may take.
    pub timeout: Duration,
    /// How many connections there may be.
    pub pool_size: u32,
    /// After which time an idle connection is closed; `None` for never.
    pub idle: Option<Duration>,
    /// TLS.
    pub tls: PostgresTls,
    /// How often the version is looked at, in case a notification was lost.
    pub poll: Duration,
}

/// TLS to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresTls {
    /// None.
    Off,
    /// When the server has it; its certificate is not checked.
    Preferred,
    /// Always; its certificate is not checked.
    Required,
    /// Always; its certificate must be for its name, by a public authority or one of these, in PEM.
    Verified {
        /// Further authorities.
        authorities: Vec<u8>,
    },
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions").field("place", &self.place()).finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// Which database it is.
    pub(super) fn place(&self) -> String {
        let schema = self.schema.as_ref().map(|schema| format!(", schema {schema}")).unwrap_or_default();
        format!("PostgreSQL {}:{}, database {}{schema}", self.host, self.port, self.database)
    }

    /// The channel of notifications: they reach the whole database, and each schema is a store of its own.
    pub(super) fn channel(&self) -> String {
        format!("keybound_{}", self.schema.as_deref().unwrap_or_default())
    }

    /// The schema as it stands in statements.
    pub(super) fn quoted_schema(&self) -> Option<String> {
        self.schema.as_ref().map(|schema| format!("\"{schema}\""))
    }

    /// # Errors
    /// [`StoreFault::Engine`] for a schema that is no plain name.
    pub(super) fn connect(&self) -> Result<PgConnectOptions, StoreFault> {
        let mut connect = PgConnectOptions::new_without_pgpass()
            .host(&self.host)
            .port(self.port)
            .username(&self.user)
            .database(&self.database)
            .application_name("keybound");
        if let Some(password) = &self.password {
            connect = connect.password(password);
        }
        if let Some(schema) = &self.schema {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if schema.is_empty() || schema.len() > 48 || !schema.bytes().all(plain) {
                let cause = "is not a schema's name: letters, digits and '_', 48 of them at most";
                return Err(StoreFault::Engine(format!("'{schema}' {cause}")));
            }
        }
        if let Some(schema) = self.quoted_schema() {
            connect = connect.options([("search_path", schema)]);
        }
        let abandoned = (self.timeout * ABANDONED).as_millis().to_string();
        connect = connect.options([("idle_in_transaction_session_timeout", abandoned)]);
        Ok(match &self.tls {
            PostgresTls::Off => connect.ssl_mode(PgSslMode::Disable),
            PostgresTls::Preferred => connect.ssl_mode(PgSslMode::Prefer),
            PostgresTls::Required => connect.ssl_mode(PgSslMode::Require),
            PostgresTls::Verified { authorities } if authorities.is_empty() => {
                connect.ssl_mode(PgSslMode::VerifyFull)
            }
            PostgresTls::Verified { authorities } => {
                connect.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert_from_pem(authorities.clone())
            }
        })
    }
}
