//! Faults that begin by themselves: drawn by the minute, each with its end.

use rust_decimal::Decimal;
use seawall_model::{
    Booking, BookingKind, Command, FillCause, Input, InstrumentId, KillReason, Money, OrderRef,
    PositionAction, PriceUnits, QtyUnits, Side, Signal, Span, SystemMode, Ts, VenueEvent, VenueId,
};
use seawall_store::disk::Fault as DiskFault;

use crate::faults::{Class, Fault};
use crate::market::MINUTE;
use crate::random::{Purpose, Stream};
use crate::strikes::{About, Strike};
use crate::swarm::{CASH, RUN};
use crate::world::{Happening, World};

/// Faults of the account, the host and the operator, drawn once a minute.
const BY_MINUTE: [Fault; 21] = [
    Fault::Banned,
    Fault::Maintenance,
    Fault::ClockStepped,
    Fault::Reconfigured,
    Fault::StreamGap,
    Fault::StreamGapCut,
    Fault::StreamStall,
    Fault::ReconnectStorm,
    Fault::Transfer,
    Fault::TransferUntold,
    Fault::Killed,
    Fault::Pause,
    Fault::TornWrite,
    Fault::FailedSync,
    Fault::FullDisk,
    Fault::Mode,
    Fault::Kill,
    Fault::Restart,
    Fault::HalfOpen,
    Fault::ForcedDisconnect,
    Fault::Unreachable,
];

/// Faults of one instrument, drawn once a minute for each.
pub(crate) const BY_INSTRUMENT: [Fault; 14] = [
    Fault::StopShrunk,
    Fault::StopExpired,
    Fault::StopVanished,
    Fault::ManualTrade,
    Fault::ManualClose,
    Fault::ManualCancel,
    Fault::Liquidation,
    Fault::Deleveraging,
    Fault::Gap,
    Fault::Freeze,
    Fault::Halt,
    Fault::TickChanged,
    Fault::Close,
    Fault::ByHand,
];

/// The operator looks after an account that has stopped trading this often, in minutes.
const LOOKS_AFTER_MINUTES: i64 = 20;

impl World {
    /// Draws what begins within the next minute.
    pub(crate) fn minute(&mut self, at: Ts) {
        self.agenda.put(at.plus(MINUTE), Happening::Minute);
        if self.plan.given.is_none() {
            self.look_after(at);
        }
        self.tidy();
        for fault in BY_MINUTE {
            if let Some(strike) = self.faults.strikes(fault, About::Minute) {
                self.plan_fault(at, strike, None);
            }
        }
        for id in (0..).map(InstrumentId).take(self.venue.instruments.len()) {
            for fault in BY_INSTRUMENT {
                if let Some(strike) = self.faults.strikes(fault, About::Minute) {
                    self.plan_fault(at, strike, Some(id));
                }
            }
        }
    }

    fn plan_fault(&mut self, at: Ts, strike: Strike, instrument: Option<InstrumentId>) {
        let begins = at.plus(self.faults.shape(strike).millis(0, 59_999));
        self.agenda.put(begins, Happening::Begin { strike, instrument });
    }

    /// The operator lets an account trade again that stopped by itself, and pays in where little is left.
    fn look_after(&mut self, at: Ts) {
        let minutes = at.nanos().div_euclid(MINUTE.nanos());
        if minutes % LOOKS_AFTER_MINUTES != 0 {
            return;
        }
        let stopped = self.process.as_ref().is_some_and(|process| {
            process.engine.kill_switch().is_some() || process.engine.mode() != SystemMode::Normal
        });
        if stopped {
            self.feed(at, Input::Operator(Command::Release));
        }
        let equity = self.venue.exchange.account().equity.get();
        if equity < Decimal::from(CASH / 3) {
            self.pay(at, Decimal::from(CASH / 2), true);
            self.forward(at, None);
        }
    }

    /// Forgets intents that can no longer act.
    fn tidy(&mut self) {
        let newest = self.truth.intents.keys().next_back().map_or(0, |id| id.sequence);
        let oldest = (0..)
            .map(InstrumentId)
            .take(self.venue.instruments.len())
            .flat_map(|id| self.venue.exchange.working(id))
            .filter_map(|row| row.order)
            .filter(|order| order.id.run == RUN)
            .map(|order| order.id.sequence)
            .min()
            .unwrap_or(newest);
        self.truth.forget(oldest.min(newest.saturating_sub(2_000)));
    }

