//! Random values of every variant. The matches at the end fail to compile when the model gains one.

use proptest::prelude::*;
use rust_decimal::Decimal;
use seawall_model::{
    Booking, BookingKind, CancelReason, Candle, ClientOrderId, Command, Coverage, Fill, FillCause,
    ForeignHolding, Input, InstrumentId, KillReason, Liquidity, ListedKind, ListingRow, MarginTier, Money,
    OrderKind, OrderRef, OrderRequest, OrderRole, OrderState, Percent, PositionAction, Price, PriceUnits,
    Qty, QtyUnits, Ratio, RejectReason, Report, Rules, Side, Signal, SubmitOutcome, TimeInForce, Timeframe,
    Trading, Trigger, TriggerSource, Ts, VenueEvent, VenueId, VenueOrder, VenuePosition, VenueRequest,
};

pub(crate) fn time() -> impl Strategy<Value = Ts> {
    any::<i64>().prop_map(Ts::from_nanos)
}

fn instrument() -> impl Strategy<Value = InstrumentId> {
    any::<u32>().prop_map(InstrumentId)
}

fn price() -> impl Strategy<Value = PriceUnits> {
    any::<i64>().prop_map(PriceUnits::new)
}

fn qty() -> impl Strategy<Value = QtyUnits> {
    any::<i64>().prop_map(QtyUnits::new)
}

fn money() -> impl Strategy<Value = Money> {
    let mantissa = -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335;
    (mantissa, 0_u32..=28)
        .prop_map(|(mantissa, scale)| Money::new(Decimal::from_i128_with_scale(mantissa, scale)))
}

