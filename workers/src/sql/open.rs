//! Opening a database, with the tables of apalis and of this crate.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};

use super::dialect::{CONNECTED, Dialect};
use super::{SqlError, SqlQueue};

/// `zuora_sends` is the send log, `zuora_ends` has the decision about each job that ended, and `zuora_parked` the text
/// of each job that a person decides about, whose row another program may remove.
const TABLES: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS zuora_sends (
        queue TEXT NOT NULL, key TEXT NOT NULL, version BIGINT NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (queue, key)
    )",
    "CREATE TABLE IF NOT EXISTS zuora_ends (
        queue TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, decided_at BIGINT NOT NULL,
        worker TEXT NOT NULL, decision TEXT NOT NULL,
        PRIMARY KEY (queue, key)
    )",
    "CREATE TABLE IF NOT EXISTS zuora_parked (
        queue TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (queue, key)
    )",
    "CREATE TABLE IF NOT EXISTS zuora_fleet (
        queue TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (queue, name)
    )",
];

impl SqlQueue {
    /// Opens a database, and runs the migrations of apalis: `sqlite:FILE`, which is created if it is missing, or
    /// `postgres://USER@HOST/DATABASE`. Each requires the feature of its name. Only the user of the process can read a
    /// new file on Unix, since it contains a token.
    ///
    /// # Errors
    /// The database cannot be opened or migrated, or the feature is disabled.
    pub async fn open(url: &str) -> Result<Self, SqlError> {
        install_default_drivers();
        let (dialect, url) = match url.split_once(':') {
            Some(("sqlite", file)) => {
                create_private(file.trim_start_matches("//"));
                let file = file.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
                (Dialect::Sqlite, format!("sqlite:{file}?mode=rwc"))
            }
            Some(("postgres" | "postgresql", _)) => (Dialect::Postgres, url.to_owned()),
            _ => {
                return Err(SqlError::Command("the URL must begin with `sqlite:` or `postgres:`".to_owned()));
            }
        };
        // Two processes may start at once, and the migrator of SQLite has no lock.
        for tries in 1.. {
            match migrate(dialect, &url).await {
                Ok(()) => break,
                Err(error) if tries == MIGRATIONS => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(200) * tries).await,
            }
        }
        let options = AnyConnectOptions::from_str(&url)?;
        let connected = dialect.of(&CONNECTED);
        let pool = AnyPoolOptions::new()
            .max_connections(4)
            .after_connect(move |connection, _| {
                Box::pin(async move { sqlx::raw_sql(connected).execute(connection).await.map(drop) })
            })
            .connect_with(options)
            .await?;
        let queue = Self { pool, dialect, queue: "zuora".to_owned(), window: Duration::from_secs(5) };
        let mut transaction = queue.begin().await?;
        if dialect == Dialect::Postgres {
            // Two processes that create a table at once would fail. The number is that of this crate.
            sqlx::query("SELECT pg_advisory_xact_lock(7254016)").execute(&mut *transaction).await?;
        }
        for table in TABLES {
            sqlx::query(table).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(queue)
    }
}

/// Creates the file of a database if it is missing, so that other users cannot read it. SQLite gives its journals the
/// permissions of the file, and reports the errors.
fn create_private(file: &str) {
    #[cfg(unix)]
    if cfg!(feature = "sqlite") && file != ":memory:" {
        use std::os::unix::fs::OpenOptionsExt as _;
        let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// Number of times that migrations are tried.
const MIGRATIONS: u32 = 5;

async fn migrate(dialect: Dialect, url: &str) -> Result<(), SqlError> {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => {
            use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool};
            let options = SqliteConnectOptions::from_str(url)?
                .journal_mode(SqliteJournalMode::Wal)
                .busy_timeout(Duration::from_secs(20));
            let pool = SqlitePool::connect_with(options).await?;
            // Not `setup`, which switches the synchronization off.
            let result = apalis_sqlite::SqliteStorage::<()>::migrations().run(&pool).await;
            pool.close().await;
            result.map_err(|error| sqlx::Error::from(error).into())
        }
        #[cfg(feature = "postgres")]
        Dialect::Postgres => {
            let pool = sqlx::postgres::PgPool::connect(url).await?;
            let result = apalis_postgres::PostgresStorage::<()>::migrations().run(&pool).await;
            pool.close().await;
            result.map_err(|error| sqlx::Error::from(error).into())
        }
        #[allow(unreachable_patterns)] // with all features
        _ => Err(SqlError::Command(format!(
            "the feature for {} is disabled",
            url.split(':').next().unwrap_or("")
        ))),
    }
}
