//! Modes entered by themselves, price shocks, and the kill switch. Scenarios cite the incident [I-n] or the
//! defect [D-n] that they keep from happening here.

use crate::common::bench::{BTC, Bench, row};
use crate::common::qty;
use crate::common::script::{percent, plan};
use seawall_engine::RiskSettings;
use seawall_model::{
    AlertKind, CancelReason, Command, ExitReason, FillCause, Gate, Input, KillReason, OrderRole, OrderState,
    Side, SystemMode, VenueRequest,
};
use seawall_strategy::{Direction, EntryPlan, Evaluation, Level, Sizing};

fn only(change: impl FnOnce(&mut RiskSettings)) -> RiskSettings {
    let mut risk = RiskSettings::without_limits();
    change(&mut risk);
    risk
}

fn fixed(contracts: &str, stop: i64) -> EntryPlan {
    let sizing = Sizing::Fixed(contracts.parse().unwrap());
    EntryPlan { sizing, stop: Some(Level::Percent(percent(stop))), ..plan(Direction::Long) }
}

fn set<T: std::str::FromStr>(value: &str) -> Option<T>
where
    T::Err: std::fmt::Debug,
{
    Some(value.parse().unwrap())
}

fn falls_to(bench: &mut Bench, price: i64) -> SystemMode {
    bench.mark(price);
    bench.pass_ms(1);
    bench.engine.mode()
}

fn kill(flatten: bool) -> Command {
    Command::Kill { reason: KillReason::Manual, flatten }
}

#[test]
fn a_falling_account_becomes_stricter_by_itself_and_freer_by_the_operator_only() {
    let mut bench = Bench::under(
        2,
        only(|risk| {
            risk.states.drawdown_cautious_pct = set("10");
            risk.states.drawdown_protect_only_pct = set("25");
        }),
    );
    bench.protected(fixed("100", 5_000));
    assert_eq!(falls_to(&mut bench, 9_310), SystemMode::Normal);
    assert!(!bench.alerted(AlertKind::LimitNear));
    assert_eq!(falls_to(&mut bench, 9_300), SystemMode::Normal);
    assert!(bench.alerted(AlertKind::LimitNear), "70 % of the way");
    assert_eq!(falls_to(&mut bench, 9_000), SystemMode::Cautious);
    bench.candles(&[(1, 10_000, Evaluation::Enter(fixed("10", 200)))]);
    assert_eq!(bench.placed(OrderRole::Entry).qty, qty(5_000), "half of what is wanted");
    assert_eq!(falls_to(&mut bench, 9_900), SystemMode::Cautious, "recovering does not lead back");
    assert_eq!(falls_to(&mut bench, 7_400), SystemMode::ProtectOnly);
    // A mode that is freed while its limit is still reached is entered again; releasing accepts the loss.
    bench.command(Command::SetMode(SystemMode::Normal));
    bench.pass_ms(1);
    assert_eq!(bench.engine.mode(), SystemMode::ProtectOnly);
    bench.command(Command::Release);
    bench.pass_ms(1);
    assert_eq!(bench.engine.mode(), SystemMode::Normal);
    assert_eq!(falls_to(&mut bench, 6_660), SystemMode::Cautious, "a tenth of what is left");
}

#[test]
fn the_drawdown_is_measured_from_the_highest_equity_and_halts_resting_entries() {
    // [I-51]: the peak was reset with each restart and a fall of 27 % was not seen.
    let mut bench = Bench::under(2, only(|risk| risk.states.drawdown_reduce_only_pct = set("15")));
    bench.protected(fixed("100", 1_400));
    assert_eq!(falls_to(&mut bench, 12_000), SystemMode::Normal);
    bench.input(Input::Started);
    bench.candles(&[(1, 10_000, Evaluation::Hold)]);
    assert_eq!(falls_to(&mut bench, 10_201), SystemMode::Normal);
    assert_eq!(falls_to(&mut bench, 10_200), SystemMode::ReduceOnly, "15 % below 12 000");
    assert_eq!(bench.refusal_elsewhere(), Some(Gate::Phase), "and reconciling after the restart");
}

