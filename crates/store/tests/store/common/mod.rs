//! What the tests of the journal share: values of every variant, drawn and listed.

pub(crate) mod databases;
pub(crate) mod journals;
#[cfg(all(unix, feature = "postgres"))]
pub(crate) mod server;
pub(crate) mod strategies;

use seawall_model::{
    Booking, BookingKind, CancelReason, Candle, ClientOrderId, Command, Coverage, Fill, FillCause,
    ForeignHolding, Input, Instrument, InstrumentId, InstrumentSpec, KillReason, Liquidity, ListedKind,
    ListingRow, MarginTier, Money, OrderKind, OrderRef, OrderRequest, OrderRole, OrderState, PositionAction,
    PriceUnits, QtyUnits, RejectReason, Report, Rules, Side, Signal, SubmitOutcome, SystemMode, TimeInForce,
    Timeframe, Trading, Trigger, TriggerSource, Ts, VenueEvent, VenueId, VenueOrder, VenuePosition,
    VenueRequest,
};
use seawall_store::journal::{
    CarryPart, CarryPiece, Checkpoint, Digest, End, EndReason, Header, JournalInfo, OperatorNote, Record,
    RecordKind, RunMode,
};

pub(crate) fn instruments() -> Vec<Instrument> {
    let instrument = |number: u32, name: &str, tick: &str, lot: &str| {
        let mut spec = InstrumentSpec::new(name.parse().unwrap());
        spec.tick = Some(tick.parse().unwrap());
        spec.lot = lot.parse().unwrap();
        Instrument::new(InstrumentId(number), spec, 2).unwrap()
    };
    vec![
        instrument(0, "kraken-futures:BTC/USD:USD", "0.5", "0.0001"),
        instrument(1, "ETH/USDT", "0.01", "0.001"),
    ]
}

pub(crate) fn info() -> JournalInfo {
    JournalInfo::new(7, &instruments())
}

pub(crate) fn order(sequence: u32) -> OrderRef {
    OrderRef { instrument: InstrumentId(sequence % 2), id: ClientOrderId { run: 7, sequence } }
}

pub(crate) fn ts(text: &str) -> Ts {
    text.parse().unwrap()
}

fn trigger(source: TriggerSource) -> Trigger {
    Trigger { price: PriceUnits::new(2_290_050), source }
}

pub(crate) fn kinds() -> Vec<OrderKind> {
    let (price, limit) = (PriceUnits::new(2_329_650), PriceUnits::new(2_280_000));
    let in_force = [TimeInForce::GoodTilCancelled, TimeInForce::ImmediateOrCancel, TimeInForce::PostOnly];
    let mut kinds = vec![OrderKind::Market];
    kinds.extend(in_force.map(|time_in_force| OrderKind::Limit { price, time_in_force }));
    kinds.extend([
        OrderKind::StopMarket { trigger: trigger(TriggerSource::Mark) },
        OrderKind::StopLimit { trigger: trigger(TriggerSource::Last), limit },
        OrderKind::TakeProfitMarket { trigger: trigger(TriggerSource::Index) },
        OrderKind::TakeProfitLimit { trigger: trigger(TriggerSource::Mark), limit },
    ]);
    kinds
}

pub(crate) fn fill(number: u64) -> Fill {
    Fill {
        instrument: InstrumentId(0),
        order: Some(order(2)),
        fill_id: VenueId::Number(number),
        side: Side::Buy,
        qty: QtyUnits::new(30),
        price: PriceUnits::new(2_329_650),
        fee: "0.03494475".parse().unwrap(),
        liquidity: Liquidity::Taker,
        cause: FillCause::Order,
        venue_time: ts("2026-01-02T03:04:05.000000006Z"),
    }
}

fn text_id(text: &str) -> VenueId {
    VenueId::Text(arrayvec::ArrayString::from(text).unwrap())
}

fn venue_order(kind: OrderKind, state: OrderState) -> VenueOrder {
    VenueOrder {
        instrument: InstrumentId(1),
        order: None,
        venue_order_id: text_id("0b1c9f1e-0000-4000-8000-00000000abcd"),
        side: Side::Sell,
        qty: QtyUnits::new(5),
        filled: QtyUnits::new(2),
        kind,
        reduce_only: true,
        state,
    }
}

