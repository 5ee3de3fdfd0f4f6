//! A high-water mark that cannot be true halts nothing, and a loss that is true is not excused by that
//! ([I-35], [I-59]: a mark of 10 000 against an equity of 332 halted the system again and again and closed
//! five sound positions; a reset of the mark in one store was undone by another).

use crate::common::bench::Bench;
use crate::common::limits::{fixed, number, only};
use seawall_engine::RiskSettings;
use seawall_model::{
    AlertKind, CancelReason, Command, Gate, Input, OrderRole, SystemMode, VenueEvent, VenueRequest,
};
use seawall_strategy::Evaluation;

/// Halts at 15 % and closes everything at 40 %, with a daily limit beside it.
fn limits() -> RiskSettings {
    only(|risk| {
        risk.daily_loss_max_pct = Some(number("5"));
        risk.states.drawdown_reduce_only_pct = Some(number("15"));
        risk.states.drawdown_flatten_pct = Some(number("40"));
    })
}

/// A protected position of one contract, bought for 100 of 10 000.
fn holding() -> Bench {
    let mut bench = Bench::under(2, limits());
    bench.protected(fixed("1", 200));
    bench.candles(&[(1, 10_000, Evaluation::Hold)]);
    bench.requests.clear();
    bench
}

/// The venue says twice that only `amount` is left, as it is asked to; the books take it over.
fn drifts_to(bench: &mut Bench, amount: i64) {
    bench.alerts.retain(|alert| alert.kind != AlertKind::BalanceDrift);
    for _ in 0..2 {
        assert!(!bench.alerted(AlertKind::BalanceDrift));
        bench.pass_ms(31_000);
        bench.agrees_but_for(amount);
    }
    assert!(bench.alerted(AlertKind::BalanceDrift));
    bench.requests.clear();
    bench.pass_ms(1);
}

/// Answers the two questions that a doubt asks, two seconds apart.
fn answered(bench: &mut Bench, amount: i64) {
    for question in 0..2 {
        assert!(bench.asked(VenueRequest::QueryBalance), "question {question}: {:?}", bench.requests);
        bench.balance(amount);
        bench.pass_ms(1_999);
        assert!(!bench.asked(VenueRequest::QueryBalance), "the next one comes after two seconds");
        bench.pass_ms(1);
    }
    assert!(!bench.asked(VenueRequest::QueryBalance));
}

fn stale_peaks(bench: &Bench) -> usize {
    bench.alerts.iter().filter(|alert| alert.kind == AlertKind::StalePeak).count()
}

#[test]
fn a_mark_far_above_an_account_that_lost_nothing_warns_asks_twice_and_halts_nothing() {
    // [I-35], [I-59]
    let mut bench = holding();
    bench.candles(&[(1, 10_000, Evaluation::Enter(fixed("1", 200)))]);
    let resting = bench.placed(OrderRole::Entry);
    bench.accept(&resting);
    drifts_to(&mut bench, 232);
    assert_eq!(stale_peaks(&bench), 1);
    assert!(bench.asked(VenueRequest::Cancel { order: resting.order }), "sized for another account");
    bench.cancelled(&resting, CancelReason::Requested);
    answered(&mut bench, 232);
    assert_eq!(stale_peaks(&bench), 2, "9 668 left without a trade");
    assert_eq!(bench.engine.mode(), SystemMode::Normal);
    assert!(!bench.alerted(AlertKind::LimitReached) && bench.position().protected);
    bench.pass_ms(600_000);
    assert!(bench.placements().is_empty(), "nothing is closed: {:?}", bench.placements());
    // Nothing is entered either, until the operator has seen it.
    assert_eq!(bench.refusal_elsewhere(), Some(Gate::StalePeak));
    let (fall, believed) = bench.reading(Gate::StalePeak).unwrap();
    assert!((fall - 96.68).abs() < 1e-9 && (believed - 50.0).abs() < 1e-9, "{fall}");
    bench.command(Command::Release);
    assert_eq!(bench.refusal_elsewhere_next(), None);
}

