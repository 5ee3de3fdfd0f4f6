//! A view: what the engine knows for people at one moment.

use std::sync::Arc;
use std::time::Instant;

use seawall_engine::{Block, DataState, Engine, Lock};
use seawall_model::{
    Decision, Instrument, InstrumentName, KillReason, Money, OrderUpdate, Price, Qty, SystemMode, Trading, Ts,
};

use super::writer::Seen;
use crate::tally::Tally;

/// Something that keeps new risk away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockView {
    /// Its stable name.
    pub name: &'static str,
    /// In words.
    pub words: String,
    /// The instrument it is about, if one.
    pub instrument: Option<InstrumentName>,
    /// Whether the engine as a whole is not ready while it is there.
    pub holds_start: bool,
}

/// The trade of an open position.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeView {
    /// What made the strategy enter.
    pub setup: &'static str,
    /// First fill.
    pub entry_at: Ts,
    /// Average entry price, at the scale of the instrument's prices.
    pub entry: Option<Price>,
    /// The first stop that the venue confirmed.
    pub initial_stop: Option<Price>,
    /// Profit or loss at the last price with fees and funding.
    pub pnl: Money,
    /// Planned risk; zero without a stop.
    pub risk: Money,
    /// Fees paid.
    pub fees: Money,
    /// Funding received.
    pub funding: Money,
    /// Seconds without full protection.
    pub naked_s: f64,
}

/// One instrument.
#[derive(Debug, Clone)]
pub struct InstrumentView {
    /// Its name.
    pub name: InstrumentName,
    /// Last price; zero before the first.
    pub last: Price,
    /// When the newest price came in.
    pub priced_at: Option<Ts>,
    /// Signed quantity held.
    pub qty: Qty,
    /// What the position is worth at the last price, unsigned.
    pub value: Option<Money>,
    /// Where the stop is to rest.
    pub stop: Option<Price>,
    /// Where a stop of somebody else rests that protects it.
    pub foreign_stop: Option<Price>,
    /// Where the price would use up the account, by the margin tiers that are known: an estimate.
    pub liquidation: Option<Price>,
    /// Whether it is left alone by policy.
    pub left_alone: bool,
    /// Whether confirmed stops cover all of it.
    pub protected: bool,
    /// Whether it is uncovered and a deadline of the ladder is running.
    pub escalating: bool,
    /// When the stop was last proven at the venue.
    pub proven_at: Option<Ts>,
    /// Profit or loss at the last price, before fees.
    pub unrealised: Money,
    /// The trade of the position.
    pub trade: Option<TradeView>,
    /// Orders that can act at the venue.
    pub orders: Vec<OrderUpdate>,
    /// The newest decision record.
    pub decision: Option<Arc<Decision>>,
    /// State of its data.
    pub data: Option<DataState>,
    /// Where it stands in the universe.
    pub standing: Option<&'static str>,
    /// Which orders it takes.
    pub trading: Option<Trading>,
    /// Holes seen in its candles.
    pub holes: u32,
}

impl InstrumentView {
    /// Whether something is held.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.qty.is_zero()
    }

    /// Whether it is held, ours to protect, and not protected.
    #[must_use]
    pub fn is_naked(&self) -> bool {
        self.is_held() && !self.protected && !self.left_alone
    }
}

/// Which feeds are live.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedsView {
    /// Whether nothing is missing.
    pub live: bool,
    /// Whether nothing of the account can be missed.
    pub account_live: bool,
    /// What is missing, in words; empty where nothing is.
    pub missing: String,
}

/// How full a bounded queue has ever been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Which queue.
    pub name: &'static str,
    /// How many waited in it when it was last looked at.
    pub waiting: usize,
    /// The most that has ever waited in it.
    pub most: usize,
    /// The most that may.
    pub bound: usize,
}

/// What is used of one of the venue's rate limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetView {
    /// Which pool.
    pub pool: &'static str,
    /// Units used of it.
    pub used: u64,
    /// Units that the venue allows.
    pub limit: u64,
    /// Units kept for protection and cancellations.
    pub reserve: u64,
}

/// A guard that keeps entries away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockView {
    /// Its stable name.
    pub name: &'static str,
    /// In words.
    pub words: String,
    /// The key or section that sets it, if one does.
    pub key: Option<&'static str>,
    /// The instrument it is about; all of them without one.
    pub instrument: Option<InstrumentName>,
    /// When it ends by itself; an operator ends it without one.
    pub until: Option<Ts>,
}