    /// A fault begins now.
    pub(crate) fn begin(&mut self, at: Ts, strike: Strike, instrument: Option<InstrumentId>) {
        let fault = strike.fault;
        let mut shape = self.faults.shape(strike);
        // Its first draw said when it begins.
        shape.word();
        let ordeal = self.ordeal(at, fault, instrument, shape);
        let done = match (fault.class(), instrument) {
            _ if ordeal.is_some() => ordeal.unwrap_or_default(),
            (Class::Lifecycle, Some(id)) => self.end_an_order(at, fault, id),
            (Class::Account, Some(id)) => self.meddle(at, fault, id, shape),
            (Class::Account, None) => {
                let equity = self.venue.exchange.account().equity.get().max(Decimal::ZERO);
                let share = Decimal::new(shape.range(-20, 40), 3);
                self.pay(at, (equity * share).round_dp(2), fault == Fault::Transfer)
            }
            (Class::Market, Some(id)) => self.unsettle(at, fault, id, shape),
            (Class::Stream, None) => self.interrupt(at, strike, shape),
            (Class::Wire, None) => self.interrupts(at, strike),
            (Class::Host, None) => self.break_host(at, fault, shape),
            (Class::Operator, Some(id)) if fault == Fault::ByHand => self.act_by_hand(at, id, shape),
            (Class::Operator, Some(id)) => {
                let held = self.venue.holding(id).is_some();
                if held {
                    self.feed(at, Input::Operator(Command::Close(id)));
                }
                held
            }
            (Class::Operator, None) => self.operate(at, fault, shape),
            // These strike with messages.
            (Class::Submit | Class::Query, _)
            | (Class::Lifecycle | Class::Market, None)
            | (Class::Stream | Class::Host | Class::Wire, Some(_)) => false,
        };
        if done {
            self.injected(at, strike, instrument);
        }
    }

    fn end_an_order(&mut self, at: Ts, fault: Fault, id: InstrumentId) -> bool {
        let World { venue, truth, .. } = self;
        let stop = venue.exchange.working(id).find(|row| row.kind.is_stop());
        let stop = stop.and_then(|row| row.order).filter(|order| order.id.run == RUN);
        stop.is_some_and(|order| venue.end(at, order, fault == Fault::StopExpired, truth))
    }

    fn meddle(&mut self, at: Ts, fault: Fault, id: InstrumentId, mut shape: Stream) -> bool {
        if fault == Fault::ManualTrade {
            let side = if shape.chance(500_000) { Side::Buy } else { Side::Sell };
            let share = Decimal::new(shape.range(1, 30), 2);
            let Some(qty) = self.affordable(id, share) else { return false };
            self.venue.by_hand(at, id, (side, qty), &mut self.truth);
            return true;
        }
        let World { venue, truth, .. } = self;
        if fault == Fault::ManualCancel {
            let ours = |order: &OrderRef| order.id.run == RUN;
            let orders: Vec<OrderRef> =
                venue.exchange.working(id).filter_map(|row| row.order).filter(ours).collect();
            let last = i64::try_from(orders.len()).unwrap_or(0) - 1;
            let place = usize::try_from(shape.range(0, last.max(0))).unwrap_or(0);
            return orders.get(place).is_some_and(|order| venue.end(at, *order, true, truth));
        }
        let Some((side, held)) = venue.holding(id) else { return false };
        if fault == Fault::ManualClose {
            let whole = shape.chance(600_000);
            let half = QtyUnits::new(held.get() / 2);
            let part = venue.instruments.get(id.index()).map(|one| one.floor_lot(half));
            let qty = part.filter(|part| !whole && !part.is_zero()).unwrap_or(held);
            venue.by_hand(at, id, (side, qty), truth);
        } else {
            let liquidated = fault == Fault::Liquidation;
            let cause = if liquidated { FillCause::Liquidation } else { FillCause::Deleveraging };
            venue.close_out(at, id, cause, truth);
        }
        true
    }

    fn unsettle(&mut self, at: Ts, fault: Fault, id: InstrumentId, mut shape: Stream) -> bool {
        if fault == Fault::Gap {
            let size = shape.range(50, 800);
            let size = if shape.chance(500_000) { size } else { -size };
            return self.market.jump(id, size);
        }
        if fault == Fault::Freeze {
            let length = shape.millis(30_000, 600_000);
            self.market.set_frozen(id, true);
            self.agenda.put(at.plus(length), Happening::Thaw(id));
            return true;
        }
        let length = shape.millis(20_000, 600_000);
        let told = shape.millis(0, 15_000);
        if fault == Fault::TickChanged {
            let factor = shape.pick([2, 5, 10]).unwrap_or(2);
            self.venue.set_tick(id, factor);
            self.agenda.put(at.plus(told), Happening::List(id));
            self.agenda.put(at.plus(length), Happening::Refine(id));
            return true;
        }
        if let Some(halted) = self.venue.halted.get_mut(id.index()) {
            *halted = true;
        }
        self.agenda.put(at.plus(told), Happening::List(id));
        self.agenda.put(at.plus(length), Happening::Reopen(id));
        true
    }

