//! The read model: exact, written once however often it is told, read beside the writer, made anew at once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::path::{Path, PathBuf};

use common::{fill, header, instruments, kinds, order, ts};
use seawall_model::{
    Alert, AlertKind, Decision, Exit, ExitReason, Gate, InstrumentId, Money, OrderRole, OrderState,
    OrderUpdate, Outcome, PositionSide, PriceUnits, QtyUnits, Setup, Severity, Side, Span, Trade, Ts,
};
use seawall_store::StoreError;
use seawall_store::db::{Batch, Database, EquityPoint, Filter, PositionState, Reader, Writer};
use seawall_store::journal::{Digest, End, EndReason, Header, Record, RunMode};

/// A directory of its own for each test, gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("seawall-db-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    fn path(&self) -> PathBuf {
        self.0.join("seawall.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn run_header() -> Header {
    match header(RunMode::Paper) {
        Record::Header(header) => header,
        Record::Input(_) | Record::Dispatch(_) | Record::Checkpoint(_) | Record::End(_) => unreachable!(),
    }
}

fn writer(path: &Path, run: u32) -> Writer {
    Database::open(path).unwrap().writer(run, &run_header(), &instruments()).unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn minute(number: i64) -> Ts {
    Ts::from_millis(1_767_323_040_000 + number * 60_000)
}

fn update(at: Ts, state: OrderState, filled: i64) -> OrderUpdate {
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

fn trade() -> Trade {
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

fn decision(at: Ts, adx: f64) -> Decision {
    let mut decision = Decision::empty();
    decision.reset(InstrumentId(0), at, PriceUnits::new(2_329_600));
    decision.setup = Some(Setup::OrderBlock);
    decision.ask(Gate::WarmUp, true, 200.0, 200.0);
    decision.ask(Gate::Adx, adx >= 25.0, adx, 25.0);
    if adx >= 25.0 {
        decision.outcome = Outcome::Entered;
    }
    decision
}

fn batch() -> Batch {
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
        ],
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
fn contents(path: &Path) -> String {
    let reader = Reader::open(path).unwrap();
    let all = Filter::default();
    let parts = [
        format!("{:#?}", reader.orders(&all).unwrap()),
        format!("{:#?}", reader.order_events(&order(2).id.to_string()).unwrap()),
        format!("{:#?}", reader.fills(&all).unwrap()),
        format!("{:#?}", reader.trades(&all).unwrap()),
        format!("{:#?}", reader.decisions(&all).unwrap()),
        format!("{:#?}", reader.equity(&all).unwrap()),
        format!("{:#?}", reader.alerts(&all).unwrap()),
        format!("{:#?}", reader.positions(&all).unwrap()),
        format!("{:#?}", reader.runs(&all).unwrap()),
    ];
    parts.join("\n")
}

#[test]
fn what_is_recorded_is_read_back_exactly() {
    let scratch = Scratch::new("exact");
    writer(&scratch.path(), 7).record_batch(&batch()).unwrap();
    let reader = Reader::open(&scratch.path()).unwrap();
    let all = Filter::default();

    let orders = reader.orders(&all).unwrap();
    assert_eq!(orders.len(), 1);
    let row = &orders[0];
    assert_eq!((row.instrument.as_str(), row.state.as_str()), ("kraken-futures:BTC/USD:USD", "filled"));
    assert_eq!((row.role.as_str(), row.target, row.kind.as_str()), ("target", Some(2), "stop_limit"));
    assert_eq!((row.qty.to_string(), row.filled.to_string()), ("0.003".to_owned(), "0.003".to_owned()));
    assert_eq!(row.limit_price.unwrap().to_string(), "22800");
    assert_eq!(row.trigger_price.unwrap().to_string(), "22900.5");
    assert_eq!((row.created_at, row.updated_at), (minute(2), minute(9)));
    assert!(row.reduce_only);
    let events = reader.order_events(&row.client_order_id).unwrap();
    let states: Vec<_> = events.iter().map(|event| event.state.as_str()).collect();
    assert_eq!(states, ["intended", "open", "open", "filled"]);

    let fills = reader.fills(&all).unwrap();
    assert_eq!((fills.len(), fills[0].fee), (2, money("0.03494475")));
    assert_eq!(fills[0].venue_time, ts("2026-01-02T03:04:05.000000006Z"));
    assert_eq!(fills[0].client_order_id.as_deref(), Some("sw00000070000002"));

    let trades = reader.trades(&all).unwrap();
    assert_eq!(trades[0].pnl, money("2.0405"));
    assert_eq!(trades[0].funding, money("-0.0000000000000000000000000001"));
    assert_eq!((trades[0].exits.len(), trades[0].exits[0].reason.as_str()), (1, "take_profit_1"));
    assert_eq!(trades[0].exits[0].price.to_string(), "24000");
    assert_eq!((trades[0].regime.as_str(), trades[0].naked), ("tight_smc", Span::from_millis(12)));

    let position = &reader.positions(&all).unwrap()[0];
    assert_eq!((position.qty.to_string().as_str(), position.proven_at), ("-0.003", Some(minute(3))));
    let alerts = reader.alerts(&all).unwrap();
    assert_eq!((alerts[0].kind.as_str(), alerts[1].instrument.as_deref()), ("position_unprotected", None));
    assert_eq!(reader.equity(&all).unwrap()[1].equity, money("10002.0405"));
}

#[test]
fn decisions_are_found_by_instrument_and_instant() {
    let scratch = Scratch::new("decisions");
    writer(&scratch.path(), 7).record_batch(&batch()).unwrap();
    let reader = Reader::open(&scratch.path()).unwrap();
    let name = "kraken-futures:BTC/USD:USD";
    let last = reader.last_decision(name, None).unwrap().unwrap();
    assert_eq!((last.at, last.gates[1].measured), (minute(6), f64::INFINITY));
    let then = reader.last_decision(name, Some(minute(5).plus(Span::from_secs(30)))).unwrap().unwrap();
    assert_eq!((then.at, then.outcome), (minute(5), Outcome::Refused(Gate::Adx)));
    assert_eq!(then.gates, decision(minute(5), 18.2).gates);
    assert_eq!(reader.last_decision(name, Some(minute(0))).unwrap(), None);
    assert_eq!(reader.last_decision("ETH/USDT", None).unwrap(), None);
    let newest = Filter { limit: 2, ..Filter::default() };
    let times: Vec<_> = reader.decisions(&newest).unwrap().iter().map(|row| row.at).collect();
    assert_eq!(times, [minute(5), minute(6)], "the newest, oldest first");
    assert_eq!(reader.decisions(&Filter { run: Some(8), ..Filter::default() }).unwrap(), []);
}

#[test]
fn telling_it_again_changes_nothing() {
    let scratch = Scratch::new("again");
    let mut first = writer(&scratch.path(), 7);
    first.record_batch(&batch()).unwrap();
    let before = contents(&scratch.path());
    first.record_batch(&batch()).unwrap();
    drop(first);
    let mut restarted = writer(&scratch.path(), 7);
    restarted.record_batch(&batch()).unwrap();
    let mut early = Batch::default();
    early.orders.push(update(minute(2), OrderState::Intended, 0));
    restarted.record_batch(&early).unwrap();
    assert_eq!(contents(&scratch.path()), before, "an early change does not turn a later state back");
}

#[test]
fn a_fill_id_with_another_content_is_an_error_and_nothing_of_its_batch_stays() {
    let scratch = Scratch::new("conflict");
    let mut writer = writer(&scratch.path(), 7);
    writer.record_batch(&batch()).unwrap();
    let before = contents(&scratch.path());
    let mut conflicting = Batch::default();
    let mut other = fill(1);
    other.price = PriceUnits::new(2_329_700);
    conflicting.fills.extend([fill(3), other]);
    conflicting.equity.push(EquityPoint { at: minute(20), equity: money("1") });
    let error = writer.record_batch(&conflicting).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { table: "fills", .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("price is `23296.5`, now `23297`") && text.contains("1 of kraken"), "{text}");
    assert_eq!(contents(&scratch.path()), before);
    let mut elsewhere = fill(1);
    elsewhere.instrument = InstrumentId(1);
    elsewhere.order = None;
    writer.record_batch(&Batch { fills: vec![elsewhere], ..Batch::default() }).unwrap();
}

#[test]
fn an_unknown_instrument_and_a_changed_table_are_refused() {
    let scratch = Scratch::new("instruments");
    let mut known = writer(&scratch.path(), 7);
    let mut foreign = fill(1);
    foreign.instrument = InstrumentId(2);
    let error = known.record_batch(&Batch { fills: vec![foreign], ..Batch::default() }).unwrap_err();
    assert!(matches!(error, StoreError::UnknownInstrument { number: 2, count: 2 }));
    let database = Database::open(&scratch.path()).unwrap();
    let swapped: Vec<_> = instruments()
        .iter()
        .rev()
        .zip(0..)
        .map(|(known, id)| seawall_model::Instrument::new(InstrumentId(id), known.spec().clone(), 2).unwrap())
        .collect();
    let error = database.writer(7, &run_header(), &swapped).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { table: "instruments", .. }), "{error}");
    database.writer(8, &run_header(), &swapped).unwrap();
}

#[test]
fn a_run_has_a_beginning_and_an_end() {
    let scratch = Scratch::new("runs");
    let mut first = writer(&scratch.path(), 7);
    let end = End {
        fingerprint: Digest([1; 32]),
        digest: Digest([2; 32]),
        reason: EndReason::Stopped,
        detail: String::new(),
    };
    first.end(minute(30), &end).unwrap();
    let runs = Reader::open(&scratch.path()).unwrap().runs(&Filter::default()).unwrap();
    assert_eq!((runs[0].mode.as_str(), runs[0].seed.as_str()), ("paper", "42"));
    assert_eq!((runs[0].ended_at, runs[0].end_reason.as_deref()), (Some(minute(30)), Some("stopped")));
    assert_eq!(runs[0].fingerprint.as_deref(), Some("01".repeat(32).as_str()));
    drop(writer(&scratch.path(), 7));
    let runs = Reader::open(&scratch.path()).unwrap().runs(&Filter::default()).unwrap();
    assert_eq!((runs.len(), runs[0].ended_at), (1, None), "it goes on");
}

#[test]
fn readers_see_whole_batches_while_the_writer_writes() {
    let scratch = Scratch::new("beside");
    let path = scratch.path();
    let mut writer = writer(&path, 7);
    let reader = Reader::open(&path).unwrap();
    let writing = std::thread::spawn(move || {
        for number in 0..200 {
            let points =
                (0..10).map(|part| EquityPoint { at: minute(number * 10 + part), equity: money("1") });
            writer.record_batch(&Batch { equity: points.collect(), ..Batch::default() }).unwrap();
        }
    });
    let all = Filter { limit: 10_000, ..Filter::default() };
    let mut seen = 0;
    while seen < 2_000 {
        let now = reader.equity(&all).unwrap().len();
        assert!(now >= seen && now.is_multiple_of(10), "{now}");
        seen = now;
    }
    writing.join().unwrap();
}

#[test]
fn what_is_no_database_of_ours_is_named_and_left_alone() {
    let scratch = Scratch::new("foreign");
    let path = scratch.path();
    assert!(matches!(Reader::open(&path), Err(StoreError::Database { .. })), "readers make no database");
    assert!(!path.exists());
    std::fs::write(&path, "open,high,low,close\n".repeat(100)).unwrap();
    let text = Database::open(&path).unwrap_err().to_string();
    assert!(text.contains("is not a database of seawall (not an SQLite file)"), "{text}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("open,high"));
}

fn rebuild(path: &Path, rows: &Batch) -> Database {
    let rebuild = Database::recreate(path).unwrap();
    let mut writer = rebuild.database().writer(7, &run_header(), &instruments()).unwrap();
    writer.record_batch(rows).unwrap();
    drop(writer);
    rebuild.finish().unwrap()
}

#[test]
fn a_rebuilt_database_takes_the_place_of_the_old_one() {
    let scratch = Scratch::new("rebuild");
    let path = scratch.path();
    rebuild(&path, &batch());
    let whole = contents(&path);
    let mut old = writer(&path, 7);
    old.record_batch(&Batch { fills: vec![fill(77)], ..Batch::default() }).unwrap();
    assert_ne!(contents(&path), whole);

    let unfinished = Database::recreate(&path).unwrap();
    drop(unfinished);
    assert!(contents(&path).contains("77"), "until it is finished, the old one is there");

    let stale_reader = Reader::open(&path).unwrap();
    drop(old);
    rebuild(&path, &batch());
    assert_eq!(contents(&path), whole, "nothing of the old one is left, not even in a log");
    assert_eq!(stale_reader.fills(&Filter::default()).unwrap().len(), 3);
    let names: Vec<_> = std::fs::read_dir(&scratch.0)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("rebuild"))
        .collect();
    assert_eq!(names, Vec::<String>::new());

    std::fs::write(&path, "spoilt").unwrap();
    rebuild(&path, &batch());
    assert_eq!(contents(&path), whole);
}

#[test]
fn a_rebuild_that_is_still_written_to_is_not_finished() {
    let scratch = Scratch::new("busy");
    let rebuild = Database::recreate(&scratch.path()).unwrap();
    let writer = rebuild.database().writer(7, &run_header(), &instruments()).unwrap();
    let error = rebuild.finish().unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error}");
    assert!(!scratch.path().exists());
    drop(writer);
}
