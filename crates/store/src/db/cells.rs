//! How columns become rows again, with the table and the column in the message where one cannot be read.

use core::fmt::Display;
use core::str::FromStr;

use seawall_model::{Outcome, Span, Ts};

use crate::error::StoreError;

use super::names;
use super::rows::{
    AlertRow, DecisionCount, DecisionRow, EquityRow, FillRow, OrderEventRow, OrderRow, PlannedRow,
    PositionRow, RunRow, ShadowRow, TradeRow,
};
use super::sql::{FromCell, RawRow};

/// A row being read, with its place for the message when it cannot be.
pub(crate) struct Cells<'a> {
    pub(crate) row: RawRow<'a>,
    pub(crate) place: &'a str,
    pub(crate) table: &'static str,
}

impl Cells<'_> {
    /// The value of a column.
    pub(crate) fn get<T: FromCell>(&self, column: &'static str) -> Result<T, StoreError> {
        let cell = self.row.cell(column).map_err(|what| self.bad(column, "", what))?;
        T::from_cell(cell).map_err(|cell| self.bad(column, &cell.show(), T::WHAT))
    }

    /// The column as a text, whatever it is.
    pub(crate) fn show(&self, column: &'static str) -> Result<String, StoreError> {
        let cell = self.row.cell(column).map_err(|what| self.bad(column, "", what))?;
        Ok(cell.show())
    }

    fn bad(&self, column: &'static str, text: &str, what: impl Display) -> StoreError {
        let text = text.chars().take(80).collect();
        StoreError::Row {
            place: self.place.to_owned(),
            table: self.table,
            column,
            text,
            what: what.to_string(),
        }
    }

    fn exact<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        text.parse().map_err(|error| self.bad(column, &text, error))
    }

    fn maybe<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(column)?;
        text.map(|text| text.parse().map_err(|error| self.bad(column, &text, error))).transpose()
    }

    /// A name that this version knows.
    fn named<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        read(&text).map_err(|what| self.bad(column, &text, what))
    }

    fn outcome(&self) -> Result<Outcome, StoreError> {
        match self.get::<Option<String>>("refused_by")? {
            None => Ok(Outcome::Entered),
            Some(_) => Ok(Outcome::Refused(self.named("refused_by", names::gate)?)),
        }
    }

    fn planned(&self) -> Result<PlannedRow, StoreError> {
        Ok(PlannedRow {
            side: self.named("planned_side", names::side)?,
            entry: self.exact("planned_entry")?,
            stop: self.exact("planned_stop")?,
            target: self.exact("planned_target")?,
        })
    }

    fn time(&self, column: &'static str) -> Result<Ts, StoreError> {
        self.get(column).map(Ts::from_nanos)
    }

    fn maybe_time(&self, column: &'static str) -> Result<Option<Ts>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(Ts::from_nanos))
    }
}

/// A row that can be read from cells.
pub(crate) trait FromCells: Sized {
    /// Reads it.
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError>;
}

impl FromCells for RunRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(RunRow {
            run: cells.get("run")?,
            mode: cells.get("mode")?,
            seed: cells.get("seed")?,
            config_hash: cells.get("config_hash")?,
            engine_version: cells.get("engine_version")?,
            started_at: cells.time("started_at")?,
            ended_at: cells.maybe_time("ended_at")?,
            end_reason: cells.get("end_reason")?,
            fingerprint: cells.get("fingerprint")?,
        })
    }
}

impl FromCells for OrderRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(OrderRow {
            run: cells.get("run")?,
            client_order_id: cells.get("client_order_id")?,
            instrument: cells.get("name")?,
            role: cells.get("role")?,
            target: cells.get("target")?,
            side: cells.get("side")?,
            kind: cells.get("kind")?,
            qty: cells.exact("qty")?,
            filled: cells.exact("filled")?,
            limit_price: cells.maybe("limit_price")?,
            trigger_price: cells.maybe("trigger_price")?,
            trigger_source: cells.get("trigger_source")?,
            reduce_only: cells.get("reduce_only")?,
            state: cells.get("state")?,
            created_at: cells.time("created_at")?,
            updated_at: cells.time("updated_at")?,
        })
    }
}

