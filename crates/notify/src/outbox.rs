//! The outbox: messages on disk until their channels have them, in an SQLite file of the account.
//!
//! Invariants: what a notice made (messages, what the router remembers, how far the run's notices were taken)
//! is written in one transaction, synced, or not at all; a message leaves the state `waiting` only for `sent`
//! (its channel has it) or `collapsed` (its count is part of another message that waits), and critical ones
//! are never collapsed. A process that dies between sending and writing sends again: the id tells.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use seawall_model::{Severity, Span, Ts};

use crate::error::NotifyError;
use crate::memory::Memory;
use crate::notice::Message;
use crate::router::Draft;
use crate::topic::Topic;

/// Version of the tables.
const SCHEMA: i64 = 1;
/// How long a connection waits for another one's lock.
const BUSY: Duration = Duration::from_secs(2);
/// Messages that are over and still shown as history; older ones are removed.
const HISTORY_MAX: u32 = 10_000;

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE sources (name TEXT PRIMARY KEY, taken INTEGER NOT NULL, complete INTEGER NOT NULL) STRICT;
CREATE TABLE gaps (source TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
CREATE TABLE messages (
    channel TEXT NOT NULL, number INTEGER NOT NULL, severity INTEGER NOT NULL, topic TEXT NOT NULL,
    at INTEGER NOT NULL, made INTEGER NOT NULL, not_before INTEGER NOT NULL, attempts INTEGER NOT NULL,
    state TEXT NOT NULL, done INTEGER, problem TEXT, body TEXT NOT NULL, parts TEXT,
    PRIMARY KEY (channel, number)
) STRICT;
CREATE INDEX waiting ON messages (channel, severity DESC, number) WHERE state = 'waiting';
CREATE TABLE wishes (id INTEGER PRIMARY KEY, what TEXT NOT NULL, who TEXT NOT NULL, channel TEXT) STRICT;
";

/// The outbox of an account.
#[derive(Debug)]
pub struct Outbox {
    connection: Connection,
    place: String,
    instance: String,
}

/// How far a run's notices were taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The run.
    pub source: String,
    /// Notices up to this number were taken, but for the gaps.
    pub upto: u64,
    /// Numbers that were not, first and last.
    pub gaps: Vec<(u64, u64)>,
}

impl Taken {
    /// Whether the notice of that number is missing.
    #[must_use]
    pub fn lacks(&self, number: u64) -> bool {
        number > self.upto || self.gaps.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

/// How far the notices of a run have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// They were taken up to a number.
    Taken {
        /// The run.
        source: String,
        /// The number.
        upto: u64,
        /// Numbers that were lost on the way, first and last.
        gap: Option<(u64, u64)>,
    },
    /// The run has ended in order. Where numbers were lost on the way it is not complete by that.
    Ended(String),
    /// Nothing of it is missing any more.
    Complete(String),
}

/// What one step of the router is written as.
#[derive(Debug)]
pub struct Step<'a> {
    /// How far the notices of runs have come by it.
    pub reached: &'a [Reached],
    /// The messages.
    pub drafts: &'a [Draft],
    /// What the router remembers now.
    pub memory: &'a Memory,
}

/// A message that may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its number.
    pub number: u64,
    /// Attempts before.
    pub attempts: u32,
    /// The message.
    pub message: Message,
}

/// Old messages of one topic that wait.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Old {
    /// The topic's name.
    pub topic: String,
    /// How many.
    pub count: u64,
    /// When the oldest happened.
    pub from: Ts,
    /// When the newest happened.
    pub until: Ts,
}

/// What somebody asks of a run through its outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// That all critical alerts count as seen.
    Acknowledge {
        /// Who asks.
        who: String,
    },
    /// A test message.
    Test {
        /// Who asks.
        who: String,
        /// To that channel alone.
        channel: Option<String>,
    },
}

/// A message of a channel, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The channel's name.
    pub channel: String,
    /// When it was written.
    pub made: Ts,
    /// When the channel had it, or when it became part of another.
    pub done: Option<Ts>,
    /// `waiting`, `sent` or `collapsed`.
    pub state: String,
    /// Attempts so far.
    pub attempts: u32,
    /// What went wrong last.
    pub problem: Option<String>,
    /// The message.
    pub message: Message,
}