#[test]
fn margin_use_and_the_number_of_positions_have_their_own_thresholds() {
    let mut bench = Bench::under(
        2,
        only(|risk| {
            risk.states.margin_use_cautious_pct = set("50");
            risk.states.margin_use_reduce_only_pct = set("60");
        }),
    );
    bench.protected(fixed("400", 1_000));
    assert_eq!(bench.engine.mode(), SystemMode::Normal, "40 %");
    assert_eq!(falls_to(&mut bench, 9_500), SystemMode::Normal, "38 of 80");
    assert_eq!(falls_to(&mut bench, 9_300), SystemMode::Cautious, "37.2 of 72");
    assert_eq!(falls_to(&mut bench, 9_100), SystemMode::Cautious, "36.4 of 64");
    assert_eq!(falls_to(&mut bench, 9_000), SystemMode::ReduceOnly, "36 of 60");
    // A position that was found at the venue is one too many.
    let mut bench = Bench::under(
        2,
        only(|risk| {
            risk.positions_max = 1;
            risk.states.positions_reduce_only = Some(2);
        }),
    );
    bench.protected(fixed("1", 200));
    assert_eq!(bench.refusal_elsewhere(), Some(Gate::MaxPositions));
    assert_eq!(bench.engine.mode(), SystemMode::Normal);
    bench.foreign_fill_of(1, Side::Buy, 1_000, 10_000, FillCause::Order);
    bench.pass_ms(1);
    assert_eq!(bench.engine.mode(), SystemMode::ReduceOnly);
}

#[test]
fn everything_is_closed_by_itself_only_after_two_readings_two_seconds_apart() {
    // Spec 4.6: flatten only on what is verified.
    let risk = || only(|risk| risk.states.drawdown_flatten_pct = set("20"));
    let mut bench = Bench::under(1, risk());
    bench.protected(fixed("100", 5_000));
    assert_eq!(falls_to(&mut bench, 7_900), SystemMode::ProtectOnly);
    bench.pass_ms(1_000);
    bench.mark(9_900);
    bench.pass_ms(60_000);
    assert_eq!(bench.engine.mode(), SystemMode::ProtectOnly, "a spike closes nothing");
    let mut bench = Bench::under(1, risk());
    bench.protected(fixed("100", 5_000));
    assert_eq!(falls_to(&mut bench, 7_900), SystemMode::ProtectOnly);
    bench.requests.clear();
    bench.pass_ms(1_990);
    assert!(bench.placements().is_empty());
    bench.pass_ms(20);
    assert_eq!(bench.engine.mode(), SystemMode::Flatten);
    assert_eq!(bench.placed(OrderRole::Exit).qty, qty(100_000));
}

#[test]
fn between_two_prices_of_one_instant_nothing_is_concluded() {
    let mut bench = Bench::under(2, only(|risk| risk.states.drawdown_reduce_only_pct = set("10")));
    bench.candles(&[
        (0, 10_000, Evaluation::Enter(fixed("100", 950))),
        (1, 10_000, Evaluation::Enter(EntryPlan { direction: Direction::Short, ..fixed("100", 950) })),
    ]);
    for entry in bench.placements() {
        bench.fill_of(&entry, 10_000);
    }
    bench.pass_ms(100);
    // Long and short of the same size: both fall by 20 %, and nothing is lost.
    bench.mark_of(0, 8_000);
    bench.mark_of(1, 8_000);
    bench.pass_ms(10);
    assert_eq!(bench.engine.mode(), SystemMode::Normal);
    bench.mark_of(0, 6_900);
    bench.pass_ms(10);
    assert_eq!(bench.engine.mode(), SystemMode::ReduceOnly);
}

#[test]
fn a_jump_pauses_its_instrument_and_three_coins_pause_the_market() {
    // [D-12]: prices a minute apart were never compared.
    let risk = || {
        only(|risk| {
            risk.shock = RiskSettings::default().shock;
            risk.shock.bases_min = 2;
        })
    };
    let mut bench = Bench::under(3, risk());
    bench.candles(&[(0, 10_000, Evaluation::Hold), (1, 10_000, Evaluation::Hold)]);
    bench.candles(&[
        (0, 10_600, Evaluation::Enter(fixed("1", 200))),
        (1, 10_000, Evaluation::Enter(fixed("1", 200))),
    ]);
    let refused: Vec<bool> = bench
        .decisions
        .iter()
        .rev()
        .take(2)
        .map(|one| one.gates.last().unwrap().gate == Gate::Shock)
        .collect();
    assert_eq!(refused, [false, true], "the other one trades");
    let mut bench = Bench::under(3, risk());
    bench.candles(&[(0, 10_000, Evaluation::Hold), (1, 10_000, Evaluation::Hold)]);
    bench.candles(&[(0, 10_600, Evaluation::Hold), (1, 9_400, Evaluation::Hold)]);
    bench.candles(&[(2, 10_000, Evaluation::Enter(fixed("1", 200)))]);
    assert_eq!(bench.decisions.last().unwrap().gates.last().unwrap().gate, Gate::Shock);
    bench.pass_ms(31 * 60_000);
    bench.candles(&[(2, 10_000, Evaluation::Enter(fixed("1", 200)))]);
    assert_eq!(bench.placements().len(), 1, "the pause is over after thirty minutes");
}

