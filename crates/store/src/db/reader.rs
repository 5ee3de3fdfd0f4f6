//! Reads beside the writer, in its own connection that cannot write.

use std::cell::RefCell;

use seawall_model::Ts;

use crate::error::StoreError;

use super::cells::FromCells;
use super::link::{Link, Purpose};
use super::migrate;
use super::place::Place;
use super::rows::{
    AlertRow, DecisionCount, DecisionRow, EquityRow, FillRow, OrderEventRow, OrderRow, PlannedRow,
    PositionRow, RunRow, ShadowRow, TradeRow,
};
use super::sql::{Value, values};

/// Which rows are wanted: the newest `limit` that match, given oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter<'a> {
    /// Only this run.
    pub run: Option<u32>,
    /// Only the instrument of this name.
    pub instrument: Option<&'a str>,
    /// Only what happened at this instant or after it.
    pub since: Option<Ts>,
    /// Only what happened at this instant or before it.
    pub until: Option<Ts>,
    /// No more than so many.
    pub limit: u32,
}

impl Default for Filter<'_> {
    /// The newest thousand of everything.
    fn default() -> Self {
        Filter { run: None, instrument: None, since: None, until: None, limit: 1_000 }
    }
}

impl Filter<'_> {
    fn span(&self) -> (i64, i64) {
        (self.since.map_or(i64::MIN, Ts::nanos), self.until.unwrap_or(Ts::FAR_FUTURE).nanos())
    }
}

/// Earlier plans of an instrument among which that of a decision is looked for: more than were followed at a
/// time, and as many as may have ended since.
const SHADOWS_LOOKED_AT: u32 = 1_000;

/// Reads a database. Not for asynchronous tasks: it waits for the server where there is one.
#[derive(Debug)]
pub struct Reader {
    link: RefCell<Link>,
    /// The run that is meant where a filter names none.
    run: Option<u32>,
}

/// Where a table's rows come from and when they happened.
struct Source {
    table: &'static str,
    time: &'static str,
    /// What orders rows of one instant.
    tie: &'static str,
    /// How the instrument's name is joined.
    join: &'static str,
}

const NAMED: &str = "JOIN instruments ON instruments.run = t.run AND instruments.id = t.instrument";
const MAYBE_NAMED: &str =
    "LEFT JOIN instruments ON instruments.run = t.run AND instruments.id = t.instrument";
const UNNAMED: &str = "CROSS JOIN (SELECT NULL AS name) AS instruments";

const ORDERS: Source = Source { table: "orders", time: "updated_at", tie: "client_order_id", join: NAMED };
const FILLS: Source = Source { table: "fills", time: "venue_time", tie: "fill_id", join: NAMED };
const TRADES: Source = Source { table: "trades", time: "entry_at", tie: "id", join: NAMED };
const DECISIONS: Source = Source { table: "decisions", time: "at", tie: "instrument", join: NAMED };
const SHADOWS: Source =
    Source { table: "shadow_outcomes", time: "decided_at", tie: "instrument", join: NAMED };
const POSITIONS: Source = Source { table: "positions", time: "updated_at", tie: "instrument", join: NAMED };
const ALERTS: Source = Source { table: "alerts", time: "at", tie: "number", join: MAYBE_NAMED };
const EQUITY: Source = Source { table: "equity", time: "at", tie: "at", join: UNNAMED };
const RUNS: Source = Source { table: "runs", time: "started_at", tie: "run", join: UNNAMED };

impl Reader {
    /// Opens the database at `place` for reading.
    ///
    /// # Errors
    /// [`StoreError::Database`] where there is none, [`StoreError::DatabaseAway`],
    /// [`StoreError::ForeignDatabase`], [`StoreError::DatabaseNewer`], [`StoreError::DatabaseOlder`],
    /// [`StoreError::MigrationEdited`].
    pub fn open(place: impl Into<Place>) -> Result<Self, StoreError> {
        let place = place.into();
        let mut link = Link::open(&place, Purpose::Read)?;
        let is_current = migrate::check_ours(&mut link, place.schema())?
            && migrate::first_missing(&mut link, migrate::MIGRATIONS)?.is_none();
        if !is_current {
            return Err(StoreError::DatabaseOlder { place: link.place });
        }
        Ok(Reader { link: RefCell::new(link), run: None })
    }

