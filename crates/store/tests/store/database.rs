//! The read model: exact, written once however often it is told, read beside the writer.

use crate::common::databases::{
    batch, contents, decision, minute, money, on_both, planned_decision, run_header, update, writer,
};
use crate::common::{fill, instruments, ts};
use seawall_model::{
    Gate, Instrument, InstrumentId, OrderState, Outcome, PriceUnits, ShadowEnd, Span, Timeframe, Ts,
};
use seawall_store::StoreError;
use seawall_store::db::{Batch, Database, EquityPoint, Filter, Reader};
use seawall_store::journal::{Digest, End, EndReason};

#[test]
fn what_is_recorded_is_read_back_exactly() {
    on_both("exact", |place| {
        writer(place, 7).record_batch(&batch()).unwrap();
        let reader = Reader::open(place).unwrap();
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
        assert_eq!(
            (alerts[0].kind.as_str(), alerts[1].instrument.as_deref()),
            ("position_unprotected", None)
        );
        assert_eq!(reader.equity(&all).unwrap()[1].equity, money("10002.0405"));
    });
}

#[test]
fn decisions_are_found_by_instrument_and_instant() {
    on_both("decisions", |place| {
        writer(place, 7).record_batch(&batch()).unwrap();
        let reader = Reader::open(place).unwrap();
        let name = "kraken-futures:BTC/USD:USD";
        let last = reader.last_decision(name, None).unwrap().unwrap();
        assert_eq!((last.at, last.gates[1].measured), (minute(7), 18.2));
        let infinite = reader.last_decision(name, Some(minute(6))).unwrap().unwrap();
        assert_eq!((infinite.at, infinite.gates[1].measured), (minute(6), f64::INFINITY));
        let then = reader.last_decision(name, Some(minute(5).plus(Span::from_secs(30)))).unwrap().unwrap();
        assert_eq!((then.at, then.outcome), (minute(5), Outcome::Refused(Gate::Adx)));
        assert_eq!(then.gates, decision(minute(5), 18.2).gates);
        assert_eq!(reader.last_decision(name, Some(minute(0))).unwrap(), None);
        assert_eq!(reader.last_decision("ETH/USDT", None).unwrap(), None);
        let newest = Filter { limit: 2, ..Filter::default() };
        let times: Vec<_> = reader.decisions(&newest).unwrap().iter().map(|row| row.at).collect();
        assert_eq!(times, [minute(6), minute(7)], "the newest, oldest first");
        assert_eq!(reader.decisions(&Filter { run: Some(8), ..Filter::default() }).unwrap(), []);
    });
}

#[test]
fn scores_plans_and_what_refused_plans_would_have_made_are_read_back() {
    on_both("explanations", |place| {
        let mut writer = writer(place, 7);
        writer.record_batch(&batch()).unwrap();
        let repeated = Batch { decisions: vec![planned_decision(minute(9))], ..Batch::default() };
        writer.record_batch(&repeated).unwrap();
        let late = Batch { decisions: vec![planned_decision(minute(30))], ..Batch::default() };
        writer.record_batch(&late).unwrap();
        let reader = Reader::open(place).unwrap();
        let name = "kraken-futures:BTC/USD:USD";
        let row = reader.last_decision(name, Some(minute(7))).unwrap().unwrap();
        assert_eq!(row.score, planned_decision(minute(7)).score);
        assert_eq!(row.regime.as_deref(), Some("tight_smc"));
        let plan = row.planned.unwrap();
        let texts = [plan.entry, plan.stop, plan.target].map(|price| price.to_string());
        assert_eq!((plan.side.name(), texts), ("short", ["23300", "23500.5", "23000"].map(str::to_owned)));
        let outcome = reader.shadow_of(&row).unwrap().unwrap();
        assert_eq!((outcome.outcome, outcome.r, outcome.bars), (ShadowEnd::Target, Some(1.4), 23));
        assert_eq!((outcome.refused_by, outcome.refusals, outcome.planned), (Gate::Adx, 3, plan));
        // The same plan refused while the first one was followed has the same outcome; one refused after its
        // end has none yet, and a decision without a plan never has one.
        let of = |at| reader.shadow_of(&reader.last_decision(name, Some(at)).unwrap().unwrap()).unwrap();
        assert_eq!(of(minute(9)), Some(outcome));
        assert_eq!(of(minute(30)), None);
        assert_eq!(of(minute(5)), None);
    });
}

