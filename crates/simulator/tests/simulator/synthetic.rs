//! The synthetic market: repeatable, in order, consistent with itself, and with everything in it that a
//! strategy must survive.

use std::collections::BTreeMap;

use seawall_model::{Candle, InstrumentId, Ohlc, Span, Timeframe};
use seawall_simulator::synthetic::{
    MarketEvent, MarketEventKind, SyntheticMarket, SyntheticSettings, candles,
};

const DAY_MINUTES: usize = 1_440;

fn settings(seed: u64, instruments: u32) -> SyntheticSettings {
    SyntheticSettings { seed, instruments, ..SyntheticSettings::default() }
}

fn until(market: SyntheticMarket, days: i64) -> Vec<MarketEvent> {
    let end = SyntheticSettings::default().start.plus(Span::from_secs(days * 86_400));
    market.take_while(|event| event.at < end).collect()
}

fn candles_of(events: &[MarketEvent], instrument: u32) -> Vec<Candle> {
    let own = events.iter().filter(|event| event.instrument == InstrumentId(instrument));
    own.filter_map(|event| match event.kind {
        MarketEventKind::Candle(candle) => Some(candle),
        MarketEventKind::Tick(_) | MarketEventKind::FundingRate(_) => None,
    })
    .collect()
}

#[test]
fn equal_seeds_give_equal_markets_however_they_are_consumed() {
    let all: Vec<MarketEvent> = SyntheticMarket::new(&settings(3, 3)).take(20_000).collect();
    let mut market = SyntheticMarket::new(&settings(3, 3));
    let mut pieces = Vec::new();
    while pieces.len() < 20_000 {
        pieces.extend(market.by_ref().take(777));
        market = market.clone();
    }
    pieces.truncate(20_000);
    assert!(all == pieces);
    assert!(all != SyntheticMarket::new(&settings(4, 3)).take(20_000).collect::<Vec<_>>());
}

#[test]
fn events_come_in_time_order_and_candles_before_the_ticks_of_their_end() {
    let events = until(SyntheticMarket::new(&settings(5, 5)), 1);
    let rank = |event: &MarketEvent| match event.kind {
        MarketEventKind::Candle(_) => 0,
        MarketEventKind::FundingRate(_) => 1,
        MarketEventKind::Tick(_) => 2,
    };
    let key = |event: &MarketEvent| (event.at, rank(event), event.instrument);
    assert!(events.is_sorted_by(|one, other| key(one) < key(other)));
    for event in &events {
        if let MarketEventKind::Candle(candle) = event.kind {
            assert_eq!(event.at, candle.known_at);
        }
    }
}

#[test]
fn a_candle_is_what_the_ticks_of_its_minute_were() {
    let events = until(SyntheticMarket::new(&settings(6, 2)), 2);
    let mut minutes: BTreeMap<(InstrumentId, seawall_model::Ts), Vec<_>> = BTreeMap::new();
    for event in &events {
        if let MarketEventKind::Tick(tick) = event.kind {
            assert!(tick.bid < tick.ask && (tick.last == tick.bid || tick.last == tick.ask));
            minutes.entry((event.instrument, Timeframe::M1.floor(event.at))).or_default().push(tick.last);
        }
    }
    let mut seen = 0;
    for instrument in 0..2 {
        for candle in candles_of(&events, instrument) {
            let lasts = &minutes[&(InstrumentId(instrument), candle.open_time)];
            assert_eq!(candle.open, lasts[0]);
            assert_eq!(candle.close, *lasts.last().unwrap());
            assert_eq!(candle.high, *lasts.iter().max().unwrap());
            assert_eq!(candle.low, *lasts.iter().min().unwrap());
            seen += 1;
        }
    }
    assert!(seen > 5_000, "{seen}");
}

