//! A backtest lists its instruments by itself: the volume of a day from their candles, and no spread.

use crate::common::{candles, outcome, settings};
use seawall_backtest::{Market, MarketSeries, Outcome};
use seawall_model::{AlertKind, Gate, GuardMode, InstrumentSpec, Span, Timeframe, Ts};

const DAY: i64 = 288;
const START: Ts = Ts::from_millis(1_672_531_200_000);

/// Five-minute candles of three days, about 860 000 traded a day; nothing any more after `active` candles.
fn market(active: usize) -> Market {
    let mut candles = candles(1, 3 * 288, Timeframe::M5);
    candles.iter_mut().skip(active).for_each(|candle| candle.volume = 0.0);
    Market::new(vec![MarketSeries {
        spec: InstrumentSpec::new("XRP/USD".parse().unwrap()),
        data_decimals: 2,
        timeframe: Timeframe::M5,
        candles,
        holes: 0,
        detail: Vec::new(),
        trades: Vec::new(),
        funding: Vec::new(),
    }])
    .unwrap()
}

fn run(mode: GuardMode, volume_min: &str, refresh_hours: u32, active: usize) -> Outcome {
    let mut settings = settings();
    settings.market.universe.mode = mode;
    settings.market.universe.perpetual_volume_24h_min = Some(volume_min.parse().unwrap());
    settings.market.universe.refresh_hours = refresh_hours;
    outcome(&market(active), &settings)
}

fn refused(outcome: &Outcome) -> u64 {
    outcome
        .decisions
        .by_gate()
        .filter(|(gate, _)| *gate == Gate::UniverseVolume)
        .map(|(_, count)| count)
        .sum()
}

/// Hours from the start to each change of the universe.
fn changes(outcome: &Outcome) -> Vec<i64> {
    let changed = outcome.alerts.iter().filter(|alert| alert.kind == AlertKind::UniverseChanged);
    changed.map(|alert| alert.at.since(START).millis() / 3_600_000).collect()
}

#[test]
fn what_is_too_thin_by_its_own_candles_is_not_entered_once_a_day_is_known() {
    let all = usize::try_from(3 * DAY).unwrap();
    let enough = run(GuardMode::On, "250000", 4, all);
    let thin = run(GuardMode::On, "10000000", 4, all);
    let watched = run(GuardMode::Shadow, "10000000", 4, all);
    assert_eq!((refused(&enough), refused(&watched)), (0, 0));
    assert!(refused(&thin) > 0);
    assert_eq!(changes(&thin), [24], "the first listing comes with the first day");
    let last_entry = thin.trades.iter().map(|trade| trade.entry_at).max().unwrap();
    assert!(last_entry < START.plus(Span::from_secs(86_400 + 300)), "{last_entry}");
    assert_eq!(watched.trades.len(), enough.trades.len(), "a shadow refuses nothing");
    assert!(enough.trades.len() > thin.trades.len());
}

/// Effect of `universe.refresh_hours`.
#[test]
fn the_market_is_looked_at_so_often() {
    // Nothing is traded after 30 hours; 250 000 of 860 000 are gone 21 hours later.
    let active = usize::try_from(DAY / 24 * 30).unwrap();
    let seen = |hours| changes(&run(GuardMode::On, "600000", hours, active));
    assert_eq!(seen(24), [24, 48]);
    assert_eq!(seen(4), [24, 40]);
    assert_eq!(seen(1), [24, 38]);
}