/// How a channel stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Standing {
    /// The channel's name.
    pub channel: String,
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that it has had.
    pub sent: u64,
    /// Messages that became part of others.
    pub collapsed: u64,
    /// What went wrong last with one that waits.
    pub problem: Option<String>,
    /// When it had one last.
    pub sent_at: Option<Ts>,
}

impl Outbox {
    /// Opens the outbox in `path`, or makes it. `fresh` becomes part of the ids of its messages.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn open(path: &Path, fresh: &str) -> Result<Self, NotifyError> {
        let place = path.display().to_string();
        let failed = |action| failed(&place, action);
        let mut connection = Connection::open(path).map_err(failed("open"))?;
        connection.busy_timeout(BUSY).map_err(failed("open"))?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed("open"))?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed("open"))?;
        let found: i64 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(failed("read its version"))?;
        if found > SCHEMA {
            return Err(NotifyError::Newer { place, found, known: SCHEMA });
        }
        if found == 0 {
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(failed("make its tables"))?;
            transaction.execute_batch(TABLES).map_err(failed("make its tables"))?;
            put_meta(&transaction, "instance", fresh).map_err(failed("make its tables"))?;
            transaction.pragma_update(None, "user_version", SCHEMA).map_err(failed("make its tables"))?;
            transaction.commit().map_err(failed("make its tables"))?;
        }
        let instance = meta(&connection, "instance").map_err(failed("read"))?;
        Ok(Outbox { connection, place, instance: instance.unwrap_or_else(|| fresh.to_owned()) })
    }

    /// Opens an outbox that is there.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn existing(path: &Path) -> Result<Option<Self>, NotifyError> {
        if path.is_file() { Outbox::open(path, "").map(Some) } else { Ok(None) }
    }

    /// Part of the ids of all messages of this outbox.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    fn failed(&self, action: &'static str) -> impl Fn(rusqlite::Error) -> NotifyError + use<> {
        failed(&self.place, action)
    }

    /// What the router remembered last.
    ///
    /// # Errors
    /// [`NotifyError`]. What cannot be understood counts as nothing.
    pub fn memory(&self) -> Result<Option<Memory>, NotifyError> {
        let text = meta(&self.connection, "memory").map_err(self.failed("read"))?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// The runs that have not ended in order.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn unfinished(&self) -> Result<Vec<Taken>, NotifyError> {
        let failed = self.failed("read its runs");
        let mut statement = self
            .connection
            .prepare("SELECT name, taken FROM sources WHERE complete = 0 ORDER BY name")
            .map_err(&failed)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)));
        let rows: Vec<(String, i64)> = rows.and_then(Iterator::collect).map_err(&failed)?;
        let mut runs = Vec::new();
        for (source, upto) in rows {
            let mut statement =
                self.connection.prepare("SELECT first, last FROM gaps WHERE source = ?1").map_err(&failed)?;
            let gaps =
                statement.query_map([&source], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
            let gaps: Vec<(i64, i64)> = gaps.and_then(Iterator::collect).map_err(&failed)?;
            let gaps = gaps.into_iter().map(|(first, last)| (unsigned(first), unsigned(last))).collect();
            runs.push(Taken { source, upto: unsigned(upto), gaps });
        }
        Ok(runs)
    }

    /// A run begins.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn begin(&self, source: &str) -> Result<(), NotifyError> {
        let sql = "INSERT INTO sources (name, taken, complete) VALUES (?1, 0, 0) ON CONFLICT DO NOTHING";
        self.connection.execute(sql, [source]).map(|_| ()).map_err(self.failed("begin a run"))
    }

    /// Writes a step of the router.
    ///
    /// # Errors
    /// [`NotifyError`]: nothing of it is written.
    pub fn record(&mut self, now: Ts, step: &Step<'_>) -> Result<(), NotifyError> {
        let failed = self.failed("write messages");
        let memory = serde_json::to_string(step.memory).unwrap_or_default();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        for draft in step.drafts {
            insert(&transaction, now, draft).map_err(&failed)?;
        }
        put_meta(&transaction, "memory", &memory).map_err(&failed)?;
        for reached in step.reached {
            advance(&transaction, reached).map_err(&failed)?;
        }
        transaction.commit().map_err(&failed)
    }

    /// The message of `channel` that leaves next: the most urgent, then the oldest; none of `skipped`.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn next(&self, channel: &str, now: Ts, skipped: &[u64]) -> Result<Option<Waiting>, NotifyError> {
        let failed = self.failed("read messages");
        let sql = "SELECT number, attempts, body FROM messages WHERE channel = ?1 AND state = 'waiting' \
                   AND not_before <= ?2 AND number NOT IN (SELECT value FROM json_each(?3)) \
                   ORDER BY severity DESC, number LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let row = statement
            .query_row(params![channel, now.nanos(), list(skipped)], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, String>(2)?))
            })
            .optional()
            .map_err(&failed)?;
        let Some((number, attempts, body)) = row else { return Ok(None) };
        let broken = |error: serde_json::Error| {
            failed(rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error)))
        };
        let message = serde_json::from_str(&body).map_err(broken)?;
        Ok(Some(Waiting { number: unsigned(number), attempts, message }))
    }

    /// When a message of `channel` may leave at the earliest; none of `skipped`.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn next_at(&self, channel: &str, skipped: &[u64]) -> Result<Option<Ts>, NotifyError> {
        let failed = self.failed("read messages");
        let sql = "SELECT min(not_before) FROM messages WHERE channel = ?1 AND state = 'waiting' \
                   AND number NOT IN (SELECT value FROM json_each(?2))";
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let at: Option<i64> =
            statement.query_row(params![channel, list(skipped)], |row| row.get(0)).map_err(&failed)?;
        Ok(at.map(Ts::from_nanos))
    }

    /// The channel has it.
    ///
    /// # Errors
    /// [`NotifyError`]: it will be sent again.
    pub fn sent(&self, channel: &str, number: u64, now: Ts) -> Result<(), NotifyError> {
        let sql = "UPDATE messages SET state = 'sent', done = ?3, attempts = attempts + 1, problem = NULL \
                   WHERE channel = ?1 AND number = ?2";
        let failed = self.failed("write messages");
        self.connection
            .execute(sql, params![channel, signed(number), now.nanos()])
            .map(|_| ())
            .map_err(failed)
    }

    /// An attempt has failed; the next one is not before `not_before`.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn failed_once(
        &self,
        channel: &str,
        number: u64,
        not_before: Ts,
        problem: &str,
    ) -> Result<(), NotifyError> {
        let sql = "UPDATE messages SET not_before = max(not_before, ?3), attempts = attempts + 1, \
                   problem = ?4 WHERE channel = ?1 AND number = ?2";
        let values = params![channel, signed(number), not_before.nanos(), problem];
        self.connection.execute(sql, values).map(|_| ()).map_err(self.failed("write messages"))
    }

    /// What waits for `channel` since before `cutoff`, may leave now and may become one message: of severity
    /// `info`, no daily summary. What became one before counts as what it stands for. Nothing where there is
    /// only one.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn old(&self, channel: &str, cutoff: Ts, now: Ts) -> Result<Vec<Old>, NotifyError> {
        let failed = self.failed("read messages");
        let sql = format!("SELECT topic, at, parts FROM messages WHERE {OLD}");
        let mut statement = self.connection.prepare_cached(&sql).map_err(&failed)?;
        let rows = statement.query_map(old_values(channel, cutoff, now), |row| {
            let (topic, at): (String, i64) = (row.get(0)?, row.get(1)?);
            let at = Ts::from_nanos(at);
            let parts: Option<String> = row.get(2)?;
            let parts = parts.and_then(|text| serde_json::from_str::<Vec<Old>>(&text).ok());
            Ok(parts.unwrap_or_else(|| vec![Old { topic, count: 1, from: at, until: at }]))
        });
        let rows: Vec<Vec<Old>> = rows.and_then(Iterator::collect).map_err(&failed)?;
        if rows.len() < 2 {
            return Ok(Vec::new());
        }
        let mut topics: BTreeMap<String, Old> = BTreeMap::new();
        for part in rows.into_iter().flatten() {
            let sum = topics.entry(part.topic.clone()).or_insert_with(|| Old { count: 0, ..part.clone() });
            sum.count = sum.count.saturating_add(part.count);
            (sum.from, sum.until) = (sum.from.min(part.from), sum.until.max(part.until));
        }
        Ok(topics.into_values().collect())
    }

    /// Makes those of [`Self::old`] one message.
    ///
    /// # Errors
    /// [`NotifyError`]: they stay as they are.
    pub fn collapse(
        &mut self,
        cutoff: Ts,
        now: Ts,
        (into, old): (&Draft, &[Old]),
        memory: &Memory,
    ) -> Result<(), NotifyError> {
        let failed = self.failed("write messages");
        let memory = serde_json::to_string(memory).unwrap_or_default();
        let parts = serde_json::to_string(old).unwrap_or_default();
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&failed)?;
        let sql = format!("UPDATE messages SET state = 'collapsed', done = ?3 WHERE {OLD}");
        transaction.execute(&sql, old_values(&into.channel, cutoff, now)).map_err(&failed)?;
        insert(&transaction, now, into).map_err(&failed)?;
        let sql = "UPDATE messages SET parts = ?3 WHERE channel = ?1 AND number = ?2";
        let values = params![into.channel, signed(into.number), parts];
        transaction.execute(sql, values).map_err(&failed)?;
        put_meta(&transaction, "memory", &memory).map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// Somebody asks something of the run, which takes it up within a second.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn wish(&self, wish: &Wish) -> Result<(), NotifyError> {
        let (what, who, channel) = match wish {
            Wish::Acknowledge { who } => ("acknowledge", who, None),
            Wish::Test { who, channel } => ("test", who, channel.as_ref()),
        };
        let sql = "INSERT INTO wishes (what, who, channel) VALUES (?1, ?2, ?3)";
        let values = params![what, who, channel];
        self.connection.execute(sql, values).map(|_| ()).map_err(self.failed("ask for something"))
    }

    /// What was asked for since the last call.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn wishes(&self) -> Result<Vec<Wish>, NotifyError> {
        let failed = self.failed("read what is asked for");
        let sql = "SELECT id, what, who, channel FROM wishes ORDER BY id";
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map([], |row| {
            let (who, channel) = (row.get(2)?, row.get(3)?);
            let is_test = row.get::<_, String>(1)? == "test";
            let wish = if is_test { Wish::Test { who, channel } } else { Wish::Acknowledge { who } };
            Ok((row.get::<_, i64>(0)?, wish))
        });
        let rows: Vec<(i64, Wish)> = rows.and_then(Iterator::collect).map_err(&failed)?;
        if let Some((last, _)) = rows.last() {
            self.connection.execute("DELETE FROM wishes WHERE id <= ?1", [last]).map_err(&failed)?;
        }
        Ok(rows.into_iter().map(|(_, wish)| wish).collect())
    }

    /// The newest messages of a channel or of all, newest first.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn history(&self, channel: Option<&str>, limit: u32) -> Result<Vec<Past>, NotifyError> {
        let failed = self.failed("read messages");
        let sql = "SELECT channel, made, done, state, attempts, problem, body FROM messages \
                   WHERE ?1 IS NULL OR channel = ?1 ORDER BY number DESC, channel LIMIT ?2";
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map(params![channel, limit], |row| {
            let body: String = row.get(6)?;
            let broken = |error: serde_json::Error| {
                rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(error))
            };
            Ok(Past {
                channel: row.get(0)?,
                made: Ts::from_nanos(row.get(1)?),
                done: row.get::<_, Option<i64>>(2)?.map(Ts::from_nanos),
                state: row.get(3)?,
                attempts: row.get(4)?,
                problem: row.get(5)?,
                message: serde_json::from_str(&body).map_err(broken)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(&failed)
    }

    /// How each channel that ever had a message stands.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn standings(&self) -> Result<Vec<Standing>, NotifyError> {
        let failed = self.failed("read messages");
        let sql = "SELECT channel, sum(state = 'waiting'), sum(state = 'sent'), sum(state = 'collapsed'), \
                   max(CASE WHEN state = 'waiting' THEN problem END), \
                   max(CASE WHEN state = 'sent' THEN done END) \
                   FROM messages GROUP BY channel ORDER BY channel";
        let mut statement = self.connection.prepare_cached(sql).map_err(&failed)?;
        let rows = statement.query_map([], |row| {
            Ok(Standing {
                channel: row.get(0)?,
                waiting: unsigned(row.get(1)?),
                sent: unsigned(row.get(2)?),
                collapsed: unsigned(row.get(3)?),
                problem: row.get(4)?,
                sent_at: row.get::<_, Option<i64>>(5)?.map(Ts::from_nanos),
            })
        });
        rows.and_then(Iterator::collect).map_err(&failed)
    }

    /// Removes what is over and older than the history that is kept.
    ///
    /// # Errors
    /// [`NotifyError`].
    pub fn prune(&self) -> Result<(), NotifyError> {
        let sql = "DELETE FROM messages WHERE state <> 'waiting' AND number <= \
                   (SELECT max(number) FROM messages) - ?1";
        self.connection.execute(sql, [HISTORY_MAX]).map(|_| ()).map_err(self.failed("remove old messages"))
    }
}

