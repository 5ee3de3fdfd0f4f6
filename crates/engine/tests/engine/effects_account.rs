//! What each key of loss windows, automatic modes, pauses and shocks changes: the same course of prices, the
//! key at two values, and where the account is afterwards.

use crate::common::bench::{BTC, Bench};
use crate::common::limits::{fixed, number, only};
use seawall_engine::RiskSettings;
use seawall_model::{AlertKind, ExitReason, FillCause, Gate, OrderRole, Percent, Setup, Side, SystemMode};
use seawall_strategy::{Direction, EntryPlan, Evaluation};

type Set = fn(&mut RiskSettings, Percent);
type Change = fn(&mut RiskSettings);

fn percent(value: &str) -> Percent {
    number(value)
}

/// Effect of `risk.daily_loss_max_pct`.
/// Effect of `risk.weekly_loss_max_pct`.
#[test]
fn entries_end_at_the_loss_that_is_configured() {
    let cases: [(Gate, Set); 2] = [
        (Gate::DailyLoss, |risk, limit| risk.daily_loss_max_pct = Some(limit)),
        (Gate::WeeklyLoss, |risk, limit| risk.weekly_loss_max_pct = Some(limit)),
    ];
    for (gate, set) in cases {
        for (limit, refusal) in [("6", Some(gate)), ("7", None)] {
            let mut bench = Bench::under(2, only(|risk| set(risk, percent(limit))));
            bench.protected(fixed("100", 500));
            bench.mark(9_390);
            bench.pass_ms(1);
            assert_eq!(bench.alerted(AlertKind::LimitReached), refusal.is_some(), "6.1 % of {limit}");
            assert_eq!(bench.refusal_elsewhere(), refusal, "{limit}");
            assert_eq!(bench.engine.mode(), SystemMode::Normal);
        }
    }
}

/// The mode three seconds after the price of 100.00 at which `contracts` were bought has become `price`.
fn mode_at(contracts: &str, mark: i64, change: impl FnOnce(&mut RiskSettings)) -> SystemMode {
    let mut bench = Bench::under(1, only(change));
    bench.protected(fixed(contracts, 750));
    bench.mark(mark);
    bench.pass_ms(3_000);
    bench.engine.mode()
}

/// Effect of `risk.states.drawdown_cautious_pct`.
/// Effect of `risk.states.drawdown_reduce_only_pct`.
/// Effect of `risk.states.drawdown_protect_only_pct`.
/// Effect of `risk.states.drawdown_flatten_pct`.
/// Effect of `risk.states.margin_use_cautious_pct`.
/// Effect of `risk.states.margin_use_reduce_only_pct`.
/// Effect of `risk.states.margin_use_protect_only_pct`.
/// Effect of `risk.states.margin_use_flatten_pct`.
#[test]
fn each_mode_is_entered_at_the_drawdown_and_at_the_margin_use_that_are_configured() {
    let drawdown: [(SystemMode, Set); 4] = [
        (SystemMode::Cautious, |risk, limit| risk.states.drawdown_cautious_pct = Some(limit)),
        (SystemMode::ReduceOnly, |risk, limit| risk.states.drawdown_reduce_only_pct = Some(limit)),
        (SystemMode::ProtectOnly, |risk, limit| risk.states.drawdown_protect_only_pct = Some(limit)),
        (SystemMode::Flatten, |risk, limit| risk.states.drawdown_flatten_pct = Some(limit)),
    ];
    for (mode, set) in drawdown {
        // 100 contracts of 10 000: a price of 92.00 is a fall of eight percent.
        assert_eq!(mode_at("100", 9_200, |risk| set(risk, percent("9"))), SystemMode::Normal, "{mode:?}");
        assert_eq!(mode_at("100", 9_200, |risk| set(risk, percent("8"))), mode);
    }
    let margin_use: [(SystemMode, Set); 4] = [
        (SystemMode::Cautious, |risk, limit| risk.states.margin_use_cautious_pct = Some(limit)),
        (SystemMode::ReduceOnly, |risk, limit| risk.states.margin_use_reduce_only_pct = Some(limit)),
        (SystemMode::ProtectOnly, |risk, limit| risk.states.margin_use_protect_only_pct = Some(limit)),
        (SystemMode::Flatten, |risk, limit| risk.states.margin_use_flatten_pct = Some(limit)),
    ];
    for (mode, set) in margin_use {
        // 400 contracts at 95.00 need 3 800 of the 8 000 that are left.
        assert_eq!(mode_at("400", 9_500, |risk| set(risk, percent("48"))), SystemMode::Normal, "{mode:?}");
        assert_eq!(mode_at("400", 9_500, |risk| set(risk, percent("47.5"))), mode);
    }
}

