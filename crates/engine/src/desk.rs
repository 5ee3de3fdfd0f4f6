//! Everything the engine knows about one instrument.

use arrayvec::ArrayVec;
use rust_decimal::Decimal;
use seawall_model::{
    Candle, Exit, ExitReason, Instrument, InstrumentId, Money, OrderRole, OrderState, Position, PositionSide,
    PriceUnits, QtyUnits, Ratio, Setup, StateSink, Timeframe, Trade, Ts, VenueId,
};
use seawall_strategy::{Direction, EntryPlan, Level, Strategy, TARGETS_MAX, Target};
use serde::{Deserialize, Serialize};

use crate::limits::{EXITS_PER_TRADE_MAX, VENUE_IDS_REMEMBERED};
use crate::manage::Managed;
use crate::orders::Orders;
use crate::overlays::DeskGuards;
use crate::protection::Protection;
use crate::quarantine::RecentFills;
use crate::records::Newest;
use crate::risk::shock::Trail;
use crate::risk::streaks::Cooldown;
use crate::risk::volatility::Volatility;
use crate::shadow::Shadows;
use crate::signal::Signal;
use crate::stop_outs::StopOuts;
use crate::targets::Slot;
use crate::truth::foreign::Foreign;
use crate::universe::MarketSettings;
use crate::universe::market::DeskMarket;

/// A named difference between the venue and the books. While one is open the instrument takes no new risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Difference {
    /// Position sizes differ.
    SizeMismatch {
        /// The venue's signed quantity.
        stated: QtyUnits,
        /// When the venue took the picture.
        taken_at: Ts,
    },
    /// The venue reports more filled on an order than fills have come in for.
    MissingFills,
    /// The outcome of a placement is unknown.
    UnknownOrder,
}

impl Difference {
    /// Whether a report of positions is needed to settle it.
    pub(crate) fn is_about_position(self) -> bool {
        match self {
            Difference::SizeMismatch { .. } | Difference::MissingFills => true,
            Difference::UnknownOrder => false,
        }
    }

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Difference::SizeMismatch { .. } => "size_mismatch",
            Difference::MissingFills => "missing_fills",
            Difference::UnknownOrder => "unknown_order",
        }
    }

    pub(crate) fn code(self) -> f64 {
        match self {
            Difference::SizeMismatch { .. } => 1.0,
            Difference::UnknownOrder => 2.0,
            Difference::MissingFills => 3.0,
        }
    }
}

/// What an entry was based on; kept until the next entry so that late fills find it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EntryBasis {
    pub(crate) direction: Direction,
    pub(crate) setup: Setup,
    #[serde(with = "crate::carry::exact::optional")]
    pub(crate) score: Option<f64>,
    pub(crate) decided_at: Ts,
    pub(crate) decision_price: PriceUnits,
    pub(crate) stop: Option<Level>,
    pub(crate) targets: ArrayVec<Target, TARGETS_MAX>,
    pub(crate) invalidation: Option<PriceUnits>,
}

/// A plan that waits for a position to be closed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Queued {
    pub(crate) plan: EntryPlan,
    pub(crate) decided_at: Ts,
    pub(crate) decision_price: PriceUnits,
    /// The instrument whose position makes room; absent where it is the opposite position of its own.
    pub(crate) after: Option<InstrumentId>,
    /// Margin that it will need, as far as is known.
    pub(crate) margin: f64,
}

impl Queued {
    /// When it is given up: a plan is not older than a candle.
    pub(crate) fn until(&self, base: Timeframe) -> Ts {
        self.decided_at.plus(base.span())
    }
}

/// A part of the position on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trimming {
    pub(crate) reason: ExitReason,
    /// When its order is asked about.
    pub(crate) deadline: Ts,
}

/// A full exit on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closing {
    pub(crate) reason: ExitReason,
    /// When the exit is taken to have failed and the emergency close begins.
    pub(crate) deadline: Ts,
}

