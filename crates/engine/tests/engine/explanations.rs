//! Every instrument can say why: first records, stale ones, and what refused plans would have made.

use crate::common::script::{Scripted, plan, target};
use crate::common::{T0, lossless, price, setup};
use seawall_engine::{DecisionSettings, Effects, Engine, Job};
use seawall_model::{
    Alert, AlertKind, Candle, Decision, Gate, Input, InstrumentId, Ohlc, Outcome, PositionSide, ShadowEnd,
    ShadowOutcome, Span, Timeframe, Ts,
};
use seawall_strategy::{Direction, Entry, EntryPlan, Evaluation, Level, Strategy};

const BTC: InstrumentId = InstrumentId(0);
const ETH: InstrumentId = InstrumentId(1);

/// Two instruments under scripts, never reconciled: every plan is refused by the phase.
struct Desk {
    engine: Engine,
    effects: Effects,
    scripts: Vec<Scripted>,
    open_time: Ts,
    decisions: Vec<Decision>,
    shadows: Vec<ShadowOutcome>,
    alerts: Vec<Alert>,
}

impl Desk {
    fn with(decisions: DecisionSettings) -> Self {
        let scripts = vec![Scripted::default(), Scripted::default()];
        let boxed = scripts.iter().map(|script| Box::new(script.clone()) as Box<dyn Strategy>).collect();
        let mut setup = seawall_engine::Setup { decisions, cost_bps: 20.0, ..setup(2, lossless()) };
        setup.trade.multi_tp.enabled = false;
        let mut desk = Desk {
            engine: Engine::with_strategies(setup, boxed).unwrap(),
            effects: Effects::new(),
            scripts,
            open_time: Timeframe::M1.floor(T0),
            decisions: Vec::new(),
            shadows: Vec::new(),
            alerts: Vec::new(),
        };
        desk.step(T0, &Input::Started);
        desk
    }

    fn new() -> Self {
        Desk::with(DecisionSettings::default())
    }

    fn step(&mut self, at: Ts, input: &Input) {
        self.engine.step(at, input, &mut self.effects);
        self.decisions.extend_from_slice(self.effects.decisions());
        self.shadows.extend_from_slice(&self.effects.shadows);
        self.alerts.extend_from_slice(&self.effects.alerts);
    }

    fn pass_until(&mut self, until: Ts) {
        while let Some(wake) = self.engine.next_wakeup().filter(|wake| *wake <= until) {
            self.step(wake, &Input::Wakeup);
        }
    }

    /// The next minute of BTC: open, high, low, close.
    fn bar(&mut self, [open, high, low, close]: [i64; 4]) {
        let prices = Ohlc { open: price(open), high: price(high), low: price(low), close: price(close) };
        let candle = Candle::new(Timeframe::M1, self.open_time, prices, 1.0).unwrap();
        self.open_time = candle.known_at;
        self.pass_until(candle.known_at);
        self.step(candle.known_at, &Input::Candle { instrument: BTC, timeframe: Timeframe::M1, candle });
    }

    /// A minute at one price on whose close the strategy wants to buy at 100.00, with the stop at 98.00 and
    /// the target at 104.00; the phase refuses.
    fn refused(&mut self, close: i64) {
        self.scripts[0].push(Evaluation::Enter(wanted()));
        self.bar([close; 4]);
        // Entries are judged when their instant is over.
        self.pass_until(self.open_time.plus(Span::from_millis(1)));
        assert_eq!(self.decisions.last().unwrap().outcome, Outcome::Refused(Gate::Phase));
    }

    fn quiet_bars(&mut self, close: i64, minutes: u32) {
        (0..minutes).for_each(|_| self.bar([close; 4]));
    }
}

fn wanted() -> EntryPlan {
    EntryPlan {
        entry: Entry::Limit { price: price(10_000), expires_after: Span::from_secs(3_600) },
        stop: Some(Level::Price(price(9_800))),
        targets: [target(400, 100)].into_iter().collect(),
        ..plan(Direction::Long)
    }
}

fn set(change: impl FnOnce(&mut DecisionSettings)) -> DecisionSettings {
    let mut settings = DecisionSettings::default();
    change(&mut settings);
    settings
}

#[test]
fn after_the_start_each_instrument_has_its_first_record_without_a_candle() {
    let mut desk = Desk::new();
    let first: Vec<_> = desk.decisions.iter().map(|one| (one.instrument, one.at, one.outcome)).collect();
    assert_eq!(
        first,
        [(BTC, T0, Outcome::Refused(Gate::StartUp)), (ETH, T0, Outcome::Refused(Gate::StartUp))]
    );
    // A restart adds none where one is there: the last reason stands.
    desk.bar([10_000; 4]);
    desk.decisions.clear();
    desk.step(T0.plus(Span::from_secs(100)), &Input::Started);
    assert_eq!(desk.decisions, []);
}