/// Effect of `risk.states.positions_cautious`.
/// Effect of `risk.states.positions_reduce_only`.
#[test]
fn so_many_positions_make_the_mode_stricter() {
    type Count = fn(&mut RiskSettings, u32);
    let cases: [(SystemMode, Count); 2] = [
        (SystemMode::Cautious, |risk, count| risk.states.positions_cautious = Some(count)),
        (SystemMode::ReduceOnly, |risk, count| risk.states.positions_reduce_only = Some(count)),
    ];
    for (mode, set) in cases {
        for (count, expected) in [(2, mode), (3, SystemMode::Normal)] {
            let mut bench = Bench::under(
                2,
                only(|risk| {
                    risk.positions_max = 1;
                    set(risk, count);
                }),
            );
            bench.protected(fixed("1", 200));
            bench.foreign_fill_of(1, Side::Buy, 1_000, 10_000, FillCause::Order);
            bench.pass_ms(1);
            assert_eq!(bench.engine.mode(), expected, "{count}");
        }
    }
}

/// Minutes of pause before a trade of `setup` after `losses` trades that lost 40 basis points each.
fn paused_after(losses: u32, setup: Setup, change: impl FnOnce(&mut RiskSettings)) -> f64 {
    let mut bench = Bench::under(1, only(change));
    for _ in 0..losses {
        bench.round_trip(EntryPlan { setup, ..fixed("100", 200) }, 9_960);
    }
    let lost_at = bench.now;
    let refusal = bench.refusal(EntryPlan { setup, ..fixed("1", 200) });
    let left = bench.reading(Gate::LossStreak).map_or(0.0, |(left, _)| left);
    assert_eq!(refusal == Some(Gate::LossStreak), left > 0.0);
    if left > 0.0 { left + bench.now.since(lost_at).secs_f64() / 60.0 } else { 0.0 }
}

/// Effect of `risk.loss_streak.tight_smc_losses`.
/// Effect of `risk.loss_streak.tight_smc_pause_minutes`.
/// Effect of `risk.loss_streak.wide_structure_losses`.
/// Effect of `risk.loss_streak.wide_structure_pause_minutes`.
/// Effect of `risk.loss_streak.other_losses`.
/// Effect of `risk.loss_streak.other_pause_minutes`.
#[test]
fn each_regime_pauses_after_its_own_losses_for_its_own_time() {
    type Streak = fn(&mut RiskSettings, u32, u32);
    let regimes: [(Setup, Setup, Streak); 3] = [
        (Setup::OrderBlock, Setup::Trend, |risk, losses, minutes| {
            risk.loss_streak.tight_smc_losses = Some(losses);
            risk.loss_streak.tight_smc_pause_minutes = minutes;
        }),
        (Setup::BreakOfStructure, Setup::EmaCross, |risk, losses, minutes| {
            risk.loss_streak.wide_structure_losses = Some(losses);
            risk.loss_streak.wide_structure_pause_minutes = minutes;
        }),
        (Setup::EmaCross, Setup::FairValueGap, |risk, losses, minutes| {
            risk.loss_streak.other_losses = Some(losses);
            risk.loss_streak.other_pause_minutes = minutes;
        }),
    ];
    for (setup, another, set) in regimes {
        let pause = |losses: u32, minutes: u32| paused_after(2, setup, |risk| set(risk, losses, minutes));
        assert!((pause(2, 30) - 30.0).abs() < 1e-6, "{setup:?}");
        assert!((pause(2, 50) - 50.0).abs() < 1e-6, "{setup:?}");
        assert!(pause(3, 30).abs() < 1e-6, "{setup:?}: two losses of three");
        assert!(
            paused_after(2, another, |risk| set(risk, 2, 30)).abs() < 1e-6,
            "{another:?} is another regime"
        );
    }
}