/// What only the driver knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The feeds; a driver without sockets has none that could fail.
    pub feeds: Option<FeedsView>,
    /// The queues.
    pub queues: Vec<QueueView>,
    /// The venue's rate limits.
    pub budgets: Vec<BudgetView>,
}

/// What the engine knows for people at one moment.
#[derive(Debug, Clone)]
pub struct View {
    /// When it was made, by a clock that only counts on.
    pub made: Instant,
    /// The instant, on the run's clock.
    pub at: Ts,
    /// Number of the newest event that it has in it.
    pub seq: u64,
    /// Start-up phase.
    pub phase: &'static str,
    /// Whether the start-up is over and nothing holds it.
    pub ready: bool,
    /// What keeps new risk away.
    pub blocks: Vec<BlockView>,
    /// What the guards hold back.
    pub locks: Vec<LockView>,
    /// Mode.
    pub mode: SystemMode,
    /// Why the kill switch is on, if it is.
    pub kill_switch: Option<KillReason>,
    /// Equity at the last prices, once the books are open.
    pub equity: Option<Money>,
    /// Equity at the beginning of the UTC day, adjusted for what came in and went out.
    pub day_base: Money,
    /// The same of the ISO week.
    pub week_base: Money,
    /// The high-water mark.
    pub peak: Money,
    /// Our money at the venue by the books, net of what open positions cost.
    pub cash: Money,
    /// Longest time any position has been without a confirmed stop, in seconds.
    pub naked_max_s: f64,
    /// The bound that the settings state for it, in seconds.
    pub naked_bound_s: f64,
    /// When the newest market data came in.
    pub market_at: Option<Ts>,
    /// Inputs that the engine took.
    pub inputs: u64,
    /// Orders placed.
    pub orders: u64,
    /// Fills counted.
    pub fills: u64,
    /// Positions opened.
    pub positions_opened: u64,
    /// Trades completed.
    pub trades_closed: u64,
    /// Decisions taken.
    pub decisions: u64,
    /// Entries among them.
    pub entered: u64,
    /// Messages for the operator, by severity: info, warning, critical.
    pub alerts: [u64; 3],
    /// Broken rules.
    pub violations: u64,
    /// Rows that did not reach the database.
    pub rows_dropped: u64,
    /// Instruments in order of their ids.
    pub instruments: Vec<InstrumentView>,
    /// What only the driver knows.
    pub surroundings: Surroundings,
}

impl View {
    /// Positions that are held.
    pub fn held(&self) -> impl Iterator<Item = &InstrumentView> {
        self.instruments.iter().filter(|row| row.is_held())
    }

    /// Positions that are ours to protect and not protected.
    #[must_use]
    pub fn naked(&self) -> usize {
        self.instruments.iter().filter(|row| row.is_naked()).count()
    }

    /// Seconds since the stop was proven whose proof is the oldest.
    #[must_use]
    pub fn oldest_proof_s(&self) -> Option<f64> {
        let proofs = self.held().filter(|row| row.protected).filter_map(|row| row.proven_at);
        proofs.min().map(|at| self.at.since(at).secs_f64().max(0.0))
    }
}

/// Looks at the engine.
pub(super) fn look(
    at: Ts,
    engine: &Engine,
    (tally, rows_dropped): (&Tally, u64),
    seen: &Seen,
    surroundings: Surroundings,
) -> View {
    let account = engine.carry_account();
    let [day_base, week_base, peak] = account.marks_of_losses();
    let blocks = blocks(engine);
    let phase = engine.phase();
    View {
        made: Instant::now(),
        at,
        seq: seen.seq,
        phase: phase.name(),
        ready: phase == seawall_engine::Phase::Ready,
        blocks,
        locks: locks(engine),
        mode: engine.mode(),
        kill_switch: engine.kill_switch(),
        equity: engine.is_open().then(|| engine.equity()).flatten(),
        day_base,
        week_base,
        peak,
        cash: account.cash(),
        naked_max_s: engine.naked_max().secs_f64(),
        naked_bound_s: engine.naked_bound().secs_f64(),
        market_at: seen.market_at,
        inputs: tally.inputs,
        orders: tally.orders,
        fills: tally.fills,
        positions_opened: tally.positions_opened,
        trades_closed: tally.trades_closed,
        decisions: tally.decisions,
        entered: tally.entered,
        alerts: seen.alerts,
        violations: tally.violations.len() as u64,
        rows_dropped,
        instruments: engine.instruments().map(|instrument| row(engine, instrument, seen)).collect(),
        surroundings,
    }
}

