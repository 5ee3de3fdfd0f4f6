//! A connection to the server.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use crate::db::place::ServerPlace;
use crate::db::sql::{Cell, Value};
use crate::db::url::Encryption;
use crate::error::{DatabaseCause, StoreError};

use super::tls;

/// How long connecting to one host may take where the address does not say.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long an answer may take. Longer than the server may work on a statement: its own word comes first.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Statements that are sent before the first answer is waited for.
const ENQUEUED_MAX: usize = 512;
/// How long the server works on a statement, waits for a lock and keeps an idle transaction; and how soon it
/// notices that nobody is there any more, so that a dead process's lock does not stay.
const LIMITS: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = warning;
    SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";

/// What a connection may do, and what the server knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access<'a> {
    Read,
    Write(&'a str),
}

/// A statement that waits to be sent.
#[derive(Debug)]
struct Enqueued {
    action: &'static str,
    statement: Statement,
    values: Vec<Value<'static>>,
}

/// A connection to the server.
pub(crate) struct ServerLink {
    client: Client,
    statements: HashMap<String, Statement>,
    queue: Vec<Enqueued>,
    pub(super) place: String,
    /// What the server knows this connection by.
    pub(super) label: String,
    answer_max: Duration,
    /// Dropped last: it carries the connection.
    runtime: Runtime,
}

impl core::fmt::Debug for ServerLink {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ServerLink").field("place", &self.place).field("label", &self.label).finish()
    }
}