#[test]
fn decisions_are_counted_by_instrument_and_outcome() {
    on_both("counts", |place| {
        writer(place, 7).record_batch(&batch()).unwrap();
        let reader = Reader::open(place).unwrap();
        let count = |filter: &Filter<'_>| -> Vec<_> {
            let counts = reader.decision_counts(filter).unwrap();
            counts.into_iter().map(|row| (row.outcome, row.count, row.planned, row.last)).collect()
        };
        let adx = Outcome::Refused(Gate::Adx);
        assert_eq!(count(&Filter::default()), [(Outcome::Entered, 2, 0, minute(6)), (adx, 2, 1, minute(7))]);
        let since = Filter { since: Some(minute(6)), until: Some(minute(6)), ..Filter::default() };
        assert_eq!(count(&since), [(Outcome::Entered, 1, 0, minute(6))]);
        assert_eq!(count(&Filter { instrument: Some("ETH/USDT"), ..Filter::default() }), []);
        assert_eq!(count(&Filter { run: Some(8), ..Filter::default() }), []);
        let of_run = Filter { run: Some(7), ..since };
        assert_eq!(count(&of_run), [(Outcome::Entered, 1, 0, minute(6))]);
        let hours = |reader: &Reader| reader.decision_hours(Ts::EPOCH).unwrap();
        let hour = Timeframe::H1.floor(minute(7));
        assert_eq!(hours(&reader), [(hour, 1)]);
        // Two runs on one instrument are counted together where no run is named.
        writer(place, 8).record_batch(&batch()).unwrap();
        assert_eq!(count(&Filter::default()), [(Outcome::Entered, 4, 0, minute(6)), (adx, 4, 2, minute(7))]);
        let of_run = Reader::of_run(place, 7).unwrap();
        assert_eq!(of_run.decision_counts(&Filter::default()).unwrap().len(), 2);
        assert_eq!((hours(&of_run), hours(&reader)), (vec![(hour, 1)], vec![(hour, 2)]));
        assert_eq!(of_run.decision_hours(hour.plus(Span::from_secs(3_600))).unwrap(), []);
        // What is written again, or late, is told: whoever has counted counts again.
        writer(place, 7).record_batch(&batch()).unwrap();
        assert_eq!(hours(&of_run), [(hour, 2)]);
        let late = decision(minute(7).minus(Span::from_secs(7_200)), 18.2);
        writer(place, 7).record_batch(&Batch { decisions: vec![late], ..Batch::default() }).unwrap();
        assert_eq!(hours(&of_run), [(hour.minus(Span::from_secs(7_200)), 1), (hour, 2)]);
    });
}

#[test]
fn telling_it_again_changes_nothing() {
    on_both("again", |place| {
        let mut first = writer(place, 7);
        first.record_batch(&batch()).unwrap();
        let before = contents(place);
        first.record_batch(&batch()).unwrap();
        drop(first);
        let mut restarted = writer(place, 7);
        restarted.record_batch(&batch()).unwrap();
        let mut early = Batch::default();
        early.orders.push(update(minute(2), OrderState::Intended, 0));
        restarted.record_batch(&early).unwrap();
        assert_eq!(contents(place), before, "an early change does not turn a later state back");
    });
}

#[test]
fn a_fill_id_with_another_content_is_an_error_and_nothing_of_its_batch_stays() {
    on_both("conflict", |place| {
        let mut writer = writer(place, 7);
        writer.record_batch(&batch()).unwrap();
        let before = contents(place);
        let mut conflicting = Batch::default();
        let mut other = fill(1);
        other.price = PriceUnits::new(2_329_700);
        conflicting.fills.extend([fill(3), other]);
        conflicting.equity.push(EquityPoint { at: minute(20), equity: money("1") });
        let error = writer.record_batch(&conflicting).unwrap_err();
        assert!(matches!(error, StoreError::Conflict { table: "fills", .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("price is `23296.5`, now `23297`") && text.contains("1 of kraken"), "{text}");
        assert_eq!(contents(place), before);
        let mut elsewhere = fill(1);
        elsewhere.instrument = InstrumentId(1);
        elsewhere.order = None;
        writer.record_batch(&Batch { fills: vec![elsewhere], ..Batch::default() }).unwrap();
    });
}

#[test]
fn an_unknown_instrument_and_a_changed_table_are_refused() {
    on_both("instruments", |place| {
        let mut known = writer(place, 7);
        let mut foreign = fill(1);
        foreign.instrument = InstrumentId(2);
        let error = known.record_batch(&Batch { fills: vec![foreign], ..Batch::default() }).unwrap_err();
        assert!(matches!(error, StoreError::UnknownInstrument { number: 2, count: 2 }));
        drop(known);
        let database = Database::open(place).unwrap();
        let swapped: Vec<_> = instruments()
            .iter()
            .rev()
            .zip(0..)
            .map(|(known, id)| Instrument::new(InstrumentId(id), known.spec().clone(), 2).unwrap())
            .collect();
        let error = database.writer(7, &run_header(), &swapped).unwrap_err();
        assert!(matches!(error, StoreError::Conflict { table: "instruments", .. }), "{error}");
        database.writer(8, &run_header(), &swapped).unwrap();
    });
}

#[test]
fn a_run_has_a_beginning_and_an_end() {
    on_both("runs", |place| {
        let mut first = writer(place, 7);
        let end = End {
            fingerprint: Digest([1; 32]),
            digest: Digest([2; 32]),
            reason: EndReason::Stopped,
            detail: String::new(),
        };
        first.end(minute(30), &end).unwrap();
        drop(first);
        let runs = Reader::open(place).unwrap().runs(&Filter::default()).unwrap();
        assert_eq!((runs[0].mode.as_str(), runs[0].seed.as_str()), ("paper", "42"));
        assert_eq!((runs[0].ended_at, runs[0].end_reason.as_deref()), (Some(minute(30)), Some("stopped")));
        assert_eq!(runs[0].fingerprint.as_deref(), Some("01".repeat(32).as_str()));
        drop(writer(place, 7));
        let runs = Reader::open(place).unwrap().runs(&Filter::default()).unwrap();
        assert_eq!((runs.len(), runs[0].ended_at), (1, None), "it goes on");
    });
}

#[test]
fn readers_see_whole_batches_while_the_writer_writes() {
    on_both("beside", |place| {
        let mut writer = writer(place, 7);
        let reader = Reader::open(place).unwrap();
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
    });
}
