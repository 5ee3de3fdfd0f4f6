//! What risk promises whatever happens: no state that reduces increases exposure, no protective order is
//! refused, day and week begin at their instants. That caps hold under random orders, fills and unknown
//! outcomes is watched by the oracle O5 in every world of `properties.rs`.

use crate::common::bench::{BTC, Bench};
use crate::common::limits::{fixed, number, only};
use crate::common::lossless;
use proptest::prelude::*;
use seawall_engine::RiskSettings;
use seawall_model::{
    AlertKind, Command, FillCause, Gate, Input, InstrumentId, KillReason, OrderRequest, OrderRole, Side,
    SystemMode, Ts, VenueRequest,
};
use seawall_strategy::{Direction, Entry, EntryPlan, Evaluation};

/// What may keep the system from taking risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ReduceOnly,
    ProtectOnly,
    Flatten,
    Killed,
    KilledAndFlattening,
    ShuttingDown,
    Reconciling,
    DayLost,
    WeekLost,
    Drawdown,
    StalePeak,
}

const STATES: [State; 11] = [
    State::ReduceOnly,
    State::ProtectOnly,
    State::Flatten,
    State::Killed,
    State::KilledAndFlattening,
    State::ShuttingDown,
    State::Reconciling,
    State::DayLost,
    State::WeekLost,
    State::Drawdown,
    State::StalePeak,
];

/// Limits for the states that are entered by a loss on the third instrument.
fn limits(state: State) -> RiskSettings {
    only(|risk| match state {
        State::DayLost => risk.daily_loss_max_pct = Some(number("5")),
        State::WeekLost => risk.weekly_loss_max_pct = Some(number("5")),
        State::Drawdown | State::StalePeak => risk.states.drawdown_reduce_only_pct = Some(number("5")),
        State::ReduceOnly
        | State::ProtectOnly
        | State::Flatten
        | State::Killed
        | State::KilledAndFlattening
        | State::ShuttingDown
        | State::Reconciling => {}
    })
}

/// Brings the system there.
fn enter(bench: &mut Bench, state: State) {
    let kill = |flatten| Command::Kill { reason: KillReason::Manual, flatten };
    match state {
        State::ReduceOnly => bench.command(Command::SetMode(SystemMode::ReduceOnly)),
        State::ProtectOnly => bench.command(Command::SetMode(SystemMode::ProtectOnly)),
        State::Flatten => bench.command(Command::SetMode(SystemMode::Flatten)),
        State::Killed => bench.command(kill(false)),
        State::KilledAndFlattening => bench.command(kill(true)),
        State::ShuttingDown => bench.command(Command::Shutdown),
        State::Reconciling => bench.input(Input::Started),
        State::DayLost | State::WeekLost | State::Drawdown => loses(bench, 9_200),
        State::StalePeak => loses(bench, 2_000),
    }
}

/// Somebody else's position of 100 contracts falls to `price`.
fn loses(bench: &mut Bench, price: i64) {
    bench.foreign_fill_of(2, Side::Buy, 100_000, 10_000, FillCause::Order);
    bench.pass_ms(1);
    bench.mark_of(2, price);
    bench.pass_ms(1);
}

/// An entry that rests on the first instrument, half of it filled or none.
fn resting(state: State, filled: bool) -> (Bench, OrderRequest) {
    let mut setup = crate::common::setup(3, lossless());
    setup.risk = limits(state);
    setup.trade.multi_tp.enabled = false;
    let mut bench = Bench::with_setup(setup).reconciled();
    let price = crate::common::price(9_990);
    let entry = Entry::Limit { price, expires_after: seawall_model::Span::from_secs(86_400) };
    let entry = bench.want(EntryPlan { entry, ..fixed("2", 500) });
    bench.accept(&entry);
    if filled {
        bench.fill(&entry, 1_000, 9_990);
        let stop = bench.placed(OrderRole::Stop);
        bench.accept(&stop);
    }
    bench.requests.clear();
    (bench, entry)
}