impl FromCells for OrderEventRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(OrderEventRow {
            run: cells.get("run")?,
            client_order_id: cells.get("client_order_id")?,
            at: cells.time("at")?,
            state: cells.get("state")?,
            qty: cells.exact("qty")?,
            filled: cells.exact("filled")?,
            limit_price: cells.maybe("limit_price")?,
            trigger_price: cells.maybe("trigger_price")?,
        })
    }
}

impl FromCells for FillRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(FillRow {
            run: cells.get("run")?,
            instrument: cells.get("name")?,
            fill_id: cells.get("fill_id")?,
            client_order_id: cells.get("client_order_id")?,
            side: cells.get("side")?,
            qty: cells.exact("qty")?,
            price: cells.exact("price")?,
            fee: cells.exact("fee")?,
            liquidity: cells.get("liquidity")?,
            cause: cells.get("cause")?,
            venue_time: cells.time("venue_time")?,
        })
    }
}

impl FromCells for TradeRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        let exits: String = cells.get("exits")?;
        Ok(TradeRow {
            run: cells.get("run")?,
            id: cells.get("id")?,
            instrument: cells.get("name")?,
            side: cells.get("side")?,
            setup: cells.get("setup")?,
            regime: cells.get("regime")?,
            score: cells.get("score")?,
            decided_at: cells.time("decided_at")?,
            entry_at: cells.time("entry_at")?,
            entry_value: cells.exact("entry_value")?,
            entry_qty: cells.exact("entry_qty")?,
            decision_price: cells.exact("decision_price")?,
            initial_stop: cells.maybe("initial_stop")?,
            exits: serde_json::from_str(&exits).map_err(|error| cells.bad("exits", &exits, error))?,
            closed_at: cells.maybe_time("closed_at")?,
            fees: cells.exact("fees")?,
            funding: cells.exact("funding")?,
            pnl: cells.exact("pnl")?,
            risk: cells.exact("risk")?,
            worst_price: cells.exact("worst_price")?,
            best_price: cells.exact("best_price")?,
            naked: cells.get("naked").map(Span::from_nanos)?,
        })
    }
}

impl FromCells for DecisionRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        let outcome = cells.outcome()?;
        let is_planned = cells.get::<Option<String>>("planned_side")?.is_some();
        Ok(DecisionRow {
            run: cells.get("run")?,
            instrument: cells.get("name")?,
            at: cells.time("at")?,
            price: cells.exact("price")?,
            outcome,
            setup: cells.get("setup")?,
            regime: cells.get("regime")?,
            exit: cells.get("exit")?,
            gates: cells.named("gates", names::read_gates)?,
            score: cells.named("score", names::read_score)?,
            planned: is_planned.then(|| cells.planned()).transpose()?,
        })
    }
}

impl FromCells for DecisionCount {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(DecisionCount {
            instrument: cells.get("name")?,
            outcome: cells.outcome()?,
            count: cells.get::<u32>("count").map(u64::from)?,
            planned: cells.get::<u32>("planned").map(u64::from)?,
            first: cells.time("first")?,
            last: cells.time("last")?,
        })
    }
}

impl FromCells for ShadowRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(ShadowRow {
            run: cells.get("run")?,
            instrument: cells.get("name")?,
            decided_at: cells.time("decided_at")?,
            refused_by: cells.named("refused_by", names::gate)?,
            setup: cells.get("setup")?,
            planned: cells.planned()?,
            refusals: cells.get("refusals")?,
            outcome: cells.named("outcome", names::shadow_end)?,
            ended_at: cells.time("ended_at")?,
            r: cells.get("r")?,
            bars: cells.get("bars")?,
        })
    }
}

impl FromCells for EquityRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(EquityRow { run: cells.get("run")?, at: cells.time("at")?, equity: cells.exact("equity")? })
    }
}

impl FromCells for PositionRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(PositionRow {
            run: cells.get("run")?,
            instrument: cells.get("name")?,
            updated_at: cells.time("updated_at")?,
            qty: cells.exact("qty")?,
            stop: cells.maybe("stop")?,
            protected: cells.get("protected")?,
            escalating: cells.get("escalating")?,
            proven_at: cells.maybe_time("proven_at")?,
            unrealised: cells.exact("unrealised")?,
        })
    }
}

impl FromCells for AlertRow {
    fn from_cells(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(AlertRow {
            run: cells.get("run")?,
            at: cells.time("at")?,
            severity: cells.get("severity")?,
            kind: cells.get("kind")?,
            instrument: cells.get("name")?,
            detail: cells.get("detail")?,
        })
    }
}