#[test]
fn i_13_every_scheduled_job_is_on_the_list_and_due_from_the_start_on() {
    let engine = Engine::with_strategies(
        setup(1, lossless()),
        vec![Box::new(Scripted::default()) as Box<dyn Strategy>],
    );
    assert!(Job::ALL.iter().all(|job| engine.as_ref().unwrap().scheduled(*job).is_none()));
    let desk = Desk::new();
    for job in Job::ALL {
        let due = desk.engine.scheduled(job).unwrap();
        assert!(due > T0 && due <= T0.plus(Span::from_secs(24 * 3_600)), "{job:?} at {due}");
        assert!(desk.engine.next_wakeup().unwrap() <= due, "{job:?}: nobody wakes the engine for it");
    }
}

fn stale(desk: &Desk) -> Vec<(InstrumentId, Ts)> {
    let told: Vec<_> = desk.alerts.iter().filter(|alert| alert.kind == AlertKind::RecordStale).collect();
    let of_stale = |one: &&Decision| one.outcome == Outcome::Refused(Gate::Stale);
    let records: Vec<_> =
        desk.decisions.iter().filter(of_stale).map(|one| (one.instrument, one.at)).collect();
    let alerts: Vec<_> = told.iter().map(|alert| (alert.instrument.unwrap(), alert.at)).collect();
    assert_eq!(records, alerts, "an alert and a record go together");
    records
}

#[test]
fn i_13_an_instrument_whose_records_went_stale_is_found_told_once_and_recovers() {
    let mut desk = Desk::new();
    desk.quiet_bars(10_000, 90);
    let hour = |hours: i64| T0.plus(Span::from_secs(hours * 3_600));
    // ETH had its first record and no candle since; BTC decides each minute.
    assert_eq!(stale(&desk), [(ETH, hour(1))]);
    let record = desk.decisions.iter().find(|one| one.outcome == Outcome::Refused(Gate::Stale)).unwrap();
    assert_eq!((record.gates[0].measured, record.gates[0].threshold), (60.0, 6.0));
    let alert = desk.alerts.iter().find(|alert| alert.kind == AlertKind::RecordStale).unwrap();
    assert!(alert.detail.contains("no candle has come"), "{}", alert.detail);
    // Candles of BTC end; it is told at the next look, both only once.
    desk.pass_until(hour(5));
    assert_eq!(stale(&desk), [(ETH, hour(1)), (BTC, hour(2))]);
    // It decides again, ends again, and is told again.
    desk.open_time = Timeframe::M1.floor(hour(5));
    desk.bar([10_000; 4]);
    desk.pass_until(hour(7));
    assert_eq!(stale(&desk), [(ETH, hour(1)), (BTC, hour(2)), (BTC, hour(6))]);
}

/// Effect of `decisions.stale_check_minutes`.
/// Effect of `decisions.stale_after_periods`.
#[test]
fn how_often_stale_records_are_looked_for_and_what_is_stale_are_settings() {
    let first = |settings: DecisionSettings| {
        let mut desk = Desk::with(settings);
        desk.pass_until(T0.plus(Span::from_secs(10 * 3_600)));
        stale(&desk)[0].1.since(T0).millis() / 60_000
    };
    assert_eq!(first(DecisionSettings::default()), 60);
    assert_eq!(first(set(|settings| settings.stale_check_minutes = 10)), 10);
    assert_eq!(
        first(set(|settings| settings.stale_after_periods = 60)),
        120,
        "an hour is not more than 60 min"
    );
}

#[test]
fn a_refused_plan_is_followed_to_its_target_and_costs_what_a_round_trip_costs() {
    let mut desk = Desk::new();
    desk.refused(10_100);
    desk.bar([10_100, 10_110, 10_050, 10_060]);
    desk.bar([10_060, 10_070, 9_990, 10_010]);
    desk.bar([10_010, 10_399, 10_000, 10_390]);
    assert_eq!(desk.shadows, []);
    desk.bar([10_390, 10_400, 10_380, 10_390]);
    let shadow = desk.shadows[0];
    assert_eq!((shadow.instrument, shadow.gate, shadow.end), (BTC, Gate::Phase, ShadowEnd::Target));
    assert_eq!((shadow.bars, shadow.refusals), (4, 1));
    assert_eq!(shadow.planned.side, PositionSide::Long);
    assert_eq!(shadow.ended_at, desk.open_time);
    // Two risks gained; 20 bps of 100.00 are a tenth of the risk of 2.00.
    assert!((shadow.r.unwrap() - 1.9).abs() < 1e-9, "{shadow:?}");
    assert!(shadow.is_win());
    // Nothing is followed any more.
    desk.bar([10_390, 10_400, 9_000, 9_100]);
    assert_eq!(desk.shadows.len(), 1);
}