/// The trade of the open position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenTrade {
    pub(crate) record: Trade,
    pub(crate) targets: ArrayVec<Target, TARGETS_MAX>,
    /// What has become of each target.
    pub(crate) slots: [Slot; TARGETS_MAX],
    /// Amending a target failed on this position: replace by cancelling and placing anew.
    pub(crate) amend_failed: bool,
    pub(crate) managed: Managed,
    /// The basis after the fill was too wide, and that was told.
    pub(crate) told_basis: bool,
}

impl OpenTrade {
    pub(crate) fn see_price(&mut self, low: PriceUnits, high: PriceUnits) {
        let record = &mut self.record;
        match record.side {
            PositionSide::Long => {
                record.worst_price = record.worst_price.min(low);
                record.best_price = record.best_price.max(high);
            }
            PositionSide::Short => {
                record.worst_price = record.worst_price.max(high);
                record.best_price = record.best_price.min(low);
            }
            PositionSide::Flat => {}
        }
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(u64::from(self.record.id));
        sink.decimal(self.record.entry_value.get());
        sink.decimal(self.record.fees.get());
        sink.decimal(self.record.funding.get());
        sink.signed(self.record.naked.nanos());
        sink.signed(self.record.worst_price.get());
        sink.signed(self.record.best_price.get());
        sink.number(self.record.exits.len() as u64);
        for target in &self.targets {
            let (kind, value) = match target.level {
                Level::Price(price) => (0, Decimal::from(price.get())),
                Level::Percent(percent) => (1, percent.get()),
            };
            sink.number(kind);
            sink.decimal(value);
            sink.decimal(target.share.get());
        }
        self.slots.iter().for_each(|slot| slot.digest(sink));
        sink.number(u64::from(self.amend_failed));
        self.managed.digest(sink);
        sink.number(u64::from(self.told_basis));
    }

    pub(crate) fn add_exit(&mut self, exit: Exit) {
        let full = self.record.exits.len() >= EXITS_PER_TRADE_MAX;
        match self.record.exits.last_mut() {
            Some(last) if full => last.qty = last.qty.plus(exit.qty),
            Some(_) | None => self.record.exits.push(exit),
        }
    }
}

/// Recently seen ids of the venue, to recognise repetitions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecentIds {
    pub(crate) ids: Vec<VenueId>,
    pub(crate) next: usize,
}

impl RecentIds {
    /// Remembers an id; `false` if it was already there.
    pub(crate) fn remember(&mut self, id: VenueId) -> bool {
        if self.ids.contains(&id) {
            return false;
        }
        if self.ids.len() < VENUE_IDS_REMEMBERED {
            self.ids.push(id);
            return true;
        }
        if let Some(slot) = self.ids.get_mut(self.next) {
            *slot = id;
        }
        self.next = (self.next + 1) % VENUE_IDS_REMEMBERED;
        true
    }

    fn digest(&self, sink: &mut dyn StateSink) {
        sink.number(self.ids.len() as u64);
        sink.number(self.next as u64);
        for id in &self.ids {
            match id {
                VenueId::Number(number) => sink.number(*number),
                VenueId::Text(text) => sink.bytes(text.as_bytes()),
            }
        }
    }
}

