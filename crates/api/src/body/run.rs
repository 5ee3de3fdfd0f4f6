//! How the run stands now.

use rust_decimal::Decimal;
use seawall_config::Config;
use seawall_live::board::{About, InstrumentView, View};
use seawall_model::{Instrument, Money, OrderRole, OrderState, OrderUpdate, Ts};
use seawall_store::db::OrderRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::{At, Exact};

/// What keeps new risk away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct BlockBody {
    /// A stable word.
    pub(crate) name: String,
    /// In words.
    pub(crate) words: String,
    /// The instrument it is about, if one.
    pub(crate) instrument: Option<String>,
    /// Whether the run as a whole is not ready while it is there.
    pub(crate) holds_start: bool,
}

/// Which feeds are live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FeedsBody {
    /// Whether nothing is missing.
    pub(crate) live: bool,
    /// Whether nothing of the account can be missed.
    pub(crate) account_live: bool,
    /// What is missing, in words.
    pub(crate) missing: String,
}

/// How the run stands now: what a status strip shows.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct StatusBody {
    /// As of when, on the run's clock.
    pub(crate) at: At,
    /// Number of the newest event that is in it.
    pub(crate) seq: u64,
    /// `paper`, `live` or `demo`.
    pub(crate) run_mode: String,
    /// The run's number.
    pub(crate) run: u32,
    /// The program's version.
    pub(crate) version: String,
    /// The currency of the books.
    pub(crate) currency: String,
    /// Start-up phase.
    pub(crate) phase: String,
    /// Whether the start-up is over and nothing holds it.
    pub(crate) ready: bool,
    /// `normal`, `cautious`, `reduce_only`, `protect_only` or `flatten`.
    pub(crate) mode: String,
    /// Why the kill switch is on; null where it is off.
    pub(crate) kill_switch: Option<String>,
    /// What keeps new risk away.
    pub(crate) blocks: Vec<BlockBody>,
    /// The feeds; null where the run has none that could fail.
    pub(crate) feeds: Option<FeedsBody>,
    /// When the newest market data came in.
    pub(crate) market_at: Option<At>,
    /// Equity at the last prices; null before the first balance.
    pub(crate) equity: Option<Exact>,
    /// Change of equity since the beginning of the UTC day, without what came in and went out.
    pub(crate) day_pnl: Option<Exact>,
    /// The most that the day may lose; null where there is no limit.
    pub(crate) day_loss_max: Option<Exact>,
    /// How far equity is below its high-water mark.
    pub(crate) drawdown: Option<Exact>,
    /// The same in percent of the mark.
    pub(crate) drawdown_pct: Option<f64>,
    /// The drawdown at which new risk ends, in percent; null where there is no limit.
    pub(crate) drawdown_max_pct: Option<Exact>,
    /// Positions held.
    pub(crate) positions: usize,
    /// Those that confirmed stops cover in full.
    pub(crate) positions_protected: usize,
    /// Those that are ours to protect and not protected.
    pub(crate) positions_naked: usize,
    /// Seconds since the stop was proven whose proof is the oldest.
    pub(crate) oldest_proof_s: Option<f64>,
    /// Longest time any position has been without a confirmed stop, in seconds.
    pub(crate) naked_seconds_max: f64,
    /// The bound that the settings state for it.
    pub(crate) naked_seconds_bound: f64,
    /// Positions opened since the start.
    pub(crate) positions_opened: u64,
    /// Trades completed since the start.
    pub(crate) trades_closed: u64,
    /// Decisions since the start.
    pub(crate) decisions: u64,
    /// Messages since the start: info.
    pub(crate) alerts_info: u64,
    /// Messages since the start: warnings.
    pub(crate) alerts_warning: u64,
    /// Messages since the start: critical.
    pub(crate) alerts_critical: u64,
    /// Broken rules; none in a sound run.
    pub(crate) violations: u64,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct OrderBody {
    /// Our id as the venue sees it.
    pub(crate) client_order_id: String,
    /// The instrument.
    pub(crate) instrument: String,
    /// Why it was placed: `entry`, `stop`, `target`, `exit` or `emergency`.
    pub(crate) role: String,
    /// Number of the take-profit, for one.
    pub(crate) target: Option<u8>,
    /// `buy` or `sell`.
    pub(crate) side: String,
    /// The kind's name.
    pub(crate) kind: String,
    /// Total quantity.
    pub(crate) qty: Exact,
    /// Filled so far.
    pub(crate) filled: Exact,
    /// Worst acceptable price.
    pub(crate) limit_price: Option<Exact>,
    /// Price at which it wakes.
    pub(crate) trigger_price: Option<Exact>,
    /// Price that is watched for it.
    pub(crate) trigger_source: Option<String>,
    /// Whether it may only reduce.
    pub(crate) reduce_only: bool,
    /// The state's name.
    pub(crate) state: String,
    /// When it changed last.
    pub(crate) at: At,
}