fn report<T>(coverage: Coverage, rows: Vec<T>) -> Report<T> {
    Report { coverage, taken_at: ts("2026-01-02T03:04:05Z"), rows }
}

const REASONS: [RejectReason; 12] = [
    RejectReason::InsufficientFunds,
    RejectReason::InvalidPrice,
    RejectReason::InvalidQuantity,
    RejectReason::WouldTriggerImmediately,
    RejectReason::WouldTakeLiquidity,
    RejectReason::NothingToReduce,
    RejectReason::NotSupported,
    RejectReason::OrderNotFound,
    RejectReason::MarketClosed,
    RejectReason::RateLimited,
    RejectReason::DuplicateId,
    RejectReason::Other,
];

pub(crate) const MODES: [SystemMode; 5] = [
    SystemMode::Normal,
    SystemMode::Cautious,
    SystemMode::ReduceOnly,
    SystemMode::ProtectOnly,
    SystemMode::Flatten,
];

/// Every variant of what a venue says, and every variant of what is inside.
pub(crate) fn venue_events() -> Vec<VenueEvent> {
    let window = Coverage::Window { from: ts("2026-01-01"), to: ts("2026-01-02") };
    let money = |text: &str| text.parse::<Money>().unwrap();
    let mut liquidated = fill(u64::MAX);
    liquidated.order = None;
    liquidated.fill_id = text_id("fill-ü");
    liquidated.cause = FillCause::Liquidation;
    liquidated.liquidity = Liquidity::Maker;
    liquidated.fee = Money::new(rust_decimal::Decimal::MIN);
    let mut events = vec![
        VenueEvent::Accepted { order: order(2), venue_order_id: VenueId::Number(u64::MAX) },
        VenueEvent::Triggered { order: order(3) },
        VenueEvent::Filled(fill(1)),
        VenueEvent::Filled(liquidated),
        VenueEvent::CancelRejected { order: order(4), reason: RejectReason::OrderNotFound },
        VenueEvent::AmendRejected { order: order(4), reason: RejectReason::RateLimited },
        VenueEvent::Funding { instrument: InstrumentId(0), amount: money("-0.0000000000000000000000000001") },
        VenueEvent::Order { order: order(5), report: report(Coverage::Complete, Vec::new()) },
        VenueEvent::Positions(report(
            window,
            vec![VenuePosition {
                instrument: InstrumentId(1),
                qty: QtyUnits::new(-4),
                entry_price: PriceUnits::new(250_001),
            }],
        )),
        VenueEvent::Balance { coverage: Coverage::Failed, amount: Money::ZERO },
        VenueEvent::Balance { coverage: Coverage::Complete, amount: money("10000.5") },
    ];
    events.extend(REASONS.map(|reason| VenueEvent::Rejected { order: order(6), reason }));
    let ends = [
        CancelReason::Requested,
        CancelReason::ImmediateOrCancel,
        CancelReason::NothingToReduce,
        CancelReason::Venue,
    ];
    events.extend(ends.map(|reason| VenueEvent::Cancelled { order: order(7), reason }));
    let amended = |kind| VenueEvent::Amended { order: order(8), qty: QtyUnits::new(9), kind };
    events.extend(kinds().into_iter().map(amended));
    let rows = OrderState::ALL.into_iter().zip(kinds().into_iter().cycle());
    let rows = rows.map(|(state, kind)| venue_order(kind, state)).collect();
    events.push(VenueEvent::OpenOrders(report(Coverage::Complete, rows)));
    events
}

/// Every variant of what the engine can be told.
pub(crate) fn inputs() -> Vec<Input> {
    let open = ts("2026-01-05");
    let candle = |timeframe: Timeframe| Input::Candle {
        instrument: InstrumentId(0),
        timeframe,
        candle: Candle {
            open_time: open,
            known_at: open.plus(timeframe.span()),
            open: PriceUnits::new(2_329_600),
            high: PriceUnits::new(2_330_000),
            low: PriceUnits::new(2_320_050),
            close: PriceUnits::new(2_321_000),
            volume: 12.345_678_9,
        },
    };
    let mut inputs = vec![Input::Started, Input::Wakeup];
    inputs.extend(Timeframe::ALL.map(candle));
    inputs.extend([
        Input::Quote { instrument: InstrumentId(1), bid: PriceUnits::new(1), ask: PriceUnits::new(i64::MAX) },
        Input::Mark { instrument: InstrumentId(u32::MAX), price: PriceUnits::new(i64::MIN) },
        Input::Submission { order: order(2), outcome: SubmitOutcome::NotSent },
        Input::Submission { order: order(2), outcome: SubmitOutcome::Unknown },
        Input::Operator(Command::Close(InstrumentId(1))),
        Input::Operator(Command::Transfer("-250.75".parse().unwrap())),
        Input::Operator(Command::Shutdown),
    ]);
    inputs.extend(MODES.map(|mode| Input::Operator(Command::SetMode(mode))));
    inputs.extend(venue_events().into_iter().map(Input::Venue));
    inputs
}

