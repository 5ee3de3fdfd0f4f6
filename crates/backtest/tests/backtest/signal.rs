//! Runs over instruments that read another one.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::common::{candles, outcome, settings};
use seawall_archive::{HolePolicy, load_candles};
use seawall_backtest::{Market, MarketSeries, Outcome, RunSettings};
use seawall_model::{Candle, Gate, GuardMode, InstrumentSpec, Money, PriceUnits, Timeframe, Trade, Ts};
use seawall_strategy::StrategyKind;

const PERP: &str = "kraken-futures:BTC/USD:USD";
const SPOT: &str = "kraken:BTC/USD";

fn series(name: &str, signal: Option<&str>, candles: Vec<Candle>) -> MarketSeries {
    let mut spec = InstrumentSpec::new(name.parse().unwrap());
    spec.signal = signal.map(|signal| signal.parse().unwrap());
    MarketSeries {
        spec,
        data_decimals: 2,
        timeframe: Timeframe::M5,
        candles,
        holes: 0,
        detail: Vec::new(),
        trades: Vec::new(),
        funding: Vec::new(),
    }
}

/// The candles of a perpetual for those of spot: a premium in basis points by the number of the candle.
fn perpetual(spot: &[Candle], premium: impl Fn(usize) -> i64) -> Vec<Candle> {
    let moved = |price: PriceUnits, bps: i64| PriceUnits::new(price.get() + price.get() * bps / 10_000);
    let one = |(index, candle): (usize, &Candle)| {
        let bps = premium(index);
        Candle {
            open: moved(candle.open, bps),
            high: moved(candle.high, bps),
            low: moved(candle.low, bps),
            close: moved(candle.close, bps),
            ..*candle
        }
    };
    spot.iter().enumerate().map(one).collect()
}

fn pair(spot: Vec<Candle>, premium: impl Fn(usize) -> i64) -> Market {
    let traded = perpetual(&spot, premium);
    Market::with_signals(vec![series(PERP, Some(SPOT), traded)], vec![series(SPOT, None, spot)]).unwrap()
}

fn cheap() -> RunSettings {
    let mut settings = settings();
    settings.risk = seawall_engine::RiskSettings::without_limits();
    settings
}

/// What a trade was, but for the nanosecond by which its decision waits for the end of the instant.
fn trades(outcome: &Outcome) -> Vec<(i64, Money, Money)> {
    let of = |trade: &Trade| (trade.entry_at.since(Ts::EPOCH).millis(), trade.entry_value, trade.pnl);
    outcome.trades.iter().map(of).collect()
}

fn refused_by(outcome: &Outcome, gate: Gate) -> u64 {
    outcome.decisions.by_gate().find(|(one, _)| *one == gate).map_or(0, |(_, count)| count)
}

#[test]
fn a_signal_with_the_same_candles_changes_no_trade() {
    let spot = candles(5, 3_000, Timeframe::M5);
    let alone = Market::new(vec![series(PERP, None, spot.clone())]).unwrap();
    let alone = outcome(&alone, &cheap());
    let paired = outcome(&pair(spot, |_| 0), &cheap());
    assert!(alone.trades.len() > 40, "{}", alone.trades.len());
    assert!(trades(&paired) == trades(&alone));
    assert_eq!(paired.final_equity, alone.final_equity);
}

#[test]
fn decisions_follow_the_signal_and_fills_the_traded_price() {
    let spot = candles(5, 3_000, Timeframe::M5);
    let same = outcome(&pair(spot.clone(), |_| 0), &cheap());
    let above = outcome(&pair(spot, |_| 50), &cheap());
    let entered = |outcome: &Outcome| outcome.trades.iter().map(|trade| trade.entry_at).collect::<Vec<_>>();
    assert_eq!(entered(&above), entered(&same), "the signal is the same");
    let first = |outcome: &Outcome| outcome.trades[0].entry_value.to_f64();
    let premium = first(&above) / first(&same) - 1.0;
    assert!((premium - 0.005).abs() < 1e-4, "{premium}");
}

#[test]
fn an_entry_at_a_wide_basis_is_refused_and_the_run_gives_the_same_results_each_time() {
    let spot = candles(5, 3_000, Timeframe::M5);
    let wide = |index: usize| if (index / 500).is_multiple_of(2) { 10 } else { 120 };
    let market = pair(spot, wide);
    let (one, other) = (outcome(&market, &cheap()), outcome(&market, &cheap()));
    assert_eq!(one.fingerprint, other.fingerprint);
    assert!(refused_by(&one, Gate::Basis) > 5);
    assert!(!one.trades.is_empty());
    assert!(one.trades.iter().all(|trade| trade.instrument.0 == 0));
}