/// Everything the engine knows about one instrument.
pub(crate) struct Desk {
    pub(crate) instrument: Instrument,
    pub(crate) base: Timeframe,
    pub(crate) strategy: Box<dyn Strategy>,
    /// The instrument that the strategy reads, where that is another one; boxed, as most have none.
    pub(crate) signal: Option<Box<Signal>>,
    /// Last known price; zero before the first.
    pub(crate) last: PriceUnits,
    /// When it came in.
    pub(crate) priced_at: Ts,
    /// The last price of the instant before that.
    before: PriceUnits,
    /// Value of one quantity unit per price unit.
    unit_value: f64,
    /// End of the newest candle.
    pub(crate) seen_until: Ts,
    pub(crate) clean_candles: u32,
    pub(crate) holes: u32,
    pub(crate) position: Position,
    pub(crate) last_fill_at: Ts,
    pub(crate) orders: Orders,
    pub(crate) protection: Protection,
    pub(crate) basis: Option<EntryBasis>,
    pub(crate) trade: Option<OpenTrade>,
    pub(crate) queued: Option<Queued>,
    pub(crate) closing: Option<Closing>,
    pub(crate) difference: Option<Difference>,
    pub(crate) recent_fills: RecentFills,
    /// What is not ours.
    pub(crate) foreign: Foreign,
    /// Foreign orders already reported to the operator.
    pub(crate) foreign_orders: RecentIds,
    /// The newest execution counted, by the venue's clock: older pictures of positions say nothing.
    pub(crate) newest_fill: Ts,
    /// When the venue took the picture that the position was last taken over from, by its clock: executions
    /// up to then are contained in it.
    pub(crate) pictured_at: Ts,
    /// Pauses after trades.
    pub(crate) cooldown: Cooldown,
    /// When positions were lately stopped out.
    pub(crate) stop_outs: StopOuts,
    /// Earlier prices, where shocks are watched.
    pub(crate) trail: Trail,
    /// When the price last jumped.
    pub(crate) shocked_at: Ts,
    /// The end of the pause after that.
    pub(crate) shock_until: Ts,
    /// Part of the position is being closed.
    pub(crate) trimming: Option<Trimming>,
    /// What the portfolio guards remember.
    pub(crate) guards: DeskGuards,
    /// When a part of the position was last closed to make it smaller.
    pub(crate) trimmed_at: Ts,
    /// Cycles of the auction in a row in which the position found no place.
    pub(crate) misfit_cycles: u32,
    /// Volatility, where the sizing asks for it.
    pub(crate) volatility: Option<Volatility>,
    /// Its newest decision record.
    pub(crate) newest: Newest,
    /// Refused plans that are being followed.
    pub(crate) shadows: Shadows,
    /// Its place in the universe, the state of its data, its newest quote.
    pub(crate) market: DeskMarket,
    /// Next moment at which something on this desk is due.
    pub(crate) wake_at: Ts,
}

impl Desk {
    pub(crate) fn new(
        instrument: Instrument,
        base: Timeframe,
        strategy: Box<dyn Strategy>,
        market: &MarketSettings,
    ) -> Self {
        let market = DeskMarket::new(market, &instrument, base);
        let one = instrument.qty(QtyUnits::new(1)).to_f64() * instrument.spec().contract_size.to_f64();
        let unit_value = one / instrument.price_divisor();
        Desk {
            instrument,
            base,
            strategy,
            signal: None,
            last: PriceUnits::ZERO,
            priced_at: Ts::from_nanos(i64::MIN),
            before: PriceUnits::ZERO,
            unit_value,
            seen_until: Ts::from_nanos(i64::MIN),
            clean_candles: u32::MAX,
            holes: 0,
            position: Position::FLAT,
            last_fill_at: Ts::from_nanos(i64::MIN),
            orders: Orders::new(),
            protection: Protection::new(),
            basis: None,
            trade: None,
            queued: None,
            closing: None,
            difference: None,
            recent_fills: RecentFills::default(),
            foreign: Foreign::default(),
            foreign_orders: RecentIds::default(),
            newest_fill: Ts::from_nanos(i64::MIN),
            pictured_at: Ts::from_nanos(i64::MIN),
            cooldown: Cooldown::new(),
            stop_outs: StopOuts::default(),
            trail: Trail::default(),
            shocked_at: Ts::from_nanos(i64::MIN),
            shock_until: Ts::from_nanos(i64::MIN),
            trimming: None,
            guards: DeskGuards::new(),
            trimmed_at: Ts::from_nanos(i64::MIN),
            misfit_cycles: 0,
            volatility: None,
            newest: Newest::NONE,
            shadows: Shadows::default(),
            market,
            wake_at: Ts::FAR_FUTURE,
        }
    }