/// What has been added to schema 1 since its golden file was written.
pub(crate) fn newer_inputs() -> Vec<Input> {
    [
        Input::Operator(Command::Kill { reason: KillReason::Manual, flatten: true }),
        Input::Operator(Command::Release),
        Input::Operator(Command::Position {
            instrument: InstrumentId(1),
            action: PositionAction::MoveStop(PriceUnits::new(77)),
        }),
        Input::Operator(Command::Position { instrument: InstrumentId(1), action: PositionAction::BreakEven }),
        Input::Operator(Command::Position {
            instrument: InstrumentId(0),
            action: PositionAction::Reduce(QtyUnits::new(3)),
        }),
        Input::Operator(Command::Position { instrument: InstrumentId(2), action: PositionAction::Adopt }),
        Input::Operator(Command::Position { instrument: InstrumentId(2), action: PositionAction::Ignore }),
        Input::Operator(Command::Signal { instrument: InstrumentId(1), signal: Signal::Exit }),
        Input::Operator(Command::Signal {
            instrument: InstrumentId(1),
            signal: Signal::Enter {
                side: Side::Sell,
                stop: PriceUnits::new(9),
                target: None,
                qty: Some(QtyUnits::new(3)),
            },
        }),
        Input::Book {
            instrument: InstrumentId(0),
            bid: PriceUnits::new(4),
            bid_qty: QtyUnits::new(50),
            ask: PriceUnits::new(5),
            ask_qty: QtyUnits::new(60),
        },
        Input::Listing(report(Coverage::Complete, listing_rows())),
        Input::Listing(report(Coverage::Failed, Vec::new())),
        Input::Rules(rules()),
        Input::Past { instrument: InstrumentId(1), timeframe: Timeframe::H1, candle: past() },
    ]
    .into_iter()
    .chain(newer_events().into_iter().map(Input::Venue))
    .collect()
}

fn past() -> Candle {
    let price = PriceUnits::new(4);
    let (open_time, known_at) = (ts("2026-01-02T03:00:00Z"), ts("2026-01-02T04:00:00Z"));
    Candle { open_time, known_at, open: price, high: price, low: price, close: price, volume: 1.5 }
}

fn rules() -> Rules {
    let tier = |below: Option<&str>| MarginTier {
        notional_below: below.map(|below| below.parse().unwrap()),
        maintenance_pct: "0.5".parse().unwrap(),
        leverage_max: "50".parse().unwrap(),
    };
    Rules {
        instrument: InstrumentId(1),
        trading: Trading::Suspended,
        tick: "0.25".parse().unwrap(),
        lot: "0.001".parse().unwrap(),
        min_qty: "0.002".parse().unwrap(),
        min_notional: "5".parse().unwrap(),
        leverage_max: "50".parse().unwrap(),
        leverages: vec!["2".parse().unwrap(), "50".parse().unwrap()],
        margin_tiers: vec![tier(Some("100000")), tier(None)],
    }
}

fn newer_events() -> Vec<VenueEvent> {
    let booking = |kind, instrument| Booking {
        id: VenueId::Number(77),
        kind,
        instrument,
        amount: "-0.25".parse().unwrap(),
        venue_time: ts("2026-01-02T03:04:05Z"),
    };
    let holding = |value| ForeignHolding {
        symbol: arrayvec::ArrayString::from("PF_GONEUSD").unwrap(),
        qty: "-12.5".parse().unwrap(),
        value,
    };
    let rows = vec![holding(None), holding(Some("1250.5".parse().unwrap()))];
    let deleveraged = Fill { order: None, cause: FillCause::Deleveraging, ..fill(9) };
    vec![
        VenueEvent::Filled(deleveraged),
        VenueEvent::Stream { live: true },
        VenueEvent::Stream { live: false },
        VenueEvent::Booked(booking(BookingKind::Funding, Some(InstrumentId(0)))),
        VenueEvent::Booked(booking(BookingKind::Transfer, None)),
        VenueEvent::Elsewhere(report(Coverage::Complete, rows)),
    ]
}