#[test]
fn there_are_holes_funding_rates_and_a_crash() {
    let market = SyntheticMarket::new(&settings(1, 5));
    let crash = market.crash_at();
    assert_eq!(market.instruments().len(), 5);
    let events = until(market, 11);
    let rates = events.iter().filter(|event| matches!(event.kind, MarketEventKind::FundingRate(_)));
    assert_eq!(rates.count(), 5 * 11 * 3);
    let mut holes = 0;
    for instrument in 0..5 {
        let series = candles_of(&events, instrument);
        holes += series.windows(2).filter(|pair| pair[0].known_at != pair[1].open_time).count();
        let at_crash = series.iter().position(|candle| candle.open_time >= crash).unwrap();
        let before = series[at_crash].open.get() as f64;
        let lowest =
            series[at_crash..at_crash + 150].iter().map(|candle| candle.low.get()).min().unwrap() as f64;
        assert!(lowest < before * 0.92, "instrument {instrument}: {before} {lowest}");
    }
    assert!((5..60).contains(&holes), "{holes}");
}

#[test]
fn instruments_move_together_but_not_alike() {
    let events = until(SyntheticMarket::new(&settings(2, 2)), 5);
    let by_time = |instrument| -> BTreeMap<_, f64> {
        let series = candles_of(&events, instrument);
        let change = |candle: &Candle| candle.close.get() as f64 / candle.open.get() as f64 - 1.0;
        series.iter().map(|candle| (candle.open_time, change(candle))).collect()
    };
    let (btc, eth) = (by_time(0), by_time(1));
    let pairs: Vec<(f64, f64)> = btc.iter().filter_map(|(at, x)| Some((*x, *eth.get(at)?))).collect();
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>();
    let correlation = sum(&|(x, y)| x * y) / (sum(&|(x, _)| x * x) * sum(&|(_, y)| y * y)).sqrt();
    assert!((0.5..0.95).contains(&correlation), "{correlation}");
}

#[test]
fn fast_candles_are_valid_repeatable_and_a_prefix_of_longer_ones() {
    for index in 0..6 {
        let series = candles(9, index, 20 * DAY_MINUTES);
        assert!(series[..1_000] == candles(9, index, 1_000)[..]);
        for candle in &series {
            let Candle { open, high, low, close, .. } = *candle;
            let prices = Ohlc { open, high, low, close };
            let checked = Candle::new(Timeframe::M1, candle.open_time, prices, candle.volume).unwrap();
            assert_eq!(checked, *candle);
        }
        assert!(series.windows(2).all(|pair| pair[0].known_at == pair[1].open_time));
        let (low, high) =
            (series.iter().map(|c| c.low).min().unwrap(), series.iter().map(|c| c.high).max().unwrap());
        let range = high.get() as f64 / low.get() as f64;
        assert!((1.05..5.0).contains(&range), "{index}: {range}");
    }
}

#[test]
fn a_past_made_up_in_candles_leads_on_to_ticks_without_a_jump_and_repeats() {
    let past = |minutes: u32| {
        let mut market = SyntheticMarket::new(&settings(5, 3));
        let mut candles = Vec::new();
        let start = SyntheticSettings::default().start;
        let until = start.plus(Span::from_secs(86_400 + 30));
        market.skip_ahead(until, minutes, &mut |id, candle| candles.push((id, candle)));
        (market, candles)
    };
    let (mut market, candles) = past(15);
    assert_eq!(candles.len(), 3 * 96);
    assert_eq!(candles, past(15).1);
    for pair in candles.windows(2) {
        assert!(pair[0].1.open_time <= pair[1].1.open_time);
        let candle = pair[0].1;
        assert!(candle.low <= candle.open.min(candle.close) && candle.high >= candle.open.max(candle.close));
        assert_eq!(candle.known_at.since(candle.open_time), Span::from_secs(900));
    }
    market.set_tick_secs(10);
    let last = candles.iter().rev().find(|(id, _)| *id == InstrumentId(0)).unwrap().1;
    let is_first = |event: &MarketEvent| {
        event.instrument == InstrumentId(0) && matches!(event.kind, MarketEventKind::Tick(_))
    };
    let first = market.find(is_first).unwrap();
    assert!(first.at >= last.known_at && first.at < last.known_at.plus(Span::from_secs(7_200)));
    if let MarketEventKind::Tick(tick) = first.kind {
        let jump = (tick.last.get() - last.close.get()).abs();
        assert!(jump * 10 < last.close.get(), "{tick:?} {last:?}");
    }
}