#[test]
fn a_released_mark_stays_where_it_is_through_restarts() {
    // [I-59]: there is one mark, and no other store that could bring the old one back.
    let mut bench = holding();
    drifts_to(&mut bench, 232);
    answered(&mut bench, 232);
    bench.command(Command::Release);
    bench.input(Input::Started);
    bench.requests.clear();
    bench.alerts.clear();
    bench.mark(9_990);
    bench.pass_ms(60_000);
    assert_eq!((bench.engine.mode(), stale_peaks(&bench)), (SystemMode::Normal, 0));
    // From here on the usual limits count: 15 % of 332.
    bench.mark(5_100);
    bench.pass_ms(1);
    assert_eq!(bench.engine.mode(), SystemMode::Normal, "48.90 of 332");
    bench.mark(5_010);
    bench.pass_ms(1);
    assert_eq!(bench.engine.mode(), SystemMode::ReduceOnly, "49.90 of 332");
}

#[test]
fn a_real_loss_after_money_has_gone_missing_is_judged_from_the_lower_marks() {
    let mut bench = holding();
    drifts_to(&mut bench, 232);
    answered(&mut bench, 232);
    bench.mark(8_200);
    bench.pass_ms(1);
    assert!(bench.alerted(AlertKind::LimitReached), "18 of 332 are more than 5 % of the day");
    bench.mark(5_000);
    bench.pass_ms(1);
    assert_eq!(bench.engine.mode(), SystemMode::ReduceOnly);
}

/// 150 contracts at 100.00 on 10 000, and the price falls to 50.00 at once: 7 500 are lost.
fn crashed() -> Bench {
    let mut bench = Bench::under(2, limits());
    bench.protected(fixed("150", 250));
    bench.candles(&[(1, 10_000, Evaluation::Hold)]);
    bench.requests.clear();
    bench.mark(5_000);
    bench.pass_ms(1);
    bench
}

#[test]
fn a_loss_of_more_than_half_in_one_look_acts_once_the_venue_has_confirmed_it_twice() {
    let mut bench = crashed();
    assert_eq!((bench.engine.mode(), stale_peaks(&bench)), (SystemMode::Normal, 1));
    bench.requests.retain(|request| *request == VenueRequest::QueryBalance);
    answered(&mut bench, -5_000);
    assert_eq!(bench.engine.mode(), SystemMode::ProtectOnly, "and closing waits for its own second reading");
    bench.pass_ms(2_001);
    assert_eq!(bench.engine.mode(), SystemMode::Flatten);
}

#[test]
fn a_loss_by_fills_is_as_real_as_one_by_prices() {
    let mut bench = Bench::under(2, limits());
    let stop = bench.protected(fixed("150", 250));
    bench.candles(&[(1, 10_000, Evaluation::Hold)]);
    bench.requests.clear();
    bench.fill(&stop, 150_000, 4_500);
    bench.pass_ms(1);
    assert_eq!(bench.engine.mode(), SystemMode::Normal);
    bench.requests.retain(|request| *request == VenueRequest::QueryBalance);
    answered(&mut bench, 1_750);
    bench.pass_ms(2_001);
    assert_eq!(bench.engine.mode(), SystemMode::Flatten);
}

#[test]
fn a_price_that_was_wrong_for_a_moment_concludes_nothing() {
    let mut bench = crashed();
    bench.mark(9_990);
    bench.pass_ms(1);
    assert_eq!((bench.engine.mode(), stale_peaks(&bench)), (SystemMode::Normal, 1));
    assert_eq!(bench.refusal_elsewhere(), None, "the doubt is over");
}