#[test]
fn two_instruments_of_one_coin_are_one_coin_in_shock() {
    // [I-40], [I-45]: aliases were counted as coins.
    let mut risk = only(|risk| risk.shock = RiskSettings::default().shock);
    risk.shock.bases_min = 2;
    let mut setup = crate::common::setup(3, crate::common::remote());
    for (number, name) in ["BTC/USD", "kraken:XBT/USD", "SOL/USD"].into_iter().enumerate() {
        let mut spec = setup.instruments[number].0.spec().clone();
        spec.name = name.parse().unwrap();
        let id = seawall_model::InstrumentId(u32::try_from(number).unwrap());
        setup.instruments[number].0 = seawall_model::Instrument::new(id, spec, 2).unwrap();
    }
    setup.risk = risk;
    let mut bench = Bench::with_setup(setup).reconciled();
    bench.candles(&[(0, 10_000, Evaluation::Hold), (1, 10_000, Evaluation::Hold)]);
    bench.candles(&[(0, 10_600, Evaluation::Hold), (1, 10_600, Evaluation::Hold)]);
    bench.candles(&[(2, 10_000, Evaluation::Enter(fixed("1", 200)))]);
    assert_eq!(bench.placements().len(), 1);
}

#[test]
fn in_a_shock_what_is_near_its_liquidation_is_halved_and_what_is_nearer_is_closed() {
    // [I-61]: the exposure check was dead code.
    let risk = || {
        only(|risk| {
            risk.shock = RiskSettings::default().shock;
            risk.shock.close_buffer_pct = "14".parse().unwrap();
        })
    };
    // Short, and the price falls by 6 %: 22, 17 and 13 % are left to the liquidation.
    for (contracts, part) in [("500", None), ("700", Some(350_000)), ("900", Some(900_000))] {
        let mut bench = Bench::under(1, risk());
        bench.protected(EntryPlan { direction: Direction::Short, ..fixed(contracts, 400) });
        bench.requests.clear();
        bench.pass_ms(60_000);
        bench.mark(9_400);
        bench.pass_ms(10);
        let exit = bench.placements().into_iter().find(|order| order.role == OrderRole::Exit);
        assert_eq!(exit.map(|order| order.qty.get()), part, "{contracts}");
        let Some(exit) = exit else { continue };
        assert!(exit.reduce_only);
        bench.accept(&exit);
        bench.fill(&exit, exit.qty.get(), 9_400);
        if contracts == "700" {
            assert_eq!(bench.held(), -350_000);
            assert_eq!(bench.amended().1, 350_000, "the stop follows");
            assert!(bench.position().protected);
        } else {
            assert_eq!(bench.trades[0].exits[0].reason, ExitReason::Shock);
        }
    }
}

#[test]
fn a_full_exit_while_a_part_is_being_closed_is_not_lost() {
    let mut bench = Bench::under(1, only(|risk| risk.shock = RiskSettings::default().shock));
    bench.protected(EntryPlan { direction: Direction::Short, ..fixed("700", 600) });
    bench.pass_ms(60_000);
    bench.requests.clear();
    bench.mark(9_400);
    bench.pass_ms(10);
    let half = bench.placed(OrderRole::Exit);
    bench.accept(&half);
    bench.command(Command::Close(BTC));
    assert!(bench.placements().is_empty(), "one exit at a time");
    bench.fill(&half, 350_000, 9_400);
    bench.pass_ms(3_000);
    assert_eq!(bench.placed(OrderRole::Exit).qty, qty(350_000));
}