impl OrderBody {
    pub(crate) fn of(update: &OrderUpdate, instrument: &Instrument) -> Self {
        let trigger = update.kind.trigger();
        OrderBody {
            client_order_id: update.order.id.to_string(),
            instrument: instrument.name().to_string(),
            role: update.role.name().to_owned(),
            target: match update.role {
                OrderRole::Target(number) => Some(number),
                OrderRole::Entry | OrderRole::Stop | OrderRole::Exit | OrderRole::Emergency => None,
            },
            side: update.side.name().to_owned(),
            kind: update.kind.name().to_owned(),
            qty: Exact::of(instrument.qty(update.qty)),
            filled: Exact::of(instrument.qty(update.filled)),
            limit_price: update.kind.limit().map(|price| Exact::of(instrument.price(price))),
            trigger_price: trigger.map(|trigger| Exact::of(instrument.price(trigger.price))),
            trigger_source: trigger.map(|trigger| trigger.source.name().to_owned()),
            reduce_only: update.reduce_only,
            state: update.state.name().to_owned(),
            at: At(update.at),
        }
    }
}

impl From<OrderRow> for OrderBody {
    fn from(row: OrderRow) -> Self {
        OrderBody {
            client_order_id: row.client_order_id,
            instrument: row.instrument,
            role: row.role,
            target: row.target,
            side: row.side,
            kind: row.kind,
            qty: Exact::of(row.qty),
            filled: Exact::of(row.filled),
            limit_price: row.limit_price.map(Exact::of),
            trigger_price: row.trigger_price.map(Exact::of),
            trigger_source: row.trigger_source,
            reduce_only: row.reduce_only,
            state: row.state,
            at: At(row.updated_at),
        }
    }
}

