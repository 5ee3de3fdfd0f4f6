//! One row each: how the engine's words become columns.

use core::fmt::Display;
use std::collections::BTreeSet;

use seawall_model::{
    Alert, Decision, Fill, Instrument, InstrumentId, OrderRole, OrderUpdate, Outcome, PlannedPrices,
    PriceUnits, ShadowOutcome, Trade, Ts,
};

use crate::error::StoreError;

use super::batch::{EquityPoint, PositionState};
use super::link::Link;
use super::names;
use super::sql::{Value, values};

/// The tables inside an open transaction.
#[derive(Debug)]
pub(crate) struct Tables<'a> {
    pub(crate) link: &'a mut Link,
    pub(crate) run: u32,
    pub(crate) instruments: &'a [Instrument],
}

fn text<T: Display>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

impl<'a> Tables<'a> {
    fn instrument(&self, id: InstrumentId) -> Result<&'a Instrument, StoreError> {
        let count = self.instruments.len();
        self.instruments.get(id.index()).ok_or(StoreError::UnknownInstrument { number: id.0, count })
    }

    pub(crate) fn order(&mut self, update: &OrderUpdate) -> Result<(), StoreError> {
        const ORDER: &str = "INSERT INTO orders (run, client_order_id, instrument, role, target, side, kind, qty,
                filled, limit_price, trigger_price, trigger_source, reduce_only, state, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
            ON CONFLICT (run, client_order_id) DO UPDATE SET
                kind = excluded.kind, qty = excluded.qty, filled = excluded.filled,
                limit_price = excluded.limit_price, trigger_price = excluded.trigger_price,
                trigger_source = excluded.trigger_source, state = excluded.state, updated_at = excluded.updated_at
            WHERE excluded.updated_at >= orders.updated_at";
        const EVENT: &str = "INSERT INTO order_events
                (run, client_order_id, at, state, qty, filled, limit_price, trigger_price)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let instrument = self.instrument(update.order.instrument)?;
        let id = update.order.id.to_string();
        let (qty, filled) =
            (instrument.qty(update.qty).to_string(), instrument.qty(update.filled).to_string());
        let limit = text(update.kind.limit().map(|price| instrument.price(price)));
        let trigger = update.kind.trigger();
        let trigger_price = text(trigger.map(|trigger| instrument.price(trigger.price)));
        let target = match update.role {
            OrderRole::Target(number) => Some(number),
            OrderRole::Entry | OrderRole::Stop | OrderRole::Exit | OrderRole::Emergency => None,
        };
        let values = values![
            self.run,
            &id,
            update.order.instrument.0,
            update.role.name(),
            target,
            update.side.name(),
            update.kind.name(),
            &qty,
            &filled,
            limit.as_deref(),
            trigger_price.as_deref(),
            trigger.map(|trigger| trigger.source.name()),
            update.reduce_only,
            update.state.name(),
            update.at.nanos(),
        ];
        self.link.enqueue("record an order", ORDER, &values)?;
        let at = update.at.nanos();
        let values = values![self.run, id, at, update.state.name(), qty, filled, limit, trigger_price];
        self.link.enqueue("record an order's change", EVENT, &values)
    }

    pub(crate) fn fill(&mut self, fill: &Fill) -> Result<(), StoreError> {
        const FILL: &str =
            "INSERT INTO fills (run, instrument, fill_id, client_order_id, side, qty, price, fee,
                liquidity, cause, venue_time)
            VALUES ($1, $2, $3, nullif($4, ''), $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
        const STORED: &str = "SELECT coalesce(client_order_id, '') AS client_order_id, side, qty, price, fee,
                liquidity, cause, venue_time
            FROM fills WHERE run = $1 AND instrument = $2 AND fill_id = $3";
        let instrument = self.instrument(fill.instrument)?;
        let id = fill.fill_id.to_string();
        let columns = [
            ("client_order_id", text(fill.order.map(|order| order.id)).unwrap_or_default()),
            ("side", fill.side.name().to_owned()),
            ("qty", instrument.qty(fill.qty).to_string()),
            ("price", instrument.price(fill.price).to_string()),
            ("fee", fill.fee.to_string()),
            ("liquidity", names::liquidity(fill.liquidity).to_owned()),
            ("cause", names::cause(fill.cause).to_owned()),
            ("venue_time", fill.venue_time.nanos().to_string()),
        ];
        let [order, side, qty, price, fee, liquidity, cause, _] = columns.each_ref().map(|(_, text)| text);
        let time = fill.venue_time.nanos();
        let values =
            values![self.run, fill.instrument.0, &id, order, side, qty, price, fee, liquidity, cause, time];
        if self.link.execute("record a fill", FILL, &values)? == 0 {
            let key = values![self.run, fill.instrument.0, &id];
            let name = format!("{} of {}", id, instrument.name());
            return self.require_same("fills", &name, STORED, &key, &columns);
        }
        Ok(())
    }

    /// Compares the row that `sql` finds with `columns`, in their order.
    pub(crate) fn require_same(
        &mut self,
        table: &'static str,
        key: &str,
        sql: &str,
        values: &[Value<'_>],
        columns: &[(&'static str, String)],
    ) -> Result<(), StoreError> {
        let mut difference = Some("another row has the same name".to_owned());
        self.link.query(table, sql, values, &mut |cells| {
            difference = None;
            for (column, given) in columns {
                let stored = cells.show(column)?;
                if stored != *given {
                    difference = Some(format!("{column} is `{stored}`, now `{given}`"));
                    break;
                }
            }
            Ok(())
        })?;
        match difference {
            None => Ok(()),
            Some(what) => {
                let place = self.link.place.clone();
                Err(StoreError::Conflict { place, table, key: key.to_owned(), what })
            }
        }
    }

    pub(crate) fn trade(&mut self, trade: &Trade) -> Result<(), StoreError> {
        const TRADE: &str = "INSERT INTO trades (run, id, instrument, side, setup, regime, score,
                decided_at, entry_at, entry_value, entry_qty, decision_price, initial_stop, exits, closed_at, fees,
                funding, pnl, risk, worst_price, best_price, naked)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                $21, $22)
            ON CONFLICT (run, id) DO UPDATE SET
                instrument = excluded.instrument, side = excluded.side, setup = excluded.setup,
                regime = excluded.regime, score = excluded.score, decided_at = excluded.decided_at,
                entry_at = excluded.entry_at, entry_value = excluded.entry_value,
                entry_qty = excluded.entry_qty, decision_price = excluded.decision_price,
                initial_stop = excluded.initial_stop, exits = excluded.exits,
                closed_at = excluded.closed_at, fees = excluded.fees, funding = excluded.funding,
                pnl = excluded.pnl, risk = excluded.risk, worst_price = excluded.worst_price,
                best_price = excluded.best_price, naked = excluded.naked";
        let instrument = self.instrument(trade.instrument)?;
        let values = values![
            self.run,
            trade.id,
            trade.instrument.0,
            trade.side.name(),
            trade.setup.name(),
            trade.setup.regime(),
            trade.score,
            trade.decided_at.nanos(),
            trade.entry_at.nanos(),
            trade.entry_value.to_string(),
            instrument.qty(trade.entry_qty).to_string(),
            instrument.price(trade.decision_price).to_string(),
            text(trade.initial_stop.map(|price| instrument.price(price))),
            names::exits(&trade.exits, instrument),
            trade.closed_at.map(Ts::nanos),
            trade.fees.to_string(),
            trade.funding.to_string(),
            trade.pnl.to_string(),
            trade.risk.to_string(),
            instrument.price(trade.worst_price).to_string(),
            instrument.price(trade.best_price).to_string(),
            trade.naked.nanos(),
        ];
        self.link.enqueue("record a trade", TRADE, &values)
    }

    pub(crate) fn decision(&mut self, decision: &Decision) -> Result<(), StoreError> {
        const DECISION: &str = "INSERT INTO decisions
                (run, instrument, at, price, refused_by, setup, regime, exit, gates, score, planned_side,
                planned_entry, planned_stop, planned_target)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (run, instrument, at) DO UPDATE SET
                price = excluded.price, refused_by = excluded.refused_by, setup = excluded.setup,
                regime = excluded.regime, exit = excluded.exit, gates = excluded.gates,
                score = excluded.score, planned_side = excluded.planned_side,
                planned_entry = excluded.planned_entry, planned_stop = excluded.planned_stop,
                planned_target = excluded.planned_target";
        let instrument = self.instrument(decision.instrument)?;
        let refused_by = match decision.outcome {
            Outcome::Entered => None,
            Outcome::Refused(gate) => Some(gate.name()),
        };
        let planned = decision.planned;
        let price = |of: fn(PlannedPrices) -> PriceUnits| text(planned.map(|one| instrument.price(of(one))));
        let values = values![
            self.run,
            decision.instrument.0,
            decision.at.nanos(),
            instrument.price(decision.price).to_string(),
            refused_by,
            decision.setup.map(|setup| setup.name()),
            decision.regime.map(|regime| regime.name()),
            decision.exit.map(|exit| exit.name()),
            names::gates(&decision.gates),
            names::score(&decision.score),
            planned.map(|planned| planned.side.name()),
            price(|planned| planned.entry),
            price(|planned| planned.stop),
            price(|planned| planned.target),
        ];
        self.link.enqueue("record a decision", DECISION, &values)
    }

    /// Decisions of these hours were written.
    pub(crate) fn decided_in(&mut self, hours: &BTreeSet<Ts>) -> Result<(), StoreError> {
        const HOUR: &str = "INSERT INTO decision_hours (run, hour, writes) VALUES ($1, $2, 1)
            ON CONFLICT (run, hour) DO UPDATE SET writes = decision_hours.writes + 1";
        let mut all = hours.iter();
        all.try_for_each(|hour| {
            self.link.enqueue("record an hour of decisions", HOUR, &values![self.run, hour.nanos()])
        })
    }

    pub(crate) fn shadow(&mut self, shadow: &ShadowOutcome) -> Result<(), StoreError> {
        const SHADOW: &str = "INSERT INTO shadow_outcomes
                (run, instrument, decided_at, refused_by, setup, planned_side, planned_entry, planned_stop,
                planned_target, refusals, outcome, ended_at, r, bars)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (run, instrument, decided_at) DO UPDATE SET
                refused_by = excluded.refused_by, setup = excluded.setup,
                planned_side = excluded.planned_side, planned_entry = excluded.planned_entry,
                planned_stop = excluded.planned_stop, planned_target = excluded.planned_target,
                refusals = excluded.refusals, outcome = excluded.outcome, ended_at = excluded.ended_at,
                r = excluded.r, bars = excluded.bars";
        let instrument = self.instrument(shadow.instrument)?;
        let PlannedPrices { side, entry, stop, target } = shadow.planned;
        let values = values![
            self.run,
            shadow.instrument.0,
            shadow.decided_at.nanos(),
            shadow.gate.name(),
            shadow.setup.map(|setup| setup.name()),
            side.name(),
            instrument.price(entry).to_string(),
            instrument.price(stop).to_string(),
            instrument.price(target).to_string(),
            shadow.refusals,
            shadow.end.name(),
            shadow.ended_at.nanos(),
            shadow.r,
            shadow.bars,
        ];
        self.link.enqueue("record a shadow outcome", SHADOW, &values)
    }

    pub(crate) fn equity(&mut self, point: &EquityPoint) -> Result<(), StoreError> {
        const EQUITY: &str = "INSERT INTO equity (run, at, equity) VALUES ($1, $2, $3)
            ON CONFLICT (run, at) DO UPDATE SET
                equity = excluded.equity";
        let values = values![self.run, point.at.nanos(), point.equity.to_string()];
        self.link.enqueue("record the equity", EQUITY, &values)
    }

    pub(crate) fn alert(&mut self, alert: &Alert) -> Result<(), StoreError> {
        const ALERT: &str = "INSERT INTO alerts (run, at, severity, kind, instrument, detail)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        alert.instrument.map(|id| self.instrument(id)).transpose()?;
        let values = values![
            self.run,
            alert.at.nanos(),
            names::severity(alert.severity),
            alert.kind.name(),
            alert.instrument.map(|id| id.0),
            &alert.detail,
        ];
        self.link.enqueue("record an alert", ALERT, &values)
    }

    pub(crate) fn position(&mut self, position: &PositionState) -> Result<(), StoreError> {
        const POSITION: &str = "INSERT INTO positions
                (run, instrument, updated_at, qty, stop, protected, escalating, proven_at, unrealised)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (run, instrument) DO UPDATE SET
                updated_at = excluded.updated_at, qty = excluded.qty, stop = excluded.stop,
                protected = excluded.protected, escalating = excluded.escalating,
                proven_at = excluded.proven_at, unrealised = excluded.unrealised
            WHERE excluded.updated_at >= positions.updated_at";
        let instrument = self.instrument(position.instrument)?;
        let values = values![
            self.run,
            position.instrument.0,
            position.at.nanos(),
            instrument.qty(position.qty).to_string(),
            text(position.stop.map(|price| instrument.price(price))),
            position.protected,
            position.escalating,
            position.proven_at.map(Ts::nanos),
            position.unrealised.to_string(),
        ];
        self.link.enqueue("record a position", POSITION, &values)
    }
}