#[test]
fn the_kill_switch_ends_entries_and_spares_stops_and_targets() {
    // [I-30]: stops and targets were cancelled just after entries.
    let mut bench = Bench::under(2, only(|_| ()));
    let targets = [crate::common::script::target(300, 50)].into_iter().collect();
    bench.protected(EntryPlan { targets, ..fixed("1", 200) });
    let target = bench.placed(OrderRole::Target(1));
    bench.accept(&target);
    bench.candles(&[(1, 10_000, Evaluation::Enter(fixed("1", 200)))]);
    let resting = bench.placed(OrderRole::Entry);
    bench.accept(&resting);
    bench.requests.clear();
    bench.command(kill(false));
    assert_eq!(bench.requests, [VenueRequest::Cancel { order: resting.order }]);
    assert!(bench.alerted(AlertKind::KillSwitch) && bench.position().protected);
    bench.command(kill(false));
    bench.cancelled(&resting, CancelReason::Requested);
    assert_eq!(bench.refusal_elsewhere(), Some(Gate::KillSwitch));
    bench.command(Command::SetMode(SystemMode::Normal));
    assert_eq!(bench.refusal_elsewhere_next(), Some(Gate::KillSwitch), "a mode does not release it");
    bench.command(Command::Release);
    assert_eq!(bench.refusal_elsewhere_next(), None);
}

#[test]
fn a_stop_is_restored_while_the_kill_switch_is_on() {
    // [D-18]: the branch for an active switch skipped the care for stops.
    let mut bench = Bench::under(1, only(|_| ()));
    let stop = bench.protected(fixed("1", 200));
    bench.command(kill(false));
    bench.cancelled(&stop, CancelReason::Venue);
    assert_eq!(bench.placed(OrderRole::Stop).qty, qty(1_000));
}

#[test]
fn everything_is_closed_only_when_asked_and_is_verified_at_the_venue() {
    let mut bench = Bench::under(1, only(|_| ()));
    let stop = bench.protected(fixed("1", 200));
    bench.command(kill(true));
    let exit = bench.placed(OrderRole::Exit);
    bench.accept(&exit);
    bench.alerts.clear();
    bench.fill(&exit, 1_000, 9_990);
    bench.cancelled(&stop, CancelReason::Requested);
    assert!(bench.asked(VenueRequest::QueryPositions) && !bench.alerted(AlertKind::KillSwitch));
    bench.pass_ms(10);
    bench.positions(0, 0);
    assert!(bench.alerts.iter().any(|alert| alert.detail.contains("verified")));
    assert_eq!(bench.trades[0].exits[0].reason, ExitReason::Flatten);
    assert_eq!(bench.refusal(fixed("1", 200)), Some(Gate::KillSwitch), "it stays on");
}

#[test]
fn a_restart_while_the_switch_is_on_holds_and_closes_nothing() {
    // [I-86]: a restart replayed the kill and flattened.
    for command in [kill(true), Command::SetMode(SystemMode::Flatten)] {
        let mut bench = Bench::under(1, only(|_| ()));
        let stop = bench.protected(fixed("1", 200));
        bench.command(command);
        let exit = bench.placed(OrderRole::Exit);
        bench.reject(&exit, seawall_model::RejectReason::MarketClosed);
        bench.pass_ms(10);
        bench.requests.clear();
        bench.input(Input::Started);
        bench.open_orders(vec![row(&stop, OrderState::Open, 0)]);
        bench.positions(1_000, 10_000);
        bench.pass_ms(300_000);
        assert!(bench.placements().is_empty(), "{command:?}: {:?}", bench.placements());
        assert!(bench.position().protected);
    }
    // And it is still on.
    let mut bench = Bench::under(1, only(|_| ()));
    bench.command(kill(false));
    bench.input(Input::Started);
    let mut bench = bench.reconciled();
    assert_eq!(bench.refusal(fixed("1", 200)), Some(Gate::KillSwitch));
}

#[test]
fn a_late_fill_under_the_kill_switch_is_protected() {
    let mut bench = Bench::under(1, only(|_| ()));
    let entry = bench.want(fixed("1", 200));
    bench.command(kill(false));
    bench.fill(&entry, 1_000, 10_000);
    assert_eq!(bench.placed(OrderRole::Stop).qty, qty(1_000));
    assert_eq!(bench.held(), 1_000);
}