/// An instrument with its position.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct PositionBody {
    /// The instrument.
    pub(crate) instrument: String,
    /// `long`, `short` or `flat`.
    pub(crate) side: String,
    /// Signed quantity.
    pub(crate) qty: Exact,
    /// What it is worth at the last price, unsigned.
    pub(crate) value: Option<Exact>,
    /// Last price; null before the first.
    pub(crate) last: Option<Exact>,
    /// When the newest price came in.
    pub(crate) priced_at: Option<At>,
    /// Average entry price.
    pub(crate) entry: Option<Exact>,
    /// For how many seconds it has been open, on the run's clock.
    pub(crate) age_s: Option<f64>,
    /// When it was opened.
    pub(crate) opened_at: Option<At>,
    /// What made the strategy enter.
    pub(crate) setup: Option<String>,
    /// Where its stop rests.
    pub(crate) stop: Option<Exact>,
    /// Our id of the stop that rests.
    pub(crate) stop_order: Option<String>,
    /// Distance from the last price to the stop in percent of the price; below zero where it is passed.
    pub(crate) stop_distance_pct: Option<f64>,
    /// Whether confirmed stops cover all of it.
    pub(crate) protected: bool,
    /// When the stop was last proven at the venue.
    pub(crate) proven_at: Option<At>,
    /// Whether it is uncovered and a deadline of the ladder is running.
    pub(crate) escalating: bool,
    /// Where a stop of somebody else rests that protects it.
    pub(crate) foreign_stop: Option<Exact>,
    /// The price at which the account would be down to its maintenance margin while everything else stays as
    /// it is: an estimate by the margin tiers that are known.
    pub(crate) liquidation_price: Option<Exact>,
    /// Whether it is left alone by policy.
    pub(crate) left_alone: bool,
    /// The first stop that the venue confirmed.
    pub(crate) initial_stop: Option<Exact>,
    /// Profit or loss at the last price, before fees.
    pub(crate) unrealised: Exact,
    /// The same with fees and funding.
    pub(crate) pnl: Option<Exact>,
    /// `pnl` as a multiple of the planned risk; null without one.
    pub(crate) r: Option<f64>,
    /// Fees paid so far.
    pub(crate) fees: Option<Exact>,
    /// Funding received so far; below zero where it was paid.
    pub(crate) funding: Option<Exact>,
    /// Seconds without full protection so far.
    pub(crate) naked_seconds: Option<f64>,
    /// What is lost from here if the stop fills at its price; null without one.
    pub(crate) loss_at_stop: Option<Exact>,
    /// Take-profits that rest, nearest first.
    pub(crate) ladder: Vec<OrderBody>,
    /// Every order that can act at the venue.
    pub(crate) orders: Vec<OrderBody>,
    /// `healthy`, `degraded` or `suspended`.
    pub(crate) data: Option<String>,
    /// Where it stands in the universe.
    pub(crate) standing: Option<String>,
    /// Which orders it takes.
    pub(crate) trading: Option<String>,
    /// Holes seen in its candles.
    pub(crate) holes: u32,
    /// When the newest decision was taken.
    pub(crate) decided_at: Option<At>,
    /// How it ended: `entered`, or the gate that refused.
    pub(crate) decision: Option<String>,
}

/// How the run stands.
pub(crate) fn status(about: &About, view: &View, config: &Config) -> StatusBody {
    let limits = &config.risk;
    let day_pnl = view.equity.and_then(|equity| equity.minus(view.day_base).ok());
    let day_max = limits.daily_loss_max_pct.and_then(|most| view.day_base.times(most.fraction()).ok());
    let drawdown =
        view.equity.and_then(|equity| view.peak.minus(equity).ok()).map(|lost| lost.max(Money::ZERO));
    let held = view.held().count();
    let [alerts_info, alerts_warning, alerts_critical] = view.alerts;
    StatusBody {
        at: At(view.at),
        seq: view.seq,
        run_mode: about.mode.to_owned(),
        run: about.run,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        currency: about.instruments.first().map(|one| one.settle().to_string()).unwrap_or_default(),
        phase: view.phase.to_owned(),
        ready: view.ready,
        mode: view.mode.name().to_owned(),
        kill_switch: view.kill_switch.map(|reason| reason.name().to_owned()),
        blocks: view.blocks.iter().map(block).collect(),
        feeds: view.surroundings.feeds.as_ref().map(|feeds| FeedsBody {
            live: feeds.live,
            account_live: feeds.account_live,
            missing: feeds.missing.clone(),
        }),
        market_at: view.market_at.map(At),
        equity: view.equity.map(Exact::of),
        day_pnl: day_pnl.map(Exact::of),
        day_loss_max: day_max.map(Exact::of),
        drawdown: drawdown.map(Exact::of),
        drawdown_pct: drawdown.and_then(|lost| share_pct(lost.get(), view.peak.get())),
        drawdown_max_pct: limits.states.drawdown_reduce_only_pct.map(Exact::of),
        positions: held,
        positions_protected: view.held().filter(|row| row.protected).count(),
        positions_naked: view.naked(),
        oldest_proof_s: view.oldest_proof_s(),
        naked_seconds_max: view.naked_max_s,
        naked_seconds_bound: view.naked_bound_s,
        positions_opened: view.positions_opened,
        trades_closed: view.trades_closed,
        decisions: view.decisions,
        alerts_info,
        alerts_warning,
        alerts_critical,
        violations: view.violations,
    }
}