/// Which messages may become one.
const OLD: &str = "channel = ?1 AND state = 'waiting' AND severity = 0 AND made <= ?2 AND not_before <= ?3 \
                   AND topic <> 'daily_summary'";

fn old_values(channel: &str, cutoff: Ts, now: Ts) -> impl rusqlite::Params + use<> {
    (channel.to_owned(), cutoff.nanos(), now.nanos())
}

/// Numbers as SQLite takes a list of them.
fn list(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("[{}]", numbers.join(","))
}

fn advance(transaction: &Transaction<'_>, reached: &Reached) -> rusqlite::Result<()> {
    match reached {
        Reached::Taken { source, upto, gap } => {
            let sql = "UPDATE sources SET taken = max(taken, ?2) WHERE name = ?1";
            transaction.execute(sql, params![source, signed(*upto)])?;
            if let Some((first, last)) = gap {
                let sql = "INSERT INTO gaps (source, first, last) VALUES (?1, ?2, ?3)";
                transaction.execute(sql, params![source, signed(*first), signed(*last)])?;
            }
        }
        Reached::Ended(source) => {
            let sql = "UPDATE sources SET complete = 1 \
                       WHERE name = ?1 AND NOT EXISTS (SELECT 1 FROM gaps WHERE source = ?1)";
            transaction.execute(sql, [source])?;
        }
        Reached::Complete(source) => {
            transaction.execute("UPDATE sources SET complete = 1 WHERE name = ?1", [source])?;
            transaction.execute("DELETE FROM gaps WHERE source = ?1", [source])?;
        }
    }
    Ok(())
}