#[test]
fn a_venue_that_does_not_answer_or_answers_otherwise_causes_neither_a_halt_nor_an_entry() {
    let mut bench = crashed();
    for _ in 0..5 {
        assert!(bench.asked(VenueRequest::QueryBalance));
        bench.pass_ms(5_000);
    }
    // Answers that the books don't agree with, or that failed, are none.
    bench.balance(4_000);
    let failed = VenueEvent::Balance {
        coverage: seawall_model::Coverage::Failed,
        amount: seawall_model::Money::new((-5_000).into()),
    };
    bench.venue(failed);
    bench.pass_ms(2_500);
    assert_eq!(bench.engine.mode(), SystemMode::Normal);
    assert_eq!(bench.refusal_elsewhere(), Some(Gate::StalePeak));
    assert_eq!(bench.held(), 150_000, "the stop is the venue's, and stays");
}

#[test]
fn a_fall_that_became_so_large_step_by_step_is_not_doubted() {
    let mut bench = Bench::under(1, only(|risk| risk.states.drawdown_flatten_pct = Some(number("60"))));
    bench.protected(fixed("150", 5_000));
    for price in [8_000, 7_000, 6_000] {
        bench.mark(price);
        bench.pass_ms(1);
    }
    assert_eq!((bench.engine.mode(), stale_peaks(&bench)), (SystemMode::ProtectOnly, 0), "60 %");
    bench.pass_ms(2_001);
    assert_eq!(bench.engine.mode(), SystemMode::Flatten);
}

#[test]
fn the_first_look_after_a_restart_asks_before_it_believes() {
    // The same fall, but the process was started again in between: its mark may be an old one.
    let mut bench = Bench::under(1, only(|risk| risk.states.drawdown_flatten_pct = Some(number("60"))));
    let stop = bench.protected(fixed("150", 5_000));
    bench.mark(7_000);
    bench.pass_ms(1);
    bench.input(Input::Started);
    bench.open_orders(vec![crate::common::bench::row(&stop, seawall_model::OrderState::Open, 0)]);
    bench.positions(150_000, 10_000);
    bench.balance(-5_000);
    assert_eq!(bench.engine.phase(), seawall_engine::Phase::Ready);
    bench.requests.clear();
    bench.mark(6_000);
    bench.pass_ms(1);
    assert_eq!((bench.engine.mode(), stale_peaks(&bench)), (SystemMode::Normal, 1));
    answered(&mut bench, -5_000);
    assert_eq!(bench.engine.mode(), SystemMode::ProtectOnly, "real, and it acts");
}

#[test]
fn money_that_was_read_wrong_and_comes_back_leaves_the_mark_where_it_was() {
    let mut bench = holding();
    drifts_to(&mut bench, 232);
    answered(&mut bench, 232);
    drifts_to(&mut bench, 9_900);
    bench.alerts.clear();
    assert_eq!(bench.refusal_elsewhere(), None, "all of it is back");
    let entry = bench.placed(OrderRole::Entry);
    bench.cancelled(&entry, CancelReason::Requested);
    // The mark is 10 000 again, not 19 668: a fall of 14.99 % is none of 15 %, one of 15 % is.
    for (amount, mode) in [(8_401, SystemMode::Normal), (8_400, SystemMode::ReduceOnly)] {
        drifts_to(&mut bench, amount);
        assert_eq!(bench.engine.mode(), mode, "{amount}");
    }
}

#[test]
fn a_smaller_amount_that_nobody_can_explain_is_a_loss_until_it_comes_back() {
    let mut bench = Bench::under(1, only(|risk| risk.states.drawdown_reduce_only_pct = Some(number("15"))));
    for amount in [9_000, 10_000, 8_600, 10_000] {
        drifts_to(&mut bench, amount);
        assert_eq!(bench.engine.mode(), SystemMode::Normal, "{amount}");
    }
    drifts_to(&mut bench, 8_500);
    assert_eq!((bench.engine.mode(), stale_peaks(&bench)), (SystemMode::ReduceOnly, 0));
}