impl ServerLink {
    /// Connects to the schema of `server`, which need not be there yet.
    pub(crate) fn open(server: &ServerPlace, access: Access<'_>) -> Result<Self, StoreError> {
        let place = format!("{} schema {}", server.url, server.schema);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(StoreError::io("start a runtime for", &place))?;
        let label = match access {
            Access::Read => "seawall reader",
            Access::Write(label) => label,
        };
        let mut config = server.url.config()?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_MAX);
        }
        config.application_name(label);
        config.ssl_mode(if is_encrypted(server.url.encryption, &config) {
            SslMode::Require
        } else {
            SslMode::Disable
        });
        let roots = server.url.root_certificates.as_deref();
        let client = wait(&runtime, &place, "connect", ANSWER_MAX, connect(&config, roots, &place))??;
        let mut link = ServerLink {
            client,
            statements: HashMap::new(),
            queue: Vec::new(),
            place,
            label: label.to_owned(),
            answer_max: ANSWER_MAX,
            runtime,
        };
        link.script("set the limits of the session", LIMITS)?;
        let schema = quoted(&server.schema);
        link.script("choose the schema", &format!("SET search_path TO {schema}"))?;
        if access == Access::Read {
            link.script("give up writing", "SET default_transaction_read_only = on")?;
        }
        Ok(link)
    }

    /// Lets statements take as long as they need: for work that nobody waits for.
    pub(crate) fn without_haste(&mut self) -> Result<(), StoreError> {
        self.answer_max = Duration::from_secs(3_600);
        self.script("lift the limits of the session", "SET statement_timeout = 0; SET lock_timeout = 0")
    }

    pub(crate) fn script(&mut self, action: &'static str, sql: &str) -> Result<(), StoreError> {
        let done = wait(&self.runtime, &self.place, action, self.answer_max, self.client.batch_execute(sql))?;
        done.map_err(|error| failed(&self.place, action, &error))
    }

    /// The prepared statement of this text and types.
    fn prepare(
        &mut self,
        action: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let types: Vec<Type> = values.iter().map(type_of).collect();
        let preparing = self.client.prepare_typed(sql, &types);
        let prepared = wait(&self.runtime, &self.place, action, self.answer_max, preparing)?;
        let statement = prepared.map_err(|error| failed(&self.place, action, &error))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn execute(
        &mut self,
        action: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<u64, StoreError> {
        self.settle()?;
        let statement = self.prepare(action, sql, values)?;
        let clean: Vec<Value<'_>> = values.iter().map(cleaned).collect();
        let executing = self.client.execute_raw(&statement, clean.iter().map(parameter));
        let done = wait(&self.runtime, &self.place, action, self.answer_max, executing)?;
        done.map_err(|error| failed(&self.place, action, &error))
    }

    pub(crate) fn enqueue<const N: usize>(
        &mut self,
        action: &'static str,
        sql: &'static str,
        values: &[Value<'_>; N],
    ) -> Result<(), StoreError> {
        let statement = self.prepare(action, sql, values)?;
        let values = values.iter().map(cleaned).map(Value::into_owned).collect();
        self.queue.push(Enqueued { action, statement, values });
        if self.queue.len() >= ENQUEUED_MAX { self.settle() } else { Ok(()) }
    }

    /// Sends everything that is enqueued, then waits for all answers.
    pub(crate) fn settle(&mut self) -> Result<(), StoreError> {
        if self.queue.is_empty() {
            return Ok(());
        }
        let queue = std::mem::take(&mut self.queue);
        let (client, place) = (&self.client, &self.place);
        let sending = queue.iter().map(|one| {
            let executing = client.execute_raw(&one.statement, one.values.iter().map(parameter));
            Box::pin(async move { executing.await.map_err(|error| failed(place, one.action, &error)) })
        });
        let all = in_turn(sending.collect());
        wait(&self.runtime, place, "write", self.answer_max, all)?
    }

    pub(crate) fn forget(&mut self) {
        self.queue.clear();
    }

    pub(crate) fn query(
        &mut self,
        action: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.settle()?;
        let statement = self.prepare(action, sql, values)?;
        let clean: Vec<Value<'_>> = values.iter().map(cleaned).collect();
        let parameters: Vec<&(dyn ToSql + Sync)> = clean.iter().map(parameter).collect();
        let querying = self.client.query(&statement, &parameters);
        let found = wait(&self.runtime, &self.place, action, self.answer_max, querying)?;
        found.map_err(|error| failed(&self.place, action, &error))
    }
}

/// Waits for an answer, but not for ever.
fn wait<F: Future>(
    runtime: &Runtime,
    place: &str,
    action: &'static str,
    longest: Duration,
    answer: F,
) -> Result<F::Output, StoreError> {
    let answered = runtime.block_on(async { tokio::time::timeout(longest, answer).await });
    answered.map_err(|_| StoreError::DatabaseAway {
        place: place.to_owned(),
        action,
        what: format!("no answer within {} s", longest.as_secs()),
    })
}

/// Connects and lets the connection run beside the questions.
async fn connect(
    config: &Config,
    roots: Option<&std::path::Path>,
    place: &str,
) -> Result<Client, StoreError> {
    let away = |error: &tokio_postgres::Error| failed(place, "connect", error);
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| away(&error))?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let (client, connection) =
        config.connect(tls::Verified::new(roots)?).await.map_err(|error| away(&error))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Encrypted where the address says so, and to every other machine unless it says not to.
fn is_encrypted(said: Encryption, config: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    match said {
        Encryption::Off => false,
        Encryption::Verified => true,
        Encryption::Unsaid => {
            let addresses = config.get_hostaddrs();
            !(config.get_hosts().iter().all(is_here) && addresses.iter().all(std::net::IpAddr::is_loopback))
        }
    }
}

/// Starts all in their order, then waits for each in its order; the first error is the result.
async fn in_turn<F, T>(mut futures: Vec<Pin<Box<F>>>) -> Result<(), StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let started = poll_fn(|context| {
        let poll = |future: &mut Pin<Box<F>>| match future.as_mut().poll(context) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        };
        Poll::Ready(futures.iter_mut().map(poll).collect::<Vec<_>>())
    });
    for (early, future) in started.await.into_iter().zip(futures) {
        match early {
            Some(done) => done?,
            None => future.await?,
        };
    }
    Ok(())
}