fn block(block: &seawall_live::board::BlockView) -> BlockBody {
    BlockBody {
        name: block.name.to_owned(),
        words: block.words.clone(),
        instrument: block.instrument.as_ref().map(ToString::to_string),
        holds_start: block.holds_start,
    }
}

/// `part` in percent of `whole`, for display.
pub(super) fn share_pct(part: Decimal, whole: Decimal) -> Option<f64> {
    let share = part.checked_div(whole)?.checked_mul(Decimal::ONE_HUNDRED)?;
    share.round_dp(6).to_string().parse().ok()
}

/// Every instrument, in order of the run.
pub(crate) fn positions(about: &About, view: &View) -> Vec<PositionBody> {
    let rows = view.instruments.iter().zip(&about.instruments);
    rows.map(|(row, instrument)| position(row, instrument, view.at)).collect()
}

fn position(row: &InstrumentView, instrument: &Instrument, at: Ts) -> PositionBody {
    let orders: Vec<OrderBody> = row.orders.iter().map(|order| OrderBody::of(order, instrument)).collect();
    let ladder = orders.iter().filter(|order| order.role == "target").cloned().collect();
    let mut stops = row.orders.iter().filter(|order| order.role == OrderRole::Stop);
    let stop_order =
        stops.find(|order| order.state == OrderState::Open).map(|order| order.order.id.to_string());
    let trade = row.trade.as_ref();
    // Above zero while the price is on the stop's good side.
    let to_stop = row.stop.filter(|_| row.last.get() > Decimal::ZERO).and_then(|stop| {
        let gap = row.last.get().checked_sub(stop.get())?;
        Some(if row.qty.get().is_sign_negative() { -gap } else { gap })
    });
    let loss_at_stop = to_stop.and_then(|gap| {
        let size = row.qty.get().abs().checked_mul(instrument.spec().contract_size.get())?;
        size.checked_mul(gap)
    });
    PositionBody {
        instrument: row.name.to_string(),
        side: match row.qty.get() {
            qty if qty > Decimal::ZERO => "long",
            qty if qty < Decimal::ZERO => "short",
            _ => "flat",
        }
        .to_owned(),
        qty: Exact::of(row.qty),
        value: row.value.map(Exact::of),
        last: (row.last.get() > Decimal::ZERO).then(|| Exact::of(row.last)),
        priced_at: row.priced_at.map(At),
        entry: trade.and_then(|trade| trade.entry).map(Exact::of),
        // Whole seconds: it is part of what the stream tells the changes of.
        age_s: trade.map(|trade| at.since(trade.entry_at).secs_f64().max(0.0).floor()),
        opened_at: trade.map(|trade| At(trade.entry_at)),
        setup: trade.map(|trade| trade.setup.to_owned()),
        stop: row.stop.map(Exact::of),
        stop_order,
        stop_distance_pct: to_stop.and_then(|gap| share_pct(gap, row.last.get())),
        protected: row.protected,
        proven_at: row.proven_at.map(At),
        escalating: row.escalating,
        foreign_stop: row.foreign_stop.map(Exact::of),
        liquidation_price: row.liquidation.map(Exact::of),
        left_alone: row.left_alone,
        initial_stop: trade.and_then(|trade| trade.initial_stop).map(Exact::of),
        unrealised: Exact::of(row.unrealised),
        pnl: trade.map(|trade| Exact::of(trade.pnl)),
        r: trade.and_then(|trade| share_pct(trade.pnl.get(), trade.risk.get())).map(|pct| pct / 100.0),
        fees: trade.map(|trade| Exact::of(trade.fees)),
        funding: trade.map(|trade| Exact::of(trade.funding)),
        naked_seconds: trade.map(|trade| trade.naked_s),
        loss_at_stop: loss_at_stop.map(Exact::of),
        ladder,
        orders,
        data: row.data.map(|state| state.name().to_owned()),
        standing: row.standing.map(str::to_owned),
        trading: row.trading.map(|trading| trading.name().to_owned()),
        holes: row.holes,
        decided_at: row.decision.as_ref().map(|decision| At(decision.at)),
        decision: row.decision.as_ref().map(|decision| super::happened::outcome(decision.outcome)),
    }
}