fn listing_rows() -> Vec<ListingRow> {
    let kinds =
        [ListedKind::Spot, ListedKind::LinearPerpetual, ListedKind::Inverse, ListedKind::FixedMaturity];
    let row = |kind| ListingRow {
        name: "kraken-futures:BTC/USD:USD".parse().unwrap(),
        kind,
        volume_24h: (kind != ListedKind::Spot).then_some(1_234.5),
        bid: (kind != ListedKind::Inverse).then(|| "0.0105".parse().unwrap()),
        ask: Some("0.0106".parse().unwrap()),
    };
    kinds.map(row).to_vec()
}

/// Every variant of what can be asked of a venue.
pub(crate) fn requests() -> Vec<VenueRequest> {
    let roles =
        [OrderRole::Entry, OrderRole::Stop, OrderRole::Target(1), OrderRole::Exit, OrderRole::Emergency];
    let place = |(role, kind)| {
        VenueRequest::Place(OrderRequest {
            order: order(2),
            role,
            side: Side::Buy,
            qty: QtyUnits::new(30),
            kind,
            reduce_only: role != OrderRole::Entry,
        })
    };
    let mut requests: Vec<_> = roles.into_iter().zip(kinds()).map(place).collect();
    requests.extend([
        VenueRequest::Amend { order: order(3), qty: QtyUnits::new(12), kind: OrderKind::Market },
        VenueRequest::Cancel { order: order(4) },
        VenueRequest::QueryOrder { order: order(5) },
        VenueRequest::QueryOpenOrders,
        VenueRequest::QueryPositions,
        VenueRequest::QueryBalance,
    ]);
    requests
}

pub(crate) fn header(mode: RunMode) -> Record {
    Record::Header(Header {
        mode,
        seed: 42,
        config_hash: Digest([0xab; 32]),
        engine_version: "0.1.0".to_owned(),
        started_at: ts("2026-01-02T03:04:05Z"),
    })
}

fn end(reason: EndReason) -> Record {
    let detail = "said so".to_owned();
    Record::End(End { fingerprint: Digest([1; 32]), digest: Digest([2; 32]), reason, detail })
}

/// Every variant of a record, with everything that it can hold.
pub(crate) fn records() -> Vec<Record> {
    let mut records: Vec<_> =
        [RunMode::Backtest, RunMode::Paper, RunMode::Live, RunMode::Storm].map(header).to_vec();
    records.extend(inputs().into_iter().map(Record::Input));
    records.push(Record::Dispatch(Vec::new()));
    records.push(Record::Dispatch(requests()));
    records.push(Record::Checkpoint(Checkpoint { digest: Digest([3; 32]), inputs: u64::MAX }));
    records.extend([EndReason::Finished, EndReason::Stopped, EndReason::Failed].map(end));
    let newer = newer_records();
    let has = |kind: &RecordKind| records.iter().chain(&newer).any(|record| record.kind() == *kind);
    assert!(RecordKind::ALL.iter().all(has));
    records
}

/// Records that have been added to schema 1 since its golden file was written.
pub(crate) fn newer_records() -> Vec<Record> {
    let parts = [CarryPart::Whole, CarryPart::Begin, CarryPart::Change, CarryPart::Complete];
    let piece = |part| Record::Carry(CarryPiece { part, text: "{\"version\":1}".to_owned() });
    let (who, why) = ("operator by token".to_owned(), "going to bed".to_owned());
    let note = Record::Operator(OperatorNote { who, command: "pause".to_owned(), why });
    parts.map(piece).into_iter().chain([note]).collect()
}

/// The time of the record at this position.
pub(crate) fn at(position: usize) -> Ts {
    Ts::from_millis(1_767_323_045_000 + i64::try_from(position).unwrap() * 250)
}