/// Effect of `risk.loss_streak.loss_min_bps`.
#[test]
fn a_loss_below_the_least_that_counts_is_none() {
    for (loss_min_bps, pause) in [("39", 30.0), ("41", 0.0)] {
        let paused = paused_after(1, Setup::OrderBlock, |risk| {
            risk.loss_streak.loss_min_bps = number(loss_min_bps);
            risk.loss_streak.tight_smc_losses = Some(1);
            risk.loss_streak.tight_smc_pause_minutes = 30;
        });
        assert!((paused - pause).abs() < 1e-6, "{loss_min_bps}: {paused}");
    }
}

/// Effect of `risk.cooldown.after_win_minutes`.
/// Effect of `risk.cooldown.after_loss_minutes`.
#[test]
fn an_instrument_pauses_after_a_win_and_after_a_loss_for_the_times_that_are_configured() {
    type Minutes = fn(&mut RiskSettings, u32);
    let cases: [(i64, Minutes, Minutes); 2] = [
        (
            10_100,
            |risk, minutes| risk.cooldown.after_win_minutes = minutes,
            |risk, minutes| risk.cooldown.after_loss_minutes = minutes,
        ),
        (
            9_900,
            |risk, minutes| risk.cooldown.after_loss_minutes = minutes,
            |risk, minutes| risk.cooldown.after_win_minutes = minutes,
        ),
    ];
    for (exit, own, other) in cases {
        for (minutes, left) in [(0, None), (5, Some(4.0)), (9, Some(8.0))] {
            let mut bench = Bench::under(1, only(|risk| own(risk, minutes)));
            bench.round_trip(fixed("1", 200), exit);
            assert_eq!(bench.refusal(fixed("1", 200)), left.map(|_| Gate::CloseCooldown));
            assert_eq!(bench.reading(Gate::CloseCooldown).map(|(left, _)| left), left, "a candle later");
        }
        let mut bench = Bench::under(1, only(|risk| other(risk, 9)));
        bench.round_trip(fixed("1", 200), exit);
        assert_eq!(bench.refusal(fixed("1", 200)), None, "the pause of the other kind of trade");
    }
}

/// Hours of pause of the instrument after two trades, 50 minutes apart, that lost 0.4 percent each.
fn symbol_paused(change: impl FnOnce(&mut RiskSettings)) -> f64 {
    let mut bench = Bench::under(
        1,
        only(|risk| {
            risk.cooldown.symbol_losses = Some(2);
            risk.cooldown.symbol_lookback_hours = 2;
            risk.cooldown.symbol_loss_min_pct = number("0.3");
            risk.cooldown.symbol_pause_hours = 3;
            change(risk);
        }),
    );
    for _ in 0..2 {
        bench.pass_ms(70 * 60_000);
        bench.round_trip(fixed("1", 200), 9_960);
    }
    let lost_at = bench.now;
    let refused = bench.refusal(fixed("1", 200)) == Some(Gate::SymbolCooldown);
    let left = bench.reading(Gate::SymbolCooldown).map_or(0.0, |(left, _)| left);
    assert_eq!(refused, left > 0.0);
    if refused { left / 60.0 + bench.now.since(lost_at).secs_f64() / 3_600.0 } else { 0.0 }
}

/// Effect of `risk.cooldown.symbol_losses`.
/// Effect of `risk.cooldown.symbol_lookback_hours`.
/// Effect of `risk.cooldown.symbol_loss_min_pct`.
/// Effect of `risk.cooldown.symbol_pause_hours`.
#[test]
fn several_losses_pause_their_instrument_as_counted_and_as_long_as_configured() {
    let cases: [(&str, Change, f64); 6] = [
        ("two losses", |_| (), 3.0),
        ("symbol_losses", |risk| risk.cooldown.symbol_losses = Some(3), 0.0),
        ("symbol_losses off", |risk| risk.cooldown.symbol_losses = None, 0.0),
        ("symbol_lookback_hours", |risk| risk.cooldown.symbol_lookback_hours = 1, 0.0),
        ("symbol_loss_min_pct", |risk| risk.cooldown.symbol_loss_min_pct = number("0.5"), 0.0),
        ("symbol_pause_hours", |risk| risk.cooldown.symbol_pause_hours = 7, 7.0),
    ];
    for (what, change, hours) in cases {
        let paused = symbol_paused(change);
        assert!((paused - hours).abs() < 1e-6, "{what}: {paused}");
    }
}