fn order() -> impl Strategy<Value = OrderRef> {
    let id = (any::<u32>(), any::<u32>()).prop_map(|(run, sequence)| ClientOrderId { run, sequence });
    (instrument(), id).prop_map(|(instrument, id)| OrderRef { instrument, id })
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn venue_id() -> impl Strategy<Value = VenueId> {
    prop_oneof![
        any::<u64>().prop_map(VenueId::Number),
        "\\PC{0,10}".prop_map(|text| VenueId::Text(arrayvec::ArrayString::from(&text).unwrap())),
    ]
}

fn trigger() -> impl Strategy<Value = Trigger> {
    let source =
        prop_oneof![Just(TriggerSource::Mark), Just(TriggerSource::Last), Just(TriggerSource::Index)];
    (price(), source).prop_map(|(price, source)| Trigger { price, source })
}

fn kind() -> impl Strategy<Value = OrderKind> {
    let in_force = prop_oneof![
        Just(TimeInForce::GoodTilCancelled),
        Just(TimeInForce::ImmediateOrCancel),
        Just(TimeInForce::PostOnly),
    ];
    prop_oneof![
        Just(OrderKind::Market),
        (price(), in_force).prop_map(|(price, time_in_force)| OrderKind::Limit { price, time_in_force }),
        trigger().prop_map(|trigger| OrderKind::StopMarket { trigger }),
        (trigger(), price()).prop_map(|(trigger, limit)| OrderKind::StopLimit { trigger, limit }),
        trigger().prop_map(|trigger| OrderKind::TakeProfitMarket { trigger }),
        (trigger(), price()).prop_map(|(trigger, limit)| OrderKind::TakeProfitLimit { trigger, limit }),
    ]
}

fn state() -> impl Strategy<Value = OrderState> {
    prop::sample::select(OrderState::ALL.to_vec())
}

fn reason() -> impl Strategy<Value = RejectReason> {
    prop::sample::select(super::REASONS.to_vec())
}

fn coverage() -> impl Strategy<Value = Coverage> {
    prop_oneof![
        Just(Coverage::Complete),
        (time(), time()).prop_map(|(from, to)| Coverage::Window { from, to }),
        Just(Coverage::Failed),
    ]
}

fn report<T: Strategy>(row: T) -> impl Strategy<Value = Report<T::Value>> {
    (coverage(), time(), prop::collection::vec(row, 0..4)).prop_map(|(coverage, taken_at, rows)| Report {
        coverage,
        taken_at,
        rows,
    })
}

fn fill() -> impl Strategy<Value = Fill> {
    let who = (instrument(), prop::option::of(order()), venue_id(), side());
    let liquidity = prop_oneof![Just(Liquidity::Maker), Just(Liquidity::Taker)];
    let cause =
        prop_oneof![Just(FillCause::Order), Just(FillCause::Liquidation), Just(FillCause::Deleveraging)];
    (who, (qty(), price(), money()), liquidity, cause, time()).prop_map(
        |((instrument, order, fill_id, side), (qty, price, fee), liquidity, cause, venue_time)| Fill {
            instrument,
            order,
            fill_id,
            side,
            qty,
            price,
            fee,
            liquidity,
            cause,
            venue_time,
        },
    )
}

fn venue_order() -> impl Strategy<Value = VenueOrder> {
    let who = (instrument(), prop::option::of(order()), venue_id(), side());
    (who, qty(), qty(), kind(), any::<bool>(), state()).prop_map(
        |((instrument, order, venue_order_id, side), qty, filled, kind, reduce_only, state)| VenueOrder {
            instrument,
            order,
            venue_order_id,
            side,
            qty,
            filled,
            kind,
            reduce_only,
            state,
        },
    )
}

fn venue_position() -> impl Strategy<Value = VenuePosition> {
    (instrument(), qty(), price()).prop_map(|(instrument, qty, entry_price)| VenuePosition {
        instrument,
        qty,
        entry_price,
    })
}

fn venue_event() -> impl Strategy<Value = VenueEvent> {
    let cancel = prop_oneof![
        Just(CancelReason::Requested),
        Just(CancelReason::ImmediateOrCancel),
        Just(CancelReason::NothingToReduce),
        Just(CancelReason::Venue),
    ];
    prop_oneof![
        (order(), venue_id())
            .prop_map(|(order, venue_order_id)| VenueEvent::Accepted { order, venue_order_id }),
        (order(), reason()).prop_map(|(order, reason)| VenueEvent::Rejected { order, reason }),
        order().prop_map(|order| VenueEvent::Triggered { order }),
        fill().prop_map(VenueEvent::Filled),
        (order(), cancel).prop_map(|(order, reason)| VenueEvent::Cancelled { order, reason }),
        (order(), reason()).prop_map(|(order, reason)| VenueEvent::CancelRejected { order, reason }),
        (order(), qty(), kind()).prop_map(|(order, qty, kind)| VenueEvent::Amended { order, qty, kind }),
        (order(), reason()).prop_map(|(order, reason)| VenueEvent::AmendRejected { order, reason }),
        (instrument(), money()).prop_map(|(instrument, amount)| VenueEvent::Funding { instrument, amount }),
        (order(), report(venue_order())).prop_map(|(order, report)| VenueEvent::Order { order, report }),
        report(venue_order()).prop_map(VenueEvent::OpenOrders),
        report(venue_position()).prop_map(VenueEvent::Positions),
        (coverage(), money()).prop_map(|(coverage, amount)| VenueEvent::Balance { coverage, amount }),
        any::<bool>().prop_map(|live| VenueEvent::Stream { live }),
        booking().prop_map(VenueEvent::Booked),
        report(foreign_holding()).prop_map(VenueEvent::Elsewhere),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    let trading = prop_oneof![
        Just(Trading::Open),
        Just(Trading::LookedAfter),
        Just(Trading::PostOnly),
        Just(Trading::Suspended),
        Just(Trading::Delisted),
    ];
    let tier = (prop::option::of(money()), money(), money()).prop_map(|(notional_below, pct, most)| {
        let (maintenance_pct, leverage_max) = (Percent::new(pct.get()), Ratio::new(most.get()));
        MarginTier { notional_below, maintenance_pct, leverage_max }
    });
    let steps = (money(), money(), money(), money(), money());
    (instrument(), trading, steps, prop::collection::vec(money(), 0..3), prop::collection::vec(tier, 0..3))
        .prop_map(|(instrument, trading, steps, leverages, margin_tiers)| Rules {
            instrument,
            trading,
            tick: Price::new(steps.0.get()),
            lot: Qty::new(steps.1.get()),
            min_qty: Qty::new(steps.2.get()),
            min_notional: steps.3,
            leverage_max: Ratio::new(steps.4.get()),
            leverages: leverages.into_iter().map(|one| Ratio::new(one.get())).collect(),
            margin_tiers,
        })
}

fn booking() -> impl Strategy<Value = Booking> {
    let kind = prop_oneof![Just(BookingKind::Funding), Just(BookingKind::Transfer)];
    (venue_id(), kind, prop::option::of(instrument()), money(), time()).prop_map(
        |(id, kind, instrument, amount, venue_time)| Booking { id, kind, instrument, amount, venue_time },
    )
}

fn foreign_holding() -> impl Strategy<Value = ForeignHolding> {
    ("[A-Z_]{0,40}", money(), prop::option::of(money())).prop_map(|(symbol, qty, value)| ForeignHolding {
        symbol: arrayvec::ArrayString::from(&symbol).unwrap(),
        qty: qty.get(),
        value,
    })
}

fn candle() -> impl Strategy<Value = Candle> {
    (time(), time(), (price(), price(), price(), price()), -1e300..1e300).prop_map(
        |(open_time, known_at, (open, high, low, close), volume)| Candle {
            open_time,
            known_at,
            open,
            high,
            low,
            close,
            volume,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        prop::sample::select(super::MODES.to_vec()).prop_map(Command::SetMode),
        instrument().prop_map(Command::Close),
        money().prop_map(Command::Transfer),
        Just(Command::Shutdown),
        (prop::sample::select(KillReason::ALL.to_vec()), any::<bool>())
            .prop_map(|(reason, flatten)| Command::Kill { reason, flatten }),
        Just(Command::Release),
        (instrument(), position_action())
            .prop_map(|(instrument, action)| Command::Position { instrument, action }),
        (instrument(), signal()).prop_map(|(instrument, signal)| Command::Signal { instrument, signal }),
    ]
}

fn signal() -> impl Strategy<Value = Signal> {
    let entry = (any::<bool>(), price(), prop::option::of(price()), prop::option::of(qty()));
    let entry = entry.prop_map(|(buys, stop, target, qty)| {
        let side = if buys { Side::Buy } else { Side::Sell };
        Signal::Enter { side, stop, target, qty }
    });
    prop_oneof![entry, Just(Signal::Exit)]
}

fn position_action() -> impl Strategy<Value = PositionAction> {
    prop_oneof![
        price().prop_map(PositionAction::MoveStop),
        Just(PositionAction::BreakEven),
        qty().prop_map(PositionAction::Reduce),
        Just(PositionAction::Adopt),
        Just(PositionAction::Ignore),
        (any::<u8>(), price()).prop_map(|(number, price)| PositionAction::MoveTarget { number, price }),
    ]
}

fn listing_row() -> impl Strategy<Value = ListingRow> {
    let kinds =
        vec![ListedKind::Spot, ListedKind::LinearPerpetual, ListedKind::Inverse, ListedKind::FixedMaturity];
    let name = prop::sample::select(vec!["BTC/USD", "kraken-futures:ETH/USD:USD"]);
    let decimal = || prop::option::of(money().prop_map(|money| Price::new(money.get())));
    (name, prop::sample::select(kinds), prop::option::of(-1e300..1e300), decimal(), decimal()).prop_map(
        |(name, kind, volume_24h, bid, ask)| ListingRow {
            name: name.parse().unwrap(),
            kind,
            volume_24h,
            bid,
            ask,
        },
    )
}

pub(crate) fn input() -> impl Strategy<Value = Input> {
    let timeframe = prop::sample::select(Timeframe::ALL.to_vec());
    let outcome = prop_oneof![Just(SubmitOutcome::NotSent), Just(SubmitOutcome::Unknown)];
    prop_oneof![
        1 => Just(Input::Started),
        2 => (instrument(), timeframe, candle())
            .prop_map(|(instrument, timeframe, candle)| Input::Candle { instrument, timeframe, candle }),
        1 => (instrument(), price(), price())
            .prop_map(|(instrument, bid, ask)| Input::Quote { instrument, bid, ask }),
        1 => (instrument(), price()).prop_map(|(instrument, price)| Input::Mark { instrument, price }),
        13 => venue_event().prop_map(Input::Venue),
        1 => (order(), outcome).prop_map(|(order, outcome)| Input::Submission { order, outcome }),
        2 => command().prop_map(Input::Operator),
        1 => Just(Input::Wakeup),
        1 => (instrument(), (price(), qty()), (price(), qty())).prop_map(
            |(instrument, (bid, bid_qty), (ask, ask_qty))| {
                Input::Book { instrument, bid, bid_qty, ask, ask_qty }
            }
        ),
        1 => report(listing_row()).prop_map(Input::Listing),
        1 => (instrument(), prop::sample::select(Timeframe::ALL.to_vec()), candle())
            .prop_map(|(instrument, timeframe, candle)| Input::Past { instrument, timeframe, candle }),
        1 => rules().prop_map(Input::Rules),
    ]
}

pub(crate) fn request() -> impl Strategy<Value = VenueRequest> {
    let role = prop_oneof![
        Just(OrderRole::Entry),
        Just(OrderRole::Stop),
        any::<u8>().prop_map(OrderRole::Target),
        Just(OrderRole::Exit),
        Just(OrderRole::Emergency),
    ];
    let place = (order(), role, side(), qty(), kind(), any::<bool>()).prop_map(
        |(order, role, side, qty, kind, reduce_only)| OrderRequest {
            order,
            role,
            side,
            qty,
            kind,
            reduce_only,
        },
    );
    prop_oneof![
        place.prop_map(VenueRequest::Place),
        (order(), qty(), kind()).prop_map(|(order, qty, kind)| VenueRequest::Amend { order, qty, kind }),
        order().prop_map(|order| VenueRequest::Cancel { order }),
        order().prop_map(|order| VenueRequest::QueryOrder { order }),
        Just(VenueRequest::QueryOpenOrders),
        Just(VenueRequest::QueryPositions),
        Just(VenueRequest::QueryBalance),
    ]
}

/// Counts the variants from 0; of no other use than to fail when there is a new one.
pub(crate) fn input_variant(input: &Input) -> usize {
    match input {
        Input::Started => 0,
        Input::Candle { .. } => 1,
        Input::Quote { .. } => 2,
        Input::Mark { .. } => 3,
        Input::Submission { .. } => 4,
        Input::Operator(Command::SetMode(_)) => 5,
        Input::Operator(Command::Close(_)) => 6,
        Input::Operator(Command::Transfer(_)) => 7,
        Input::Operator(Command::Shutdown) => 8,
        Input::Wakeup => 9,
        Input::Venue(VenueEvent::Accepted { .. }) => 10,
        Input::Venue(VenueEvent::Rejected { .. }) => 11,
        Input::Venue(VenueEvent::Triggered { .. }) => 12,
        Input::Venue(VenueEvent::Filled(_)) => 13,
        Input::Venue(VenueEvent::Cancelled { .. }) => 14,
        Input::Venue(VenueEvent::CancelRejected { .. }) => 15,
        Input::Venue(VenueEvent::Amended { .. }) => 16,
        Input::Venue(VenueEvent::AmendRejected { .. }) => 17,
        Input::Venue(VenueEvent::Funding { .. }) => 18,
        Input::Venue(VenueEvent::Order { .. }) => 19,
        Input::Venue(VenueEvent::OpenOrders(_)) => 20,
        Input::Venue(VenueEvent::Positions(_)) => 21,
        Input::Venue(VenueEvent::Balance { .. }) => 22,
        Input::Operator(Command::Kill { .. }) => 23,
        Input::Operator(Command::Release) => 24,
        Input::Book { .. } => 25,
        Input::Listing(_) => 26,
        Input::Venue(VenueEvent::Stream { .. }) => 27,
        Input::Venue(VenueEvent::Booked(_)) => 28,
        Input::Venue(VenueEvent::Elsewhere(_)) => 29,
        Input::Past { .. } => 30,
        Input::Rules(_) => 31,
        Input::Operator(Command::Position { .. }) => 32,
        Input::Operator(Command::Signal { .. }) => 33,
    }
}

/// How many variants [`input_variant`] counts.
pub(crate) const INPUT_VARIANTS: usize = 34;

/// Counts the variants from 0.
pub(crate) fn request_variant(request: &VenueRequest) -> usize {
    match request {
        VenueRequest::Place(_) => 0,
        VenueRequest::Amend { .. } => 1,
        VenueRequest::Cancel { .. } => 2,
        VenueRequest::QueryOrder { .. } => 3,
        VenueRequest::QueryOpenOrders => 4,
        VenueRequest::QueryPositions => 5,
        VenueRequest::QueryBalance => 6,
    }
}

/// How many variants [`request_variant`] counts.
pub(crate) const REQUEST_VARIANTS: usize = 7;