#[test]
fn the_worse_side_is_assumed_where_a_candle_does_not_tell() {
    let end = |bars: &[[i64; 4]]| {
        let mut desk = Desk::new();
        desk.refused(10_100);
        bars.iter().for_each(|bar| desk.bar(*bar));
        desk.shadows.first().map(|shadow| (shadow.end, (shadow.r.unwrap() * 1e6).round() / 1e6))
    };
    // Entry and stop in one candle; entry, stop and target in one candle.
    assert_eq!(end(&[[10_050, 10_060, 9_790, 9_900]]), Some((ShadowEnd::Stop, -1.1)));
    assert_eq!(end(&[[10_050, 10_500, 9_790, 9_900]]), Some((ShadowEnd::Stop, -1.1)));
    // The target may have come before the entry, unless the candle opened beyond the entry.
    assert_eq!(end(&[[10_050, 10_500, 9_990, 10_010]]), None);
    assert_eq!(end(&[[9_990, 10_500, 9_980, 10_010]]), Some((ShadowEnd::Target, 1.9)));
    // A candle that opens beyond the stop fills there.
    assert_eq!(
        end(&[[10_000, 10_010, 9_990, 10_000], [9_700, 9_750, 9_650, 9_700]]),
        Some((ShadowEnd::Stop, -1.6))
    );
}

#[test]
fn a_plan_refused_again_and_again_is_one_shadow() {
    let mut desk = Desk::new();
    for _ in 0..5 {
        desk.refused(10_100);
    }
    desk.bar([10_100, 10_100, 9_700, 9_700]);
    assert_eq!(desk.shadows.len(), 1);
    assert_eq!((desk.shadows[0].refusals, desk.shadows[0].end), (5, ShadowEnd::Stop));
    assert_eq!(desk.shadows[0].decided_at, desk.decisions[2].at, "the first refusal");
}

#[test]
fn the_number_of_followed_plans_is_bounded() {
    let mut desk = Desk::new();
    for number in 0..20 {
        let stop = Some(Level::Price(price(9_800 - number)));
        desk.scripts[0].push(Evaluation::Enter(EntryPlan { stop, ..wanted() }));
        desk.bar([10_100; 4]);
    }
    desk.bar([10_100, 10_100, 9_000, 9_100]);
    assert_eq!(desk.shadows.len(), seawall_engine::limits::SHADOWS_PER_INSTRUMENT_MAX);
}

#[test]
fn a_plan_without_sense_is_not_followed() {
    let mut desk = Desk::new();
    for stop in [10_000, 10_100] {
        let stop = Some(Level::Price(price(stop)));
        desk.scripts[0].push(Evaluation::Enter(EntryPlan { stop, ..wanted() }));
        desk.bar([10_100; 4]);
    }
    desk.bar([10_100, 11_000, 9_000, 9_100]);
    assert_eq!(desk.shadows, []);
}

/// Effect of `decisions.shadow_outcomes`.
/// Effect of `decisions.shadow_entry_hours_max`.
/// Effect of `decisions.shadow_hours_max`.
#[test]
fn what_is_followed_and_for_how_long_are_settings() {
    let follow = |settings: DecisionSettings, touches: bool| {
        let mut desk = Desk::with(settings);
        desk.refused(10_100);
        if touches {
            desk.bar([10_100, 10_100, 10_000, 10_100]);
        }
        desk.quiet_bars(10_100, 6 * 60);
        desk.shadows.first().map(|shadow| (shadow.end, shadow.bars))
    };
    let short = || {
        set(|settings| {
            settings.shadow_entry_hours_max = 1;
            settings.shadow_hours_max = 2;
        })
    };
    assert_eq!(follow(DecisionSettings::default(), false), Some((ShadowEnd::NeverEntered, 240)));
    assert_eq!(follow(short(), false), Some((ShadowEnd::NeverEntered, 60)));
    assert_eq!(follow(DecisionSettings::default(), true), None, "72 hours are not over");
    assert_eq!(follow(short(), true), Some((ShadowEnd::Time, 120)));
    assert_eq!(follow(set(|settings| settings.shadow_outcomes = false), false), None);
    for broken in [
        set(|settings| settings.shadow_entry_hours_max = 0),
        set(|settings| settings.shadow_hours_max = 24 * 91),
        set(|settings| settings.stale_check_minutes = 0),
        set(|settings| settings.stale_after_periods = 1_001),
    ] {
        assert!(broken.check().unwrap_err().to_string().contains("allowed are 1 to"));
    }
}

#[test]
fn what_is_followed_is_part_of_the_digest() {
    let digest = |closes: &[i64]| {
        let mut desk = Desk::new();
        closes.iter().for_each(|close| desk.refused(*close));
        let mut bytes = Vec::new();
        desk.engine.digest(&mut bytes);
        bytes
    };
    assert_eq!(digest(&[10_100, 10_100]), digest(&[10_100, 10_100]));
    let mut other = Desk::with(set(|settings| settings.shadow_outcomes = false));
    other.refused(10_100);
    other.refused(10_100);
    let mut bytes = Vec::new();
    other.engine.digest(&mut bytes);
    assert_ne!(bytes, digest(&[10_100, 10_100]));
}