    fn interrupt(&mut self, at: Ts, strike: Strike, mut shape: Stream) -> bool {
        let fault = strike.fault;
        if fault == Fault::StreamStall {
            self.stalled = true;
            self.agenda.put(at.plus(shape.millis(2_000, 40_000)), Happening::Unstall);
            return true;
        }
        if fault != Fault::ReconnectStorm {
            let length = shape.millis(500, 60_000);
            return self.lose_stream(at, length, fault == Fault::StreamGapCut);
        }
        for number in 1..=shape.range(2, 6) {
            let again = at.plus(Span::from_secs(8 * number));
            let length = shape.millis(200, 7_000);
            self.agenda.put(again, Happening::LoseAgain { strike, length });
        }
        let length = shape.millis(200, 4_000);
        self.lose_stream(at, length, false)
    }

    fn break_host(&mut self, at: Ts, fault: Fault, mut shape: Stream) -> bool {
        if self.process.is_none() {
            return false;
        }
        if fault == Fault::Pause {
            self.paused_until = at.plus(shape.millis(500, 30_000));
            self.truth.disturb(self.paused_until, None);
        } else if fault == Fault::Killed {
            self.die(at, usize::MAX);
        } else if fault == Fault::TornWrite {
            let after_bytes = shape.range(0, 4_000).unsigned_abs();
            self.disk.inject(DiskFault::TornWrite { after_bytes });
        } else if fault == Fault::FailedSync {
            self.disk.inject(DiskFault::FailedSync { after_syncs: u64::from(shape.count(0, 3)) });
        } else {
            let after_bytes = shape.range(0, 20_000).unsigned_abs();
            self.disk.inject(DiskFault::Full { after_bytes });
        }
        true
    }

    fn operate(&mut self, at: Ts, fault: Fault, mut shape: Stream) -> bool {
        if self.process.is_none() {
            return false;
        }
        let until = at.plus(shape.millis(30_000, 900_000));
        if fault == Fault::Mode {
            let modes =
                [SystemMode::Cautious, SystemMode::ReduceOnly, SystemMode::ProtectOnly, SystemMode::Flatten];
            let mode = shape.pick(modes).unwrap_or_default();
            self.feed(at, Input::Operator(Command::SetMode(mode)));
            let back = Input::Operator(Command::SetMode(SystemMode::Normal));
            self.agenda.put(until, Happening::Feed(Box::new(back)));
        } else if fault == Fault::Kill {
            let flatten = shape.chance(500_000);
            self.turn_off(at, flatten);
            let back = Input::Operator(Command::Release);
            self.agenda.put(until, Happening::Feed(Box::new(back)));
        } else {
            self.feed(at, Input::Operator(Command::Shutdown));
            let ends = at.plus(shape.millis(200, 15_000));
            self.agenda.put(ends, Happening::Stop { life: self.life });
        }
        true
    }

    /// The operator does something to the position of `id`; to leave one alone is not among it, as that ends
    /// what is promised for it.
    fn act_by_hand(&mut self, at: Ts, id: InstrumentId, mut shape: Stream) -> bool {
        let Some(engine) = self.process.as_ref().map(|process| &process.engine) else { return false };
        let Some(view) = engine.position(id) else { return false };
        let last = engine.last_price(id).get();
        if view.qty.is_zero() {
            // Somebody outside advises an entry; its stop is up to three percent away, or on the wrong side.
            let side = if shape.chance(500_000) { Side::Buy } else { Side::Sell };
            let stop =
                PriceUnits::new(last - side.signed(QtyUnits::new(last)).get() / 1_000 * shape.range(-2, 30));
            let signal = Signal::Enter { side, stop, target: None, qty: None };
            self.feed(at, Input::Operator(Command::Signal { instrument: id, signal }));
            return true;
        }
        let from = view.stop.map_or(last, PriceUnits::get);
        // Between the stop and the price, or a little before or beyond.
        let price = from.saturating_add((last - from).saturating_mul(shape.range(-3, 12)) / 10);
        let part = view.qty.abs().get().saturating_mul(shape.range(0, 10)) / 10;
        let part = engine.instrument(id).map_or(QtyUnits::ZERO, |one| one.floor_lot(QtyUnits::new(part)));
        // As far on the other side of the price, or a little short of it.
        let beyond =
            PriceUnits::new(last.saturating_add((last - from).saturating_mul(shape.range(-1, 20)) / 10));
        let beyond = engine.instrument(id).map_or(beyond, |one| one.to_tick(beyond, false));
        let number = u8::try_from(shape.range(0, 4)).unwrap_or_default();
        let actions = [
            PositionAction::MoveStop(PriceUnits::new(price)),
            PositionAction::BreakEven,
            PositionAction::Reduce(part),
            PositionAction::Adopt,
            PositionAction::MoveTarget { number, price: beyond },
        ];
        let action = shape.pick(actions).unwrap_or(PositionAction::BreakEven);
        self.feed(at, Input::Operator(Command::Position { instrument: id, action }));
        true
    }