fn shocked(change: impl FnOnce(&mut RiskSettings)) -> RiskSettings {
    only(|risk| {
        risk.shock = RiskSettings::default().shock;
        risk.shock.bases_min = 2;
        change(risk);
    })
}

/// Which gate refuses an entry at the last of these closes, a minute apart.
fn refused_after(closes: [i64; 3], change: impl FnOnce(&mut RiskSettings)) -> Option<Gate> {
    let mut bench = Bench::under(1, shocked(change));
    bench.candle(closes[0]);
    bench.candle(closes[1]);
    bench.script.push(Evaluation::Enter(fixed("1", 200)));
    bench.candle(closes[2]);
    match bench.outcome() {
        Some(seawall_model::Outcome::Refused(gate)) => Some(gate),
        _ => None,
    }
}

/// Effect of `risk.shock.move_pct`.
/// Effect of `risk.shock.window_s`.
#[test]
fn a_shock_is_a_move_so_large_within_a_time_so_short() {
    let jump = [10_000, 10_000, 10_600];
    for (move_pct, refusal) in [("5", Some(Gate::Shock)), ("6.5", None)] {
        let refused = refused_after(jump, |risk| risk.shock.move_pct = Some(number(move_pct)));
        assert_eq!(refused, refusal, "{move_pct}");
    }
    assert_eq!(refused_after(jump, |risk| risk.shock.move_pct = None), None, "off");
    // Three percent a minute are six in two.
    for (window_s, refusal) in [(60, None), (120, Some(Gate::Shock))] {
        let refused = refused_after([10_000, 10_300, 10_610], |risk| risk.shock.window_s = window_s);
        assert_eq!(refused, refusal, "{window_s}");
    }
}

/// Effect of `risk.shock.bases_min`.
/// Effect of `risk.shock.pause_minutes`.
#[test]
fn so_many_coins_in_shock_pause_every_entry_for_so_long() {
    for (bases_min, pause_minutes, waited, refusal) in
        [(1, 30, 1, Some(Gate::Shock)), (2, 30, 1, None), (1, 30, 20, Some(Gate::Shock)), (1, 10, 20, None)]
    {
        let risk = shocked(|risk| {
            risk.shock.bases_min = bases_min;
            risk.shock.pause_minutes = pause_minutes;
        });
        let mut bench = Bench::under(2, risk);
        bench.candles(&[(0, 10_000, Evaluation::Hold)]);
        bench.candles(&[(0, 10_600, Evaluation::Hold)]);
        bench.pass_ms(waited * 60_000);
        assert_eq!(bench.refusal_elsewhere(), refusal, "{bases_min} coins, {pause_minutes} minutes");
    }
}

/// Effect of `risk.shock.trim_buffer_pct`.
/// Effect of `risk.shock.close_buffer_pct`.
#[test]
fn in_a_shock_a_position_is_halved_or_closed_by_its_distance_to_the_liquidation() {
    // Short 700 contracts, and the price falls by 6 %: 17 % are left to the liquidation.
    for (trim, close, exit) in [
        ("18", "10", Some(350_000)),
        ("16", "10", None),
        ("18", "16", Some(350_000)),
        ("19", "18", Some(700_000)),
    ] {
        let risk = shocked(|risk| {
            risk.shock.trim_buffer_pct = number(trim);
            risk.shock.close_buffer_pct = number(close);
        });
        let mut bench = Bench::under(1, risk);
        bench.protected(EntryPlan { direction: Direction::Short, ..fixed("700", 400) });
        bench.requests.clear();
        bench.pass_ms(60_000);
        bench.mark_of(BTC.0, 9_400);
        bench.pass_ms(10);
        let sent = bench.placements().into_iter().find(|order| order.role == OrderRole::Exit);
        assert_eq!(sent.map(|order| order.qty.get()), exit, "trim below {trim}, close below {close}");
        let Some(order) = sent else { continue };
        bench.fill_of(&order, 9_400);
        let reasons = bench.trades.iter().flat_map(|trade| &trade.exits).map(|exit| exit.reason);
        assert!(reasons.eq((exit == Some(700_000)).then_some(ExitReason::Shock)));
    }
}