/// Something that happens.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A candle at which the strategy of an instrument wants in.
    Wants {
        number: u32,
        long: bool,
        close: i64,
    },
    Mark {
        number: u32,
        price: i64,
    },
    Pass {
        seconds: i64,
    },
    /// The entry that rested fills after all.
    LateFill {
        units: i64,
    },
    Restart,
    /// The operator closes what is not there.
    Close,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_u32..2, any::<bool>(), 9_950_i64..10_050)
            .prop_map(|(number, long, close)| Event::Wants { number, long, close }),
        2 => (0_u32..2, 9_900_i64..10_100).prop_map(|(number, price)| Event::Mark { number, price }),
        2 => (0_i64..200).prop_map(|seconds| Event::Pass { seconds }),
        1 => (1_i64..900).prop_map(|units| Event::LateFill { units }),
        1 => Just(Event::Restart),
        1 => Just(Event::Close),
    ]
}

fn happens(bench: &mut Bench, entry: &OrderRequest, event: Event) {
    match event {
        Event::Wants { number, long, close } => {
            let direction = if long { Direction::Long } else { Direction::Short };
            let plan = EntryPlan { direction, ..fixed("1", 200) };
            bench.candles(&[(number, close, Evaluation::Enter(plan))]);
        }
        Event::Mark { number, price } => bench.mark_of(number, price),
        Event::Pass { seconds } => bench.pass_ms(seconds * 1_000),
        Event::LateFill { units } => bench.fill(entry, units, 9_990),
        Event::Restart => bench.input(Input::Started),
        Event::Close => bench.command(Command::Close(InstrumentId(1))),
    }
}

fn increases(bench: &Bench) -> Vec<OrderRequest> {
    bench.placements().into_iter().filter(|order| !order.reduce_only).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_state_that_reduces_increases_exposure(
        state in prop::sample::select(STATES.to_vec()),
        filled in any::<bool>(),
        events in prop::collection::vec(event(), 1..25),
    ) {
        let (mut bench, entry) = resting(state, filled);
        enter(&mut bench, state);
        if state != State::Reconciling {
            let cancel = VenueRequest::Cancel { order: entry.order };
            prop_assert!(bench.requests.contains(&cancel), "{state:?}: no entry rests any longer");
        }
        prop_assert!(increases(&bench).is_empty(), "{state:?}");
        for event in events {
            happens(&mut bench, &entry, event);
            prop_assert!(increases(&bench).is_empty(), "{state:?}: {:?}", increases(&bench));
        }
    }

    #[test]
    fn a_protective_order_is_never_refused(
        states in prop::collection::vec(prop::sample::select(STATES.to_vec()), 0..4),
        units in 1_i64..2_000,
        holes in any::<bool>(),
    ) {
        let first = states.first().copied().unwrap_or(State::Killed);
        let (mut bench, entry) = resting(first, false);
        for state in &states {
            enter(&mut bench, *state);
        }
        if holes {
            bench.skip_minutes(30);
            bench.candle(9_995);
        }
        bench.requests.clear();
        // A late fill, in whatever state: its stop leaves in the same step.
        bench.fill(&entry, units, 9_990);
        let stops: Vec<OrderRequest> =
            bench.placements().into_iter().filter(|order| order.order.instrument == BTC).collect();
        let stop = stops.iter().find(|order| order.role == OrderRole::Stop);
        let stop = stop.map(|stop| (stop.qty.get(), stop.reduce_only));
        prop_assert_eq!(stop, Some((units, true)), "{:?}", states);
    }
}

fn ts(text: &str) -> Ts {
    text.parse().unwrap()
}

/// Loses six percent at `at`, on a limit of five a day or a week.
fn lost_at(at: Ts, change: impl FnOnce(&mut RiskSettings)) -> Bench {
    let mut bench = Bench::under(2, only(change));
    bench.now = at;
    bench.protected(fixed("100", 450));
    bench.mark(9_400);
    bench.pass_ms(1);
    assert!(bench.alerted(AlertKind::LimitReached));
    bench.mark(10_000);
    bench
}