    /// The kill switch is turned on.
    pub(crate) fn turn_off(&mut self, at: Ts, flatten: bool) {
        self.feed(at, Input::Operator(Command::Kill { reason: KillReason::Manual, flatten }));
    }

    pub(crate) fn lose_stream(&mut self, at: Ts, length: Span, cut: bool) -> bool {
        if self.wire.is_some() {
            return self.loses_streams(at, length);
        }
        if !self.connected || self.process.is_none() {
            return false;
        }
        self.disconnect(at);
        self.feed(at, Input::Venue(VenueEvent::Stream { live: false }));
        if self.process.is_some() {
            self.agenda.put(at.plus(length), Happening::Connect { connection: self.connection, cut });
        }
        true
    }

    /// Money comes in or goes out.
    fn pay(&mut self, at: Ts, amount: Decimal, told: bool) -> bool {
        let amount = Money::new(amount);
        if amount.is_zero() || self.venue.exchange.transfer(amount).is_none() {
            return false;
        }
        self.truth.transferred(at, amount);
        if told {
            self.bookings += 1;
            let booking = Booking {
                id: VenueId::Number(self.bookings),
                kind: BookingKind::Transfer,
                instrument: None,
                amount,
                venue_time: at.plus(self.plan.skew),
            };
            self.publish(at, VenueEvent::Booked(booking));
        }
        true
    }

    /// Contracts worth a share of the equity.
    pub(crate) fn affordable(&self, id: InstrumentId, share: Decimal) -> Option<QtyUnits> {
        let instrument = self.venue.instruments.get(id.index())?;
        let price = instrument.price(self.prices.get(id.index()).copied()?).get();
        let equity = self.venue.exchange.account().equity.get();
        let qty = instrument.floor_qty((equity * share).checked_div(price)?);
        (qty >= instrument.min_qty()).then_some(qty)
    }

    /// The listing tells what holds for an instrument.
    pub(crate) fn list(&mut self, at: Ts, id: InstrumentId) {
        if let Some(rules) = self.venue.rules(id).filter(|_| self.wire.is_none()) {
            self.feed(at, Input::Rules(rules));
        }
    }

    /// The tick is what it was at the start.
    pub(crate) fn refine(&mut self, at: Ts, id: InstrumentId) {
        self.venue.set_tick(id, 1);
        self.truth.disturb(at, Some(id));
        let told = Stream::new(self.seed, Purpose::Delay(at)).millis(0, 15_000);
        self.agenda.put(at.plus(told), Happening::List(id));
    }

    /// The venue takes orders again; the listing tells.
    pub(crate) fn reopen(&mut self, at: Ts, id: InstrumentId) {
        let was_halted = self.venue.halted.get_mut(id.index()).map(core::mem::take);
        if was_halted == Some(true) {
            self.truth.disturb(at, Some(id));
            let told = Stream::new(self.seed, Purpose::Delay(at)).millis(0, 15_000);
            self.agenda.put(at.plus(told), Happening::List(id));
        }
    }

    /// What was begun ends, and the operator lets the account trade.
    pub(crate) fn clear_up(&mut self, at: Ts) {
        self.banned_until = at;
        self.stalled = false;
        self.wire_heals(at);
        for id in (0..).map(InstrumentId).take(self.venue.instruments.len()) {
            self.market.set_frozen(id, false);
            self.reopen(at, id);
            self.refine(at, id);
        }
        self.agenda.put(at, Happening::Feed(Box::new(Input::Operator(Command::Release))));
        let until = at.plus(Span::from_secs(30));
        let again = Input::Operator(Command::SetMode(SystemMode::Normal));
        self.agenda.put(until, Happening::Feed(Box::new(again)));
    }
}