fn blocks(engine: &Engine) -> Vec<BlockView> {
    let name_of = |id| engine.instrument(id).map(|instrument| instrument.name().clone());
    let view = |block: Block| BlockView {
        name: name(block),
        words: block.to_string(),
        instrument: block.instrument().and_then(name_of),
        holds_start: block.holds_start(),
    };
    engine.blocks().into_iter().map(view).collect()
}

fn locks(engine: &Engine) -> Vec<LockView> {
    let name_of = |id| engine.instrument(id).map(|instrument| instrument.name().clone());
    let view = |lock: Lock| LockView {
        name: lock.kind.name(),
        words: lock.kind.to_string(),
        key: lock.kind.key(),
        instrument: lock.instrument.and_then(name_of),
        until: lock.until,
    };
    engine.locks().into_iter().map(view).collect()
}

/// The stable name of a block.
const fn name(block: Block) -> &'static str {
    match block {
        Block::NotStarted => "not_started",
        Block::Report { .. } => "report",
        Block::Stream { .. } => "stream",
        Block::Difference { .. } => "difference",
        Block::Unprotected { .. } => "unprotected",
        Block::Unserved { .. } => "unserved",
        Block::Flattening { .. } => "flattening",
        Block::LeftAlone { .. } => "left_alone",
        Block::ForeignOrder { .. } => "foreign_order",
        Block::ForeignHolding { .. } => "foreign_holding",
    }
}

fn row(engine: &Engine, instrument: &Instrument, seen: &Seen) -> InstrumentView {
    let id = instrument.id();
    let position = engine.position(id);
    let held = position.filter(|position| !position.qty.is_zero());
    let last = engine.last_price(id);
    let qty = instrument.qty(position.map(|position| position.qty).unwrap_or_default());
    let value = held.and_then(|_| {
        let size = qty.get().abs().checked_mul(instrument.spec().contract_size.get())?;
        size.checked_mul(instrument.price(last).get()).map(Money::new)
    });
    InstrumentView {
        name: instrument.name().clone(),
        last: instrument.price(last),
        priced_at: seen.priced_at(id),
        qty,
        value,
        stop: held.and_then(|position| position.stop).map(|stop| instrument.price(stop)),
        liquidation: held
            .and_then(|_| engine.liquidation_price(instrument.id()))
            .map(|price| instrument.price(price)),
        foreign_stop: held.and_then(|position| position.foreign_stop).map(|stop| instrument.price(stop)),
        left_alone: held.is_some_and(|position| position.left_alone),
        protected: held.is_some_and(|position| position.protected),
        escalating: held.is_some_and(|position| position.escalating),
        proven_at: held.and_then(|position| position.proven_at),
        unrealised: held.map_or(Money::ZERO, |position| position.unrealised),
        trade: held.and_then(|_| trade(engine, instrument)),
        orders: engine.live_orders(id).collect(),
        decision: seen.decision(id),
        data: engine.data_state(id),
        standing: engine.standing(id).map(seawall_engine::Standing::name),
        trading: engine.trading(id),
        holes: engine.holes(id),
    }
}

fn trade(engine: &Engine, instrument: &Instrument) -> Option<TradeView> {
    let trade = engine.open_trade(instrument.id())?;
    let size = instrument.qty(trade.entry_qty).get().checked_mul(instrument.spec().contract_size.get());
    let entry = size.and_then(|size| trade.entry_value.get().checked_div(size));
    Some(TradeView {
        setup: trade.setup.name(),
        entry_at: trade.entry_at,
        entry: entry.map(|price| Price::new(price.round_dp(instrument.price_scale()))),
        initial_stop: trade.initial_stop.map(|stop| instrument.price(stop)),
        pnl: trade.pnl,
        risk: trade.risk,
        fees: trade.fees,
        funding: trade.funding,
        naked_s: trade.naked.secs_f64(),
    })
}