fn insert(transaction: &Transaction<'_>, now: Ts, draft: &Draft) -> rusqlite::Result<()> {
    let Draft { channel, not_before, number, message } = draft;
    let body = serde_json::to_string(message).unwrap_or_default();
    let sql = "INSERT INTO messages \
               (channel, number, severity, topic, at, made, not_before, attempts, state, body) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 'waiting', ?8)";
    let values = params![
        channel,
        signed(*number),
        rank(message.severity),
        Topic::name(message.topic),
        message.at.nanos(),
        now.nanos(),
        not_before.nanos(),
        body
    ];
    transaction.execute(sql, values).map(|_| ())
}

/// More urgent ones are larger.
const fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
    }
}

fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    connection.query_row(sql, [key], |row| row.get(0)).optional()
}

fn put_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
    connection.execute(sql, [key, value]).map(|_| ())
}

fn failed(place: &str, action: &'static str) -> impl Fn(rusqlite::Error) -> NotifyError + use<> {
    let place = place.to_owned();
    move |source| NotifyError::Outbox { place: place.clone(), action, source }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// Of old messages: how many there are, since when, and of which topics.
#[must_use]
pub fn collapsed_detail(old: &[Old]) -> Option<(u64, Ts, String)> {
    let count: u64 = old.iter().map(|topic| topic.count).sum();
    let from = old.iter().map(|topic| topic.from).min()?;
    let until = old.iter().map(|topic| topic.until).max()?;
    let topics = old.iter().map(|old| format!("{} {}", old.count, old.topic)).collect::<Vec<_>>().join(", ");
    (count > 1).then(|| (count, until, format!("from {from} to {until}: {topics}")))
}

/// When a message of severity `info` is old at `now`.
#[must_use]
pub fn cutoff(now: Ts, minutes: u32) -> Ts {
    now.minus(Span::from_secs(i64::from(minutes) * 60))
}