    /// Opens the database at `place` for reading one run of it.
    ///
    /// # Errors
    /// As for [`Self::open`]; [`StoreError::RunTaken`] where the run of that number is of another folder.
    pub fn of_run(place: impl Into<Place>, run: u32) -> Result<Self, StoreError> {
        const IDENTITY: &str = "SELECT identity FROM runs WHERE run = $1";
        let place = place.into();
        let reader = Reader { run: Some(run), ..Self::open(&place)? };
        let mut is_ours = true;
        reader.link.borrow_mut().query("runs", IDENTITY, &values![run], &mut |cells| {
            is_ours = cells.get::<String>("identity")? == place.identity();
            Ok(())
        })?;
        if !is_ours {
            return Err(StoreError::RunTaken { place: place.to_string(), run });
        }
        Ok(reader)
    }

    /// The highest number of a run.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn newest_run(&self) -> Result<Option<u32>, StoreError> {
        let mut newest = None;
        let mut link = self.link.borrow_mut();
        link.query("runs", "SELECT max(run) AS run FROM runs", &[], &mut |cells| {
            newest = cells.get("run")?;
            Ok(())
        })?;
        Ok(newest)
    }

    fn rows<T: FromCells>(&self, source: &Source, filter: &Filter<'_>) -> Result<Vec<T>, StoreError> {
        let Source { table, time, tie, join } = source;
        let sql = format!(
            "SELECT t.*, instruments.name FROM {table} AS t {join}
             WHERE ($1 IS NULL OR t.run = $1) AND ($2 IS NULL OR instruments.name = $2)
               AND t.{time} >= $3 AND t.{time} <= $4
             ORDER BY t.{time} DESC, t.run DESC, t.{tie} DESC LIMIT $5"
        );
        let (since, until) = filter.span();
        let run = filter.run.or(self.run);
        let values = values![run, filter.instrument, since, until, filter.limit];
        let mut rows = self.collect(table, &sql, &values)?;
        rows.reverse();
        Ok(rows)
    }

    fn collect<T: FromCells>(
        &self,
        table: &'static str,
        sql: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.link.borrow_mut().query(table, sql, values, &mut |cells| {
            rows.push(T::from_cells(cells)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The runs.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Row`]; so for all that follow.
    pub fn runs(&self, filter: &Filter<'_>) -> Result<Vec<RunRow>, StoreError> {
        self.rows(&RUNS, filter)
    }

    /// Orders in their latest state, by their last change.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn orders(&self, filter: &Filter<'_>) -> Result<Vec<OrderRow>, StoreError> {
        self.rows(&ORDERS, filter)
    }

    /// The life of one order, in the order in which the engine learned of it.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn order_events(&self, client_order_id: &str) -> Result<Vec<OrderEventRow>, StoreError> {
        const EVENTS: &str = "SELECT * FROM order_events WHERE client_order_id = $1 ORDER BY run, number";
        self.collect("order_events", EVENTS, &values![client_order_id])
    }

    /// Fills, by the venue's time.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn fills(&self, filter: &Filter<'_>) -> Result<Vec<FillRow>, StoreError> {
        self.rows(&FILLS, filter)
    }

    /// Trades, by their entry.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn trades(&self, filter: &Filter<'_>) -> Result<Vec<TradeRow>, StoreError> {
        self.rows(&TRADES, filter)
    }

    /// Decisions.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn decisions(&self, filter: &Filter<'_>) -> Result<Vec<DecisionRow>, StoreError> {
        self.rows(&DECISIONS, filter)
    }

    /// How the decisions ended, by instrument and outcome; the limit of `filter` does not count.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn decision_counts(&self, filter: &Filter<'_>) -> Result<Vec<DecisionCount>, StoreError> {
        let run = filter.run.or(self.run);
        // Where it is one run, an index has all that is counted.
        let of_run = if run.is_some() { "run = $1" } else { "($1 IS NULL OR run = $1)" };
        let sql = format!(
            "SELECT instruments.name, t.refused_by, CAST(sum(t.count) AS BIGINT) AS count,
                CAST(sum(t.planned) AS BIGINT) AS planned, min(t.first) AS first, max(t.last) AS last
             FROM (SELECT run, instrument, refused_by, count(*) AS count, count(planned_side) AS planned,
                     min(at) AS first, max(at) AS last
                   FROM decisions WHERE {of_run} AND at >= $2 AND at <= $3
                   GROUP BY run, instrument, refused_by) AS t {NAMED}
             WHERE ($4 IS NULL OR instruments.name = $4)
             GROUP BY instruments.name, t.refused_by ORDER BY instruments.name, t.refused_by NULLS FIRST"
        );
        let (since, until) = filter.span();
        let values = values![run, since, until, filter.instrument];
        self.collect("decisions", &sql, &values)
    }

    /// The hours from `since` on that have decisions, each with how often some of them were written: where
    /// that is as it was, so are the decisions.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn decision_hours(&self, since: Ts) -> Result<Vec<(Ts, i64)>, StoreError> {
        const HOURS: &str = "SELECT hour, CAST(sum(writes) AS BIGINT) AS writes FROM decision_hours
             WHERE ($1 IS NULL OR run = $1) AND hour >= $2 GROUP BY hour ORDER BY hour";
        let mut hours = Vec::new();
        let values = values![self.run, since.nanos()];
        self.link.borrow_mut().query("decision_hours", HOURS, &values, &mut |cells| {
            hours.push((Ts::from_nanos(cells.get("hour")?), cells.get("writes")?));
            Ok(())
        })?;
        Ok(hours)
    }

    /// The decision on `instrument` that held at an instant: the last one made then or before, of any run;
    /// without an instant, the last one of all.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn last_decision(&self, instrument: &str, at: Option<Ts>) -> Result<Option<DecisionRow>, StoreError> {
        let filter = Filter { instrument: Some(instrument), until: at, limit: 1, ..Filter::default() };
        Ok(self.decisions(&filter)?.pop())
    }

    /// What refused plans would have made, by the time of their first refusal.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn shadows(&self, filter: &Filter<'_>) -> Result<Vec<ShadowRow>, StoreError> {
        self.rows(&SHADOWS, filter)
    }

    /// What the plan of `decision` would have made: the outcome of the same plan on the same instrument, as
    /// it was followed at that time. `None` where there was no plan, where it was not followed, or where the
    /// run ended before it did.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn shadow_of(&self, decision: &DecisionRow) -> Result<Option<ShadowRow>, StoreError> {
        let Some(planned) = decision.planned else { return Ok(None) };
        let filter = Filter {
            run: Some(decision.run),
            instrument: Some(&decision.instrument),
            until: Some(decision.at),
            limit: SHADOWS_LOOKED_AT,
            ..Filter::default()
        };
        let is_same = |row: &ShadowRow| {
            let of = |plan: PlannedRow| (plan.side, plan.entry, plan.stop);
            of(row.planned) == of(planned) && row.ended_at > decision.at
        };
        Ok(self.shadows(&filter)?.into_iter().rfind(is_same))
    }

    /// The equity curve.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn equity(&self, filter: &Filter<'_>) -> Result<Vec<EquityRow>, StoreError> {
        self.rows(&EQUITY, filter)
    }

    /// Positions as last recorded, flat ones too.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn positions(&self, filter: &Filter<'_>) -> Result<Vec<PositionRow>, StoreError> {
        self.rows(&POSITIONS, filter)
    }

    /// Messages for the operator.
    ///
    /// # Errors
    /// As for [`Self::runs`].
    pub fn alerts(&self, filter: &Filter<'_>) -> Result<Vec<AlertRow>, StoreError> {
        self.rows(&ALERTS, filter)
    }
}