/// The name in quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn type_of(value: &Value<'_>) -> Type {
    match value {
        Value::Int(_) => Type::INT8,
        Value::Real(_) => Type::FLOAT8,
        Value::Text(_) => Type::TEXT,
    }
}

fn parameter<'a>(value: &'a Value<'_>) -> &'a (dyn ToSql + Sync) {
    match value {
        Value::Int(value) => value,
        Value::Real(value) => value,
        Value::Text(text) => text,
    }
}

/// Postgres has no text with a zero byte; a message that holds one must not stop everything after it.
fn cleaned<'a>(value: &'a Value<'_>) -> Value<'a> {
    match value {
        Value::Int(value) => Value::Int(*value),
        Value::Real(value) => Value::Real(*value),
        Value::Text(text) => Value::Text(text.as_deref().map(|text| match text.contains('\0') {
            true => text.replace('\0', "\u{fffd}").into(),
            false => text.into(),
        })),
    }
}

/// What stands in a column.
pub(crate) fn cell(row: &Row, column: &str) -> Result<Cell, String> {
    let index = row.columns().iter().position(|one| one.name() == column);
    let index = index.ok_or_else(|| "there is no such column".to_owned())?;
    let kind = row.columns().get(index).map(|one| one.type_().clone()).unwrap_or(Type::UNKNOWN);
    let bad = |error: tokio_postgres::Error| error.to_string();
    if kind == Type::INT8 {
        return Ok(row.try_get::<_, Option<i64>>(index).map_err(bad)?.map_or(Cell::Null, Cell::Int));
    }
    if kind == Type::INT4 {
        let value = row.try_get::<_, Option<i32>>(index).map_err(bad)?;
        return Ok(value.map_or(Cell::Null, |value| Cell::Int(i64::from(value))));
    }
    if kind == Type::FLOAT8 {
        return Ok(row.try_get::<_, Option<f64>>(index).map_err(bad)?.map_or(Cell::Null, Cell::Real));
    }
    if kind == Type::BOOL {
        let value = row.try_get::<_, Option<bool>>(index).map_err(bad)?;
        return Ok(value.map_or(Cell::Null, |value| Cell::Int(i64::from(value))));
    }
    Ok(row.try_get::<_, Option<String>>(index).map_err(bad)?.map_or(Cell::Null, Cell::Text))
}

/// The error in words of ours, told apart: the server is away, or it refuses.
fn failed(place: &str, action: &'static str, error: &tokio_postgres::Error) -> StoreError {
    let place = place.to_owned();
    let (is_away, what) = match error.as_db_error() {
        Some(said) => (is_temporary(said.code()), format!("{} ({})", said.message(), said.code().code())),
        None => {
            let cause =
                std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            (error.is_closed() || is_of_the_way(error), format!("{error}{cause}"))
        }
    };
    match is_away {
        true => StoreError::DatabaseAway { place, action, what },
        false => StoreError::Database { place, action, source: DatabaseCause::Postgres(what) },
    }
}

/// Codes of a server that cannot work now and may later: no connection, no room, shutting down, starting up,
/// too slow, a deadlock, a standby. <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn is_temporary(code: &SqlState) -> bool {
    const CLASSES: [&str; 4] = ["08", "53", "58", "40"];
    const CODES: [&str; 7] = ["57P01", "57P02", "57P03", "57P05", "57014", "25006", "55P03"];
    let code = code.code();
    CLASSES.iter().any(|class| code.starts_with(class)) || CODES.contains(&code)
}

/// Whether the way to the server failed, and not a certificate (`InvalidData`) or the address: trying again
/// does not mend those.
fn is_of_the_way(error: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(one) = cause {
        if let Some(io) = one.downcast_ref::<std::io::Error>() {
            return io.kind() != std::io::ErrorKind::InvalidData;
        }
        cause = one.source();
    }
    false
}
