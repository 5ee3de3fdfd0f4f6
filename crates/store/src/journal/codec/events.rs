//! The numbers of inputs and of what a venue says: schema 1.

use minicbor::Decoder;
use seawall_model::{
    Booking, BookingKind, CancelReason, Candle, Command, Coverage, Fill, FillCause, ForeignHolding, Input,
    KillReason, Liquidity, ListedKind, ListingRow, MarginTier, PositionAction, RejectReason, Report, Rules,
    Signal, SubmitOutcome, SystemMode, Timeframe, Trading, VenueEvent, VenueOrder, VenuePosition,
};

use super::{
    Out, Put, Taken, Wire, array_length, expect_length, one, unknown, wire_codes, wire_struct, wire_variants,
};

wire_codes!(Timeframe {
    0 = M1,
    1 = M3,
    2 = M5,
    3 = M15,
    4 = M30,
    5 = H1,
    6 = H2,
    7 = H4,
    8 = H6,
    9 = H8,
    10 = H12,
    11 = D1,
    12 = W1,
});

wire_codes!(SubmitOutcome { 0 = NotSent, 1 = Unknown });

wire_codes!(Liquidity { 0 = Maker, 1 = Taker });

wire_codes!(FillCause { 0 = Order, 1 = Liquidation, 2 = Deleveraging });

wire_codes!(BookingKind { 0 = Funding, 1 = Transfer });

wire_struct!(Booking { id, kind, instrument, amount, venue_time });

wire_struct!(ForeignHolding { symbol, qty, value });

wire_codes!(RejectReason {
    0 = InsufficientFunds,
    1 = InvalidPrice,
    2 = InvalidQuantity,
    3 = WouldTriggerImmediately,
    4 = WouldTakeLiquidity,
    5 = NothingToReduce,
    6 = NotSupported,
    7 = OrderNotFound,
    8 = MarketClosed,
    9 = RateLimited,
    10 = DuplicateId,
    11 = Other,
});

wire_codes!(CancelReason { 0 = Requested, 1 = ImmediateOrCancel, 2 = NothingToReduce, 3 = Venue });

wire_codes!(SystemMode { 0 = Normal, 1 = Cautious, 2 = ReduceOnly, 3 = ProtectOnly, 4 = Flatten });

wire_variants!(Coverage { 0 = Complete, 1 = Window { from, to }, 2 = Failed });

wire_variants!(Command {
    0 = SetMode(mode),
    1 = Close(instrument),
    2 = Transfer(amount),
    3 = Shutdown,
    4 = Kill { reason, flatten },
    5 = Release,
    6 = Position { instrument, action },
    7 = Signal { instrument, signal },
});

wire_variants!(Signal { 0 = Enter { side, stop, target, qty }, 1 = Exit });

wire_variants!(PositionAction {
    0 = MoveStop(price),
    1 = BreakEven,
    2 = Reduce(qty),
    3 = Adopt,
    4 = Ignore,
    5 = MoveTarget { number, price },
});

wire_codes!(KillReason {
    0 = Manual,
    1 = ApiError,
    2 = MarginCritical,
    3 = LiquidationBreach,
    4 = DataFailure,
    5 = ReconciliationFailure,
    6 = InvariantViolation,
    7 = CorruptState,
});

wire_codes!(ListedKind { 0 = Spot, 1 = LinearPerpetual, 2 = Inverse, 3 = FixedMaturity });

wire_struct!(ListingRow { name, kind, volume_24h, bid, ask });

wire_codes!(Trading { 0 = Open, 1 = LookedAfter, 2 = PostOnly, 3 = Suspended, 4 = Delisted });

wire_struct!(MarginTier { notional_below, maintenance_pct, leverage_max });

wire_struct!(Rules {
    instrument,
    trading,
    tick,
    lot,
    min_qty,
    min_notional,
    leverage_max,
    leverages,
    margin_tiers,
});

wire_struct!(Candle { open_time, known_at, open, high, low, close, volume });

wire_struct!(Fill { instrument, order, fill_id, side, qty, price, fee, liquidity, cause, venue_time });

wire_struct!(VenueOrder { instrument, order, venue_order_id, side, qty, filled, kind, reduce_only, state });

wire_struct!(VenuePosition { instrument, qty, entry_price });

impl<T: Wire> Wire for Report<T> {
    fn put(&self, out: &mut Out<'_>) -> Put {
        let Report { coverage, taken_at, rows } = self;
        out.array(3)?;
        coverage.put(out)?;
        taken_at.put(out)?;
        rows.put(out)
    }

    fn take(input: &mut Decoder<'_>) -> Taken<Self> {
        let length = array_length(input)?;
        expect_length(length, 3, "Report")?;
        Ok(Report { coverage: Wire::take(input)?, taken_at: Wire::take(input)?, rows: Wire::take(input)? })
    }
}

wire_variants!(VenueEvent {
    0 = Accepted { order, venue_order_id },
    1 = Rejected { order, reason },
    2 = Triggered { order },
    3 = Filled(fill),
    4 = Cancelled { order, reason },
    5 = CancelRejected { order, reason },
    6 = Amended { order, qty, kind },
    7 = AmendRejected { order, reason },
    8 = Funding { instrument, amount },
    9 = Order { order, report },
    10 = OpenOrders(report),
    11 = Positions(report),
    12 = Balance { coverage, amount },
    13 = Stream { live },
    14 = Booked(booking),
    15 = Elsewhere(report),
});

wire_variants!(Input {
    0 = Started,
    1 = Candle { instrument, timeframe, candle },
    2 = Quote { instrument, bid, ask },
    3 = Mark { instrument, price },
    4 = Venue(event),
    5 = Submission { order, outcome },
    6 = Operator(command),
    7 = Wakeup,
    8 = Book { instrument, bid, bid_qty, ask, ask_qty },
    9 = Listing(report),
    10 = Past { instrument, timeframe, candle },
    11 = Rules(rules),
});