    /// Whether there is a position, or may be one, an order that can act, or a plan waiting.
    #[inline]
    pub(crate) fn is_engaged(&self) -> bool {
        !self.position.is_flat()
            || self.orders.live_count() > 0
            || self.queued.is_some()
            || self.difference.is_some_and(Difference::is_about_position)
    }

    /// Whether the entry can still fill.
    pub(crate) fn entry_is_live(&self) -> bool {
        self.orders.live().any(|order| order.request.role == OrderRole::Entry)
    }

    /// Whether what is held is smaller than any order of the venue: nothing more can be done about it, and it
    /// stands in nobody's way.
    pub(crate) fn is_dust(&self) -> bool {
        !self.position.is_flat()
            && self.position.qty().abs() < self.instrument.min_qty()
            && !self.entry_is_live()
            && self.queued.is_none()
    }

    /// Whether the venue takes orders here that protect or close, as far as it was tried: it has not refused
    /// the last stop or emergency close because the market is closed.
    pub(crate) fn is_served(&self) -> bool {
        !self.protection.is_refused()
    }

    /// The quantity of an order that closes the position: all of it. Where the venue's lot has become coarser
    /// than what is held, the next larger size that can only reduce, else the next smaller one.
    pub(crate) fn closing_qty(&self, reduce_only: bool) -> QtyUnits {
        let held = self.position.qty().abs();
        if reduce_only { self.instrument.ceil_lot(held) } else { self.instrument.floor_lot(held) }
    }

    /// Whether the outcome of a placement is unknown.
    pub(crate) fn has_unknown_order(&self) -> bool {
        self.orders.live().any(|order| order.state == OrderState::Unknown)
    }

    /// Whatever resolved the last unknown order, an answer or a fill, closes that difference.
    pub(crate) fn settle_unknown(&mut self) {
        if self.difference == Some(Difference::UnknownOrder) && !self.has_unknown_order() {
            self.difference = None;
        }
    }

    /// The leverage that the venue is asked for here: its initial margin is one part in so many.
    pub(crate) fn leverage(&self) -> Ratio {
        let spec = self.instrument.spec();
        let lowest = || spec.leverages.first().copied().unwrap_or(spec.leverage_max);
        self.market.leverage.unwrap_or_else(lowest)
    }

    /// Value of the position at the last price, signed.
    pub(crate) fn marked_value(&self) -> Money {
        self.value_at(self.last)
    }

    /// Value of the position at `price`, signed.
    pub(crate) fn value_at(&self, price: PriceUnits) -> Money {
        if self.position.is_flat() {
            return Money::ZERO;
        }
        self.instrument.notional(price, self.position.qty()).unwrap_or(self.position.cost())
    }

    /// Takes in a candle; says whether others are missing before it.
    #[inline]
    pub(crate) fn see_candle(&mut self, at: Ts, candle: &Candle) -> bool {
        let hole = self.count_candle(candle);
        self.see_price(at, candle.close);
        hole
    }

    /// Takes in a candle of before the start: its price holds until a newer one is known.
    pub(crate) fn learn(&mut self, candle: &Candle) {
        self.count_candle(candle);
        if candle.known_at >= self.priced_at {
            self.see_price(candle.known_at, candle.close);
        }
    }

    #[inline]
    fn count_candle(&mut self, candle: &Candle) -> bool {
        let hole = candle.open_time > self.seen_until && self.seen_until > Ts::from_nanos(i64::MIN);
        if hole {
            self.holes = self.holes.saturating_add(1);
            self.clean_candles = 0;
        } else {
            self.clean_candles = self.clean_candles.saturating_add(1);
        }
        self.seen_until = candle.known_at;
        if let Some(volatility) = self.volatility.as_mut() {
            volatility.see(candle);
        }
        hole
    }

