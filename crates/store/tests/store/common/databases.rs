//! Databases on the real disk and rows to put into them.

use std::path::PathBuf;

use seawall_model::{
    Alert, AlertKind, Decision, Exit, ExitReason, Gate, InstrumentId, Money, OrderRole, OrderState,
    OrderUpdate, Outcome, PlannedPrices, PositionSide, PriceUnits, QtyUnits, Regime, ScorePart, ScorePoints,
    Setup, Severity, ShadowEnd, ShadowOutcome, Side, Span, Trade, Ts,
};
use seawall_store::db::{Batch, Database, EquityPoint, Filter, Place, PositionState, Reader, Writer};
use seawall_store::journal::{Header, Record, RunMode};

use super::{fill, header, instruments, kinds, order};

/// A directory of its own for each test, gone at the end.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("seawall-db-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.join("seawall.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a test on both databases: a new file, and a new schema of a server where there is one.
pub(crate) fn on_both(name: &str, test: impl Fn(&Place)) {
    let scratch = Scratch::new(name);
    test(&Place::from(&scratch.path()));
    #[cfg(feature = "postgres")]
    if let Some(url) = super::server::database(name) {
        let url = seawall_store::db::DatabaseUrl::parse(&url).unwrap();
        let folder = scratch.0.join("on-server");
        std::fs::create_dir(&folder).unwrap();
        test(&Place::for_run(&folder, "test", Some(&url)).unwrap());
    }
}

pub(crate) fn run_header() -> Header {
    match header(RunMode::Paper) {
        Record::Header(header) => header,
        Record::Input(_)
        | Record::Dispatch(_)
        | Record::Checkpoint(_)
        | Record::End(_)
        | Record::Carry(_)
        | Record::Operator(_) => unreachable!(),
    }
}

pub(crate) fn writer(place: &Place, run: u32) -> Writer {
    Database::open(place).unwrap().writer(run, &run_header(), &instruments()).unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(crate) fn minute(number: i64) -> Ts {
    Ts::from_millis(1_767_323_040_000 + number * 60_000)
}

pub(crate) fn update(at: Ts, state: OrderState, filled: i64) -> OrderUpdate {
    OrderUpdate {
        at,
        order: order(2),
        role: OrderRole::Target(2),
        side: Side::Sell,
        qty: QtyUnits::new(30),
        filled: QtyUnits::new(filled),
        kind: kinds()[5],
        reduce_only: true,
        state,
    }
}

pub(crate) fn trade() -> Trade {
    let exit = Exit {
        at: minute(9),
        price: PriceUnits::new(2_400_000),
        qty: QtyUnits::new(30),
        reason: ExitReason::TakeProfit(1),
    };
    Trade {
        id: 1,
        instrument: InstrumentId(0),
        side: PositionSide::Long,
        setup: Setup::OrderBlock,
        score: Some(72.5),
        decided_at: minute(1),
        entry_at: minute(2),
        entry_value: money("69.8895"),
        entry_qty: QtyUnits::new(30),
        decision_price: PriceUnits::new(2_329_600),
        initial_stop: Some(PriceUnits::new(2_290_050)),
        exits: vec![exit],
        closed_at: Some(minute(9)),
        fees: money("0.07"),
        funding: money("-0.0000000000000000000000000001"),
        pnl: money("2.0405"),
        risk: money("1.188"),
        worst_price: PriceUnits::new(2_300_000),
        best_price: PriceUnits::new(2_400_050),
        naked: Span::from_millis(12),
    }
}

pub(crate) fn decision(at: Ts, adx: f64) -> Decision {
    let mut decision = Decision::empty();
    decision.reset(InstrumentId(0), at, PriceUnits::new(2_329_600));
    decision.setup = Some(Setup::OrderBlock);
    decision.regime = Some(Regime::TightSmc);
    decision.ask(Gate::WarmUp, true, 200.0, 200.0);
    decision.ask(Gate::Adx, adx >= 25.0, adx, 25.0);
    if adx >= 25.0 {
        decision.outcome = Outcome::Entered;
    }
    decision
}

pub(crate) const PLAN: PlannedPrices = PlannedPrices {
    side: PositionSide::Short,
    entry: PriceUnits::new(2_330_000),
    stop: PriceUnits::new(2_350_050),
    target: PriceUnits::new(2_300_000),
};

/// A refused decision with a score and a plan.
pub(crate) fn planned_decision(at: Ts) -> Decision {
    let mut decision = decision(at, 18.2);
    decision.score = vec![
        ScorePoints { part: ScorePart::Fibonacci, points: 12.5, most: 20.0 },
        ScorePoints { part: ScorePart::Weekly, points: -18.0, most: 0.25 },
    ];
    decision.planned = Some(PLAN);
    decision
}

/// What became of the plan of [`planned_decision`] at the seventh minute.
pub(crate) fn shadow() -> ShadowOutcome {
    ShadowOutcome {
        instrument: InstrumentId(0),
        decided_at: minute(7),
        gate: Gate::Adx,
        setup: Some(Setup::OrderBlock),
        planned: PLAN,
        refusals: 3,
        end: ShadowEnd::Target,
        ended_at: minute(30),
        r: Some(1.4),
        bars: 23,
    }
}

pub(crate) fn batch() -> Batch {
    let alert = |instrument| Alert {
        at: minute(3),
        severity: Severity::Critical,
        kind: AlertKind::PositionUnprotected,
        instrument,
        detail: "naked for 3 s".to_owned(),
    };
    Batch {
        orders: vec![
            update(minute(2), OrderState::Intended, 0),
            update(minute(2), OrderState::Open, 0),
            update(minute(4), OrderState::Open, 10),
            update(minute(9), OrderState::Filled, 30),
        ],
        fills: vec![fill(1), fill(2)],
        trades: vec![trade()],
        decisions: vec![
            decision(minute(1), 31.25),
            decision(minute(5), 18.2),
            decision(minute(6), f64::INFINITY),
            planned_decision(minute(7)),
        ],
        shadows: vec![shadow()],
        equity: vec![
            EquityPoint { at: minute(1), equity: money("10000") },
            EquityPoint { at: minute(9), equity: money("10002.0405") },
        ],
        alerts: vec![alert(Some(InstrumentId(0))), alert(None)],
        positions: vec![PositionState {
            at: minute(4),
            instrument: InstrumentId(0),
            qty: QtyUnits::new(-30),
            stop: Some(PriceUnits::new(2_290_050)),
            protected: true,
            escalating: false,
            proven_at: Some(minute(3)),
            unrealised: money("-0.5"),
        }],
    }
}

/// Everything that readers see, as text.
pub(crate) fn contents(place: &Place) -> String {
    let reader = Reader::open(place).unwrap();
    let all = Filter::default();
    let parts = [
        format!("{:#?}", reader.orders(&all).unwrap()),
        format!("{:#?}", reader.order_events(&order(2).id.to_string()).unwrap()),
        format!("{:#?}", reader.fills(&all).unwrap()),
        format!("{:#?}", reader.trades(&all).unwrap()),
        format!("{:#?}", reader.decisions(&all).unwrap()),
        format!("{:#?}", reader.shadows(&all).unwrap()),
        format!("{:#?}", reader.equity(&all).unwrap()),
        format!("{:#?}", reader.alerts(&all).unwrap()),
        format!("{:#?}", reader.positions(&all).unwrap()),
        format!("{:#?}", reader.runs(&all).unwrap()),
    ];
    parts.join("\n")
}
