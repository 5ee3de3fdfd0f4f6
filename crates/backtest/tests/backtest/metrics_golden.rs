//! The metrics of four trades made by hand, against numbers worked out by hand and with numpy.

#[cfg(test)]
use crate::common::{market, outcome, settings};
use rust_decimal::Decimal;
use seawall_backtest::{EquityPoint, Market, Metrics, Outcome};
use seawall_model::{
    Exit, ExitReason, InstrumentId, Money, PositionSide, PriceUnits, QtyUnits, Setup, Span, Trade, Ts,
};

/// 2023-01-01T00:00:00Z, where the candles begin.
const START_MS: i64 = 1_672_531_200_000;
/// Quantities have eight decimals, prices two.
const ONE: i64 = 100_000_000;

fn hour(hours: i64) -> Ts {
    Ts::from_millis(START_MS + hours * 3_600_000)
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// A trade without costs or exits; `cents` are entry, decision, worst and best price.
fn trade(id: u32, instrument: u32, side: PositionSide, qty: i64, cents: [i64; 4], hours: [i64; 2]) -> Trade {
    let [entry, decision, worst, best] = cents;
    Trade {
        id,
        instrument: InstrumentId(instrument),
        side,
        setup: Setup::EmaCross,
        score: None,
        decided_at: hour(hours[0]),
        entry_at: hour(hours[0]),
        entry_value: Money::new(Decimal::new(entry * qty, 2)),
        entry_qty: QtyUnits::new(qty * ONE),
        decision_price: PriceUnits::new(decision),
        initial_stop: None,
        exits: Vec::new(),
        closed_at: Some(hour(hours[1])),
        fees: Money::ZERO,
        funding: Money::ZERO,
        pnl: Money::ZERO,
        risk: Money::ZERO,
        worst_price: PriceUnits::new(worst),
        best_price: PriceUnits::new(best),
        naked: Span::from_millis(200),
    }
}

fn exit(hours: i64, cents: i64, qty: i64, reason: ExitReason) -> Exit {
    Exit { at: hour(hours), price: PriceUnits::new(cents), qty: QtyUnits::new(qty * ONE), reason }
}

/// - BTC long 2 at 100 (decided at 99.50), stop 95: one at 110, one at 104; fees 0.41, funding paid 0.05:
///   14 - 0.46 = 13.54, 1.354 R;
/// - ETH short 10 at 50 (decided at 50.20), stop 52: filled at 52.10; fees 0.51, funding received 0.10:
///   -21 - 0.41 = -21.41, -1.0705 R;
/// - BTC long 1 at 101, no stop: sold at 103; fees 0.20: 1.80;
/// - ETH long 4 at 51, still open, marked at 52; fees 0.10: 3.90.
fn trades() -> Vec<Trade> {
    let mut one = trade(1, 0, PositionSide::Long, 2, [10_000, 9_950, 9_700, 11_200], [1, 5]);
    one.exits = vec![exit(4, 11_000, 1, ExitReason::TakeProfit(1)), exit(5, 10_400, 1, ExitReason::StopLoss)];
    (one.fees, one.funding, one.pnl) = (money("0.41"), money("-0.05"), money("13.54"));
    (one.initial_stop, one.risk) = (Some(PriceUnits::new(9_500)), money("10"));
    let mut two = trade(2, 1, PositionSide::Short, 10, [5_000, 5_020, 5_210, 4_900], [3, 10]);
    two.exits = vec![exit(10, 5_210, 10, ExitReason::StopLoss)];
    (two.fees, two.funding, two.pnl) = (money("0.51"), money("0.10"), money("-21.41"));
    (two.initial_stop, two.risk) = (Some(PriceUnits::new(5_200)), money("20"));
    let mut three = trade(3, 0, PositionSide::Long, 1, [10_100, 10_100, 10_050, 10_350], [20, 30]);
    three.exits = vec![exit(30, 10_300, 1, ExitReason::Signal)];
    (three.fees, three.pnl) = (money("0.20"), money("1.80"));
    let mut four = trade(4, 1, PositionSide::Long, 4, [5_100, 5_100, 5_090, 5_200], [60, 72]);
    four.closed_at = None;
    (four.fees, four.pnl) = (money("0.10"), money("3.90"));
    (four.initial_stop, four.risk) = (Some(PriceUnits::new(5_000)), money("4"));
    vec![one, two, three, four]
}

/// Three days of candles, the trades above, 1000 at the start.
fn run() -> (Outcome, Market, Metrics) {
    let market = market(&["BTC/USDT", "ETH/USDT"], 5, 864);
    let settings = settings();
    let mut outcome = outcome(&market, &settings);
    outcome.trades = trades();
    let curve = [(0, "1000"), (4, "1010"), (10, "985"), (24, "990"), (48, "993.93"), (72, "997.83")];
    outcome.equity =
        curve.iter().map(|(at, equity)| EquityPoint { at: hour(*at), equity: money(equity) }).collect();
    (outcome.initial_equity, outcome.final_equity) = (money("1000"), money("997.83"));
    outcome.naked_max = Span::from_millis(200);
    let metrics = Metrics::new(&outcome, &market, &settings).unwrap();
    (outcome, market, metrics)
}

fn close(value: Option<f64>, expected: f64) {
    let value = value.unwrap();
    assert!((value - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{value} is not {expected}");
}

/// [D-38]: the Sharpe ratio was that of single trades, drawdown that of profits.
#[test]
fn account_and_daily_ratios() {
    let (_, _, metrics) = run();
    assert_eq!(metrics.profit_abs, money("-2.17"));
    close(metrics.profit_pct, -0.217);
    close(Some(metrics.days), 3.0);
    close(metrics.trades_per_day, 4.0 / 3.0);
    // numpy, r = [990/1000-1, 993.93/990-1, 997.83/993.93-1]:
    // r.mean()/r.std(ddof=1)*365**.5 and r.mean()/((np.minimum(r,0)**2).mean())**.5*365**.5
    close(metrics.sharpe, -1.665_978_012_164_338_2);
    close(metrics.sortino, -2.323_508_524_395_145_4);
    // (0.99783**(365/3) - 1) * 100, and that over 25/1010*100
    close(metrics.cagr_pct, -23.225_953_552_920_31);
    close(metrics.calmar, -9.383_285_235_379_805);
    assert_eq!((metrics.days_win, metrics.days_draw, metrics.days_lose), (2, 0, 1));
    let day = |day: &Option<seawall_backtest::metrics::Day>| {
        let day = day.as_ref().unwrap();
        (day.date.clone(), day.profit.to_string())
    };
    assert_eq!(day(&metrics.best_day), ("2023-01-02".to_owned(), "3.93".to_owned()));
    assert_eq!(day(&metrics.worst_day), ("2023-01-01".to_owned(), "-10".to_owned()));
    // Hours 1 to 10, 20 to 30, 60 to 72 of 72.
    close(metrics.exposure_pct, 31.0 / 72.0 * 100.0);
}

#[test]
fn trades_and_their_distribution() {
    let (_, _, metrics) = run();
    let trades = &metrics.performance;
    assert_eq!((trades.trades, trades.trades_closed, trades.trades_open), (4, 3, 1));
    assert_eq!((trades.wins, trades.draws, trades.losses), (2, 0, 1));
    close(trades.win_rate_pct, 200.0 / 3.0);
    close(trades.profit_factor, 15.34 / 21.41);
    close(trades.expectancy, -6.07 / 3.0);
    // (1 + (15.34/2)/21.41) * 2/3 - 1
    close(trades.expectancy_ratio, -0.094_504_125_797_917_37);
    // numpy: 3**.5*p.mean()/p.std(ddof=1)
    close(trades.sqn, -0.197_038_762_894_903_63);
    // 13.54/200, -21.41/500, 1.8/101 in percent
    close(trades.profit_avg_pct, 1.423_392_739_273_927_2);
    close(trades.profit_median_pct, 180.0 / 101.0);
    close(trades.stake_avg, (200.0 + 500.0 + 101.0 + 204.0) / 4.0);
    // Entries 1005, exits 110 + 104 + 521 + 103.
    assert_eq!(trades.total_volume, money("1843"));
    assert_eq!((trades.long.trades, trades.short.trades), (3, 1));
    assert_eq!((trades.long.profit_abs, trades.short.profit_abs), (money("19.24"), money("-21.41")));
    assert_eq!(trades.best_trade.as_ref().unwrap().id, 1);
    assert_eq!(trades.worst_trade.as_ref().unwrap().id, 2);
    close(trades.duration_winners.avg_s, 7.0 * 3_600.0);
    close(trades.duration_winners.min_s, 4.0 * 3_600.0);
    close(trades.duration_winners.max_s, 10.0 * 3_600.0);
    close(trades.duration_losers.avg_s, 7.0 * 3_600.0);
    assert_eq!((trades.consecutive_wins_max, trades.consecutive_losses_max), (1, 1));
    assert_eq!(trades.r.count, 2);
    close(trades.r.avg, 0.141_75);
    close(Some(trades.r.sum), 0.283_5);
    close(trades.r.max, 1.354);
    close(trades.r.min, -1.070_5);
    // -6/200, -21/500, -0.5/101 and 24/200, 10/500, 2.5/101 in percent
    close(trades.excursions.mae_avg_pct, -2.565_016_501_650_165_4);
    close(trades.excursions.mfe_avg_pct, 5.491_749_174_917_491);
    assert_eq!((trades.excursions.mae_worst, trades.excursions.mfe_best), (money("-21"), money("24")));
    close(trades.excursions.mfe_losers_avg_pct, 2.0);
}

#[test]
fn drawdown_costs_and_protection() {
    let (_, _, metrics) = run();
    let drawdown = &metrics.drawdown;
    assert_eq!(drawdown.drawdown_abs, money("25"));
    close(drawdown.drawdown_account_pct, 2_500.0 / 1_010.0);
    assert_eq!((drawdown.drawdown_start, drawdown.drawdown_end), (Some(hour(4)), Some(hour(10))));
    assert_eq!(drawdown.drawdown_recovered_at, None);
    let costs = &metrics.costs;
    // Bought 0.50 above for 2, sold 0.20 below for 10.
    assert_eq!(costs.entry_slippage, money("3"));
    assert_eq!((costs.fees, costs.funding), (money("1.22"), money("0.05")));
    assert_eq!((costs.gross, costs.net), (money("-1"), money("-2.17")));
    assert_eq!(costs.gross_at_decision_price, money("2"));
    assert_eq!(metrics.protection.positions_with_stop, 3);
    assert_eq!(metrics.protection.naked_max_ms, 200);
    assert_eq!(metrics.protection.naked_total_ms, Some(800));
}

#[test]
fn tables_by_what_trades_have_in_common() {
    let (_, _, metrics) = run();
    let rows = |rows: &[seawall_backtest::metrics::Group]| {
        rows.iter()
            .map(|row| format!("{} {} {} {}", row.name, row.trades, row.open, row.profit_abs))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&metrics.by_instrument), ["BTC/USDT 2 0 15.34", "ETH/USDT 2 1 -17.51"]);
    // A trade belongs to the reason that closed its last part.
    assert_eq!(
        rows(&metrics.by_exit_reason),
        ["stop_loss 2 0 -7.87", "exit_signal 1 0 1.8", "open_at_end 1 1 3.9"]
    );
    assert_eq!(rows(&metrics.by_setup), ["ema_cross 4 1 -2.17"]);
    assert_eq!(rows(&metrics.by_regime), ["cross 4 1 -2.17"]);
    assert_eq!(metrics.best_instrument.as_deref(), Some("BTC/USDT"));
    assert_eq!(metrics.worst_instrument.as_deref(), Some("ETH/USDT"));
    assert_eq!(metrics.left_open.len(), 1);
    assert_eq!(metrics.months.len(), 1);
    close(metrics.months[0].profit_pct, -0.217);
}

#[test]
fn an_average_entry_price_is_exact_where_it_can_be() {
    let (outcome, market, _) = run();
    let facts = seawall_backtest::metrics::facts::all(&outcome.trades, &market).unwrap();
    assert_eq!(facts[0].entry_price().to_string(), "100");
    // (110 + 104) / 2
    assert_eq!(facts[0].exit_price().unwrap().to_string(), "107");
    assert_eq!(facts[3].exit_price(), None);
    // Two fills of one and two contracts: 302 / 3, rounded eight decimals beyond the cent.
    let mut trade = outcome.trades[0].clone();
    (trade.entry_value, trade.entry_qty) = (money("302"), QtyUnits::new(3 * ONE));
    let facts = seawall_backtest::metrics::Facts::new(&trade, &market, hour(72)).unwrap();
    assert_eq!(facts.entry_price().to_string(), "100.6666666667");
}