    /// Takes in a price.
    #[inline]
    pub(crate) fn see_price(&mut self, at: Ts, price: PriceUnits) {
        if at > self.priced_at {
            self.before = self.last;
            self.priced_at = at;
        }
        self.last = price;
    }

    /// When the last price came in.
    pub(crate) fn priced_at(&self) -> Ts {
        self.priced_at
    }

    /// Candles without a hole in a row, of the instrument and of what its strategy reads.
    pub(crate) fn clean_candles(&self) -> u32 {
        self.signal.as_ref().map_or(self.clean_candles, |signal| signal.clean_candles.min(self.clean_candles))
    }

    /// The last price of before the instant `at`; the first price that there is where there was none.
    pub(crate) fn price_before(&self, at: Ts) -> PriceUnits {
        if self.priced_at < at || self.before.is_zero() { self.last } else { self.before }
    }

    /// How far a step of the price from `earlier` moves the value of the position, without its sign.
    #[inline]
    pub(crate) fn value_moved(&self, earlier: PriceUnits) -> f64 {
        let step = self.last.minus(earlier).abs().get() as f64;
        step * self.position.qty().abs().get() as f64 * self.unit_value
    }

    fn digest_trade(&self, sink: &mut dyn StateSink) {
        if let Some(trade) = &self.trade {
            trade.digest(sink);
        }
    }

    pub(crate) fn digest(&self, sink: &mut dyn StateSink) {
        sink.bytes(self.instrument.name().as_str().as_bytes());
        sink.signed(self.last.get());
        sink.signed(self.priced_at.nanos());
        sink.signed(self.before.get());
        sink.signed(self.seen_until.nanos());
        sink.number(u64::from(self.clean_candles));
        sink.number(u64::from(self.holes));
        sink.signed(self.position.qty().get());
        sink.decimal(self.position.cost().get());
        sink.signed(self.last_fill_at.nanos());
        self.orders.digest(self.instrument.id(), sink);
        self.protection.digest(sink);
        self.digest_trade(sink);
        if let Some(queued) = &self.queued {
            sink.signed(queued.decided_at.nanos());
            sink.number(queued.after.map_or(u64::MAX, |id| u64::from(id.0)));
        }
        if let Some(closing) = self.closing {
            sink.bytes(closing.reason.name().as_bytes());
            sink.signed(closing.deadline.nanos());
        }
        if let Some(difference) = self.difference {
            sink.float(difference.code());
        }
        if let Some(Difference::SizeMismatch { stated, taken_at }) = self.difference {
            sink.signed(stated.get());
            sink.signed(taken_at.nanos());
        }
        if let Some(basis) = &self.basis {
            sink.signed(basis.decided_at.nanos());
            sink.signed(basis.decision_price.get());
        }
        self.recent_fills.digest(sink);
        self.foreign.digest(sink);
        self.foreign_orders.digest(sink);
        sink.signed(self.newest_fill.nanos());
        sink.signed(self.pictured_at.nanos());
        self.cooldown.digest(sink);
        self.stop_outs.digest(sink);
        self.trail.digest(sink);
        for time in [self.shocked_at, self.shock_until, self.trimmed_at] {
            sink.signed(time.nanos());
        }
        if let Some(trimming) = self.trimming {
            sink.bytes(trimming.reason.name().as_bytes());
            sink.signed(trimming.deadline.nanos());
        }
        self.guards.digest(sink);
        sink.number(u64::from(self.misfit_cycles));
        if let Some(volatility) = &self.volatility {
            volatility.digest(sink);
        }
        self.newest.digest(sink);
        self.shadows.digest(sink);
        self.signal.iter().for_each(|signal| signal.digest(sink));
        self.market.digest(&self.instrument, sink);
        self.strategy.digest(sink);
    }
}