#[test]
fn a_lost_day_ends_at_the_midnight_of_its_own_date_in_leap_years_and_after_jumps_of_the_clock() {
    for (lost, still, free) in [
        ("2024-02-28T12:00:00Z", "2024-02-28T23:50:00Z", "2024-02-29T00:00:00Z"),
        ("2024-02-29T12:00:00Z", "2024-02-29T23:50:00Z", "2024-03-01T00:00:00Z"),
        ("2025-02-28T12:00:00Z", "2025-02-28T23:50:00Z", "2025-03-01T00:00:00Z"),
        ("2024-12-31T12:00:00Z", "2024-12-31T23:50:00Z", "2025-01-01T00:00:00Z"),
        // The clock jumps over months, and over midnight by a moment.
        ("2024-02-29T12:00:00Z", "2024-02-29T12:01:00Z", "2024-07-09T03:00:00Z"),
        ("2024-02-29T23:40:00Z", "2024-02-29T23:41:00Z", "2024-03-01T00:00:01Z"),
    ] {
        let mut bench = lost_at(ts(lost), |risk| risk.daily_loss_max_pct = Some(number("5")));
        bench.now = ts(still);
        assert_eq!(bench.refusal_elsewhere(), Some(Gate::DailyLoss), "{still}");
        // Back again by an hour, or by a day: nothing is reopened, also not by coming forward again.
        for back in [3_600, 86_400] {
            let now = bench.now;
            bench.input_at(now.minus(seawall_model::Span::from_secs(back)), Input::Wakeup);
            assert_eq!(bench.refusal_elsewhere_next(), Some(Gate::DailyLoss), "{lost}, back by {back} s");
        }
        bench.now = ts(free);
        bench.mark(10_000);
        assert_eq!(bench.refusal_elsewhere(), None, "{free}");
    }
}

#[test]
fn a_lost_week_ends_on_monday_also_around_the_new_year_and_in_week_53() {
    for (lost, still, free) in [
        ("2024-02-26T00:10:00Z", "2024-03-03T23:50:00Z", "2024-03-04T00:00:00Z"),
        ("2024-12-30T12:00:00Z", "2025-01-05T23:50:00Z", "2025-01-06T00:00:00Z"),
        ("2026-12-28T12:00:00Z", "2027-01-03T23:50:00Z", "2027-01-04T00:00:00Z"),
    ] {
        let mut bench = lost_at(ts(lost), |risk| risk.weekly_loss_max_pct = Some(number("5")));
        bench.now = ts(still);
        bench.mark(10_000);
        assert_eq!(bench.refusal_elsewhere(), Some(Gate::WeeklyLoss), "{still}");
        bench.now = ts(free);
        bench.mark(10_000);
        assert_eq!(bench.refusal_elsewhere(), None, "{free}");
    }
}

#[test]
fn the_states_of_these_properties_are_what_they_say() {
    for state in STATES {
        let (mut bench, _) = resting(state, false);
        enter(&mut bench, state);
        bench.candles(&[(1, 10_000, Evaluation::Enter(fixed("1", 200)))]);
        let gate = bench.decisions.last().unwrap().gates.last().unwrap().gate;
        let expected = match state {
            State::ReduceOnly
            | State::ProtectOnly
            | State::Flatten
            | State::ShuttingDown
            | State::Drawdown => Gate::SystemMode,
            State::Killed | State::KilledAndFlattening => Gate::KillSwitch,
            State::Reconciling => Gate::Phase,
            State::DayLost => Gate::DailyLoss,
            State::WeekLost => Gate::WeeklyLoss,
            State::StalePeak => Gate::StalePeak,
        };
        assert_eq!(gate, expected, "{state:?}");
    }
}