#[test]
fn a_signal_may_begin_earlier_than_what_is_traded_and_what_comes_after_the_end_is_left_out() {
    let spot = candles(5, 3_000, Timeframe::M5);
    let traded = perpetual(&spot, |_| 0)[1_000..2_500].to_vec();
    let (from, to) = (traded[0].open_time, traded[1_499].known_at);
    let market =
        Market::with_signals(vec![series(PERP, Some(SPOT), traded)], vec![series(SPOT, None, spot)]).unwrap();
    assert_eq!(market.span(), (from, to));
    assert_eq!(market.candle_count(), 1_500 + 2_500);
    let outcome = outcome(&market, &cheap());
    assert!(outcome.equity[0].at <= from && outcome.equity.last().unwrap().at == to);
    assert!(outcome.equity[1].at > from, "nothing is sampled before");
    // The averages are warm with the first traded candle.
    assert_eq!(refused_by(&outcome, Gate::WarmUp), 12);
    assert!(outcome.trades[0].entry_at < from.plus(Timeframe::H4.span()));
    assert!(outcome.trades.iter().all(|trade| trade.entry_at >= from));
}

#[test]
fn a_signal_without_candles_is_an_error_with_the_fix() {
    let spot = candles(5, 100, Timeframe::M5);
    let error = Market::new(vec![series(PERP, Some(SPOT), spot)]).unwrap_err().to_string();
    assert_eq!(
        error,
        "kraken-futures:BTC/USD:USD reads kraken:BTC/USD: there are no candles of that; give them, or remove the \
         signal"
    );
}

/// Real candles: `smc` reads spot and trades a copy of it at a premium of 5 to 50 basis points.
#[test]
fn smc_on_real_spot_trades_a_perpetual_at_a_premium_with_the_same_plans() {
    let shared = std::env::var_os("SEAWALL_SHARED").map_or_else(|| "../../../shared".into(), PathBuf::from);
    let file = shared.join("data/spot_5m/ETHUSDT_5m_20220801_20230927.csv.gz");
    if !file.is_file() {
        println!("skipped: {} is not there", file.display());
        return;
    }
    let loaded = load_candles(&file, Timeframe::M5, None, HolePolicy::Report, &mut |_| {}).unwrap();
    let spot = loaded.candles.into_candles(Timeframe::M5, 2).unwrap();
    // The premium changes every four hours and is wide on one day of four.
    let wander = |index: usize| 5 + i64::try_from(index / 48 * 7 % 46).unwrap();
    let far = |index: usize| wander(index) + if (index / 288).is_multiple_of(4) { 60 } else { 0 };
    let mut settings = settings();
    settings.strategy.name = StrategyKind::Smc;
    // Many trades are wanted here, not good ones.
    let smc = &mut settings.strategy.smc;
    (smc.fibonacci_gate, smc.premium_discount_gate, smc.ms_change) = (false, false, GuardMode::Off);
    let none = "0".parse().unwrap();
    (smc.min_score_tight_smc_aligned, smc.min_score_tight_smc_neutral) = (none, none);
    (smc.min_score_wide_structure_aligned, smc.min_score_wide_structure_neutral) = (none, none);
    let alone = outcome(&Market::new(vec![series(PERP, None, spot.clone())]).unwrap(), &settings);
    let paired = outcome(&pair(spot.clone(), wander), &settings);
    let guarded = outcome(&pair(spot, far), &settings);
    let told = |name: &str, one: &Outcome| {
        let refused = refused_by(one, Gate::Basis);
        println!(
            "{name}: {} entries decided, {} trades, {refused} refused by basis, {} to {}",
            one.decisions.entered,
            one.trades.len(),
            one.initial_equity,
            one.final_equity
        );
    };
    told("alone", &alone);
    told("paired", &paired);
    told("wide on one day of four", &guarded);
    assert!(paired.trades.len() > 10 && paired.liquidations == 0);
    assert_eq!(refused_by(&paired, Gate::Basis), 0);
    assert!(refused_by(&guarded, Gate::Basis) > 0);
    // What the strategy saw does not depend on the premium; what filled does.
    let setups = |one: &Outcome| one.trades.iter().map(|trade| trade.decided_at).collect::<BTreeSet<_>>();
    let common = setups(&alone).intersection(&setups(&paired)).count();
    assert!(common * 10 >= alone.trades.len() * 8, "{common} of {}", alone.trades.len());
}
