//! One writer for each schema: an advisory lock that the session of the writer holds, beside the lock of the
//! operating system on the data folder, which does not reach another machine.

use std::thread;
use std::time::{Duration, Instant};

use crate::db::sql::{Cell, values};
use crate::error::StoreError;
use crate::journal::Digest;

use super::link::{ServerLink, cell};

/// How long a lock is waited for: the server needs a moment to notice that a process was killed.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// The lock's number: the same for every program that writes this schema of a database.
fn key(schema: &str) -> i64 {
    let Digest(hash) = Digest::sha256(format!("seawall writer {schema}").as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = hash;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Who has the lock.
struct Holder {
    pid: i64,
    label: String,
    /// All that the server tells.
    words: String,
}

/// Takes the lock of `schema` for the session of `link`. A session of the same writer whose connection was
/// lost may still be there, because the server has not noticed: it is ended. Nobody else's is.
pub(crate) fn acquire(link: &mut ServerLink, schema: &str) -> Result<(), StoreError> {
    const TAKE: &str = "SELECT pg_try_advisory_lock($1) AS taken";
    const END: &str = "SELECT pg_terminate_backend($1::bigint::integer)";
    let until = Instant::now() + PATIENCE;
    loop {
        let taken = link.query("take the writer's lock", TAKE, &values![key(schema)])?;
        if taken.first().map(|row| cell(row, "taken")) == Some(Ok(Cell::Int(1))) {
            return Ok(());
        }
        let holder = holder(link, schema)?;
        if let Some(own) = holder.as_ref().filter(|holder| holder.label == link.label) {
            link.query("end the lost session", END, &values![own.pid])?;
        } else if Instant::now() >= until {
            let holder = holder.map_or_else(|| "it has gone just now".to_owned(), |holder| holder.words);
            return Err(StoreError::DatabaseLocked { place: link.place.clone(), holder });
        }
        thread::sleep(PAUSE);
    }
}

/// Who has the lock, in the server's words.
fn holder(link: &mut ServerLink, schema: &str) -> Result<Option<Holder>, StoreError> {
    const HOLDER: &str = "SELECT a.pid AS pid, coalesce(a.application_name, '') AS label,
            coalesce(host(a.client_addr), 'the same machine') AS client, coalesce(to_char(a.backend_start AT TIME
            ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), 'some time') AS since
        FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND ((l.classid::bigint << 32) | l.objid::bigint) = $1";
    let rows = link.query("ask who has the writer's lock", HOLDER, &values![key(schema)])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text = |column| cell(row, column).map(|cell| cell.show()).unwrap_or_default();
    let label = text("label");
    let words = format!("{label} from {}, connected since {}", text("client"), text("since"));
    let pid = match cell(row, "pid") {
        Ok(Cell::Int(pid)) => pid,
        Ok(Cell::Null | Cell::Real(_) | Cell::Text(_)) | Err(_) => return Ok(None),
    };
    Ok(Some(Holder { pid, label, words }))
}
