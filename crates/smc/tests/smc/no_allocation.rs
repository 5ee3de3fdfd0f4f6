//! Nothing allocates per candle once the detectors have warmed up.
//!
//! Every allocation of the measuring thread is counted by a global allocator around the system's.

use crate::{bars, rig};
use seawall_model::Timeframe;
use seawall_smc::{
    Adx, Aggregator, Atr, Bar, BarSeries, Chart, ChartSettings, Detector, Ema, Events, EwmAdx, EwmAtr,
    FairValueGapSettings, FairValueGaps, Fractal, Ladder, LegPivots, OrderBlockSettings, OrderBlocks, Rsi,
    Sma, Source, Structure, Views, WideBars, Wilder, ZoneLimits,
};

const WARM_UP: usize = 20_000;
const MEASURED: usize = 20_000;

/// Bytes that `step` allocates over the measured bars, after the others.
fn bytes_after_warm_up(mut step: impl FnMut(usize, Bar)) -> u64 {
    let bars = bars::walk(1, WARM_UP + MEASURED);
    let (warm_up, measured) = bars.split_at(WARM_UP);
    let mut at = 0;
    let mut run = |bars: &[Bar]| {
        for bar in bars {
            step(at, *bar);
            at += 1;
        }
    };
    run(warm_up);
    allocation_counter::measure(|| run(measured)).bytes_total
}

/// Bytes that detectors of one series allocate.
fn bytes_of(detectors: &mut [&mut dyn Detector]) -> u64 {
    let (mut series, mut events) = (BarSeries::new(), Events::new());
    let mut reported = 0;
    let bytes = bytes_after_warm_up(|at, bar| {
        let bar = series.close(bars::open_time(at), bar).unwrap();
        events.clear();
        for detector in detectors.iter_mut() {
            detector.update(&bar, &mut events);
        }
        reported += events.len();
    });
    assert!(reported > 0, "a detector that sees nothing proves nothing");
    bytes
}

#[test]
fn the_counter_sees_an_allocation() {
    let mut last = Vec::new();
    let bytes = bytes_after_warm_up(|at, _| {
        if at == WARM_UP + 1 {
            last = vec![0u8; 100];
        }
    });
    assert_eq!((bytes, last.len()), (100, 100));
}

#[test]
fn no_detector_allocates_after_warm_up() {
    let source = Source(1);
    assert_eq!(bytes_of(&mut [&mut Fractal::new(source, 5, 5).unwrap()]), 0);
    assert_eq!(bytes_of(&mut [&mut LegPivots::new(source, 5).unwrap()]), 0);
    assert_eq!(bytes_of(&mut [&mut Structure::new(source, 5).unwrap()]), 0);
    for limits in [ZoneLimits::default(), ZoneLimits { live: 1_024, age_bars_max: Some(500) }] {
        let gaps = FairValueGapSettings { limits, ..FairValueGapSettings::default() };
        assert_eq!(bytes_of(&mut [&mut FairValueGaps::new(source, gaps).unwrap()]), 0);
        for wide_bars in [WideBars::Kept, WideBars::ATR_200] {
            let settings = OrderBlockSettings { wide_bars, limits, ..OrderBlockSettings::default() };
            let mut blocks = OrderBlocks::new(Source(2), source, settings).unwrap();
            assert_eq!(bytes_of(&mut [&mut Structure::new(source, 5).unwrap(), &mut blocks]), 0);
        }
    }
}

#[test]
fn one_of_every_detector_allocates_nothing_after_warm_up() {
    for limits in [ZoneLimits::default(), ZoneLimits { live: 1_024, age_bars_max: Some(500) }] {
        let mut detectors = rig::detectors(limits);
        let (mut series, mut events) = (BarSeries::new(), Events::new());
        let mut bytes = vec![0; detectors.len()];
        for (at, bar) in bars::walk(1, WARM_UP + MEASURED).into_iter().enumerate() {
            let bar = series.close(bars::open_time(at), bar).unwrap();
            events.clear();
            for (detector, bytes) in detectors.iter_mut().zip(&mut bytes) {
                let measured = allocation_counter::measure(|| detector.update(&bar, &mut events));
                *bytes += if at < WARM_UP { 0 } else { measured.bytes_total };
            }
        }
        assert_eq!(bytes, vec![0; detectors.len()], "bytes by detector, in the order of the rig");
    }
}

#[test]
fn no_indicator_allocates_after_warm_up() {
    let (mut sma, mut ema, mut wilder, mut rsi) =
        (Sma::new(20).unwrap(), Ema::new(20).unwrap(), Wilder::new(20).unwrap(), Rsi::new(14).unwrap());
    let (mut atr, mut adx) = (Atr::new(14).unwrap(), Adx::new(14).unwrap());
    let (mut ewm_atr, mut ewm_adx) = (EwmAtr::new(14).unwrap(), EwmAdx::new(14).unwrap());
    let bytes = bytes_after_warm_up(|_, bar| {
        sma.update(bar.close);
        ema.update(bar.close);
        wilder.update(bar.close);
        rsi.update(bar.close);
        atr.update(&bar);
        adx.update(&bar);
        ewm_atr.update(&bar);
        ewm_adx.update(&bar);
    });
    assert_eq!(bytes, 0);
}

#[test]
fn a_chart_allocates_nothing_after_warm_up() {
    let mut chart = Chart::new(&ChartSettings::default()).unwrap();
    let mut reported = 0;
    let bytes = bytes_after_warm_up(|at, bar| {
        reported += chart.update(bars::open_time(at), bar).unwrap().len();
    });
    assert!(reported > MEASURED, "{reported}");
    assert_eq!(bytes, 0);
}

#[test]
fn coarser_candles_and_their_charts_allocate_nothing_after_warm_up() {
    let timeframes = [Timeframe::M15, Timeframe::H1, Timeframe::H4, Timeframe::D1];
    let mut views = Views::new(Timeframe::M15, &timeframes, &ChartSettings::default(), 100.0).unwrap();
    let mut ladder = Ladder::new(Timeframe::M15, &timeframes).unwrap();
    let mut aggregator = Aggregator::new(Timeframe::H1);
    let (mut reported, mut closed) = (0, 0);
    let bytes = bytes_after_warm_up(|at, bar| {
        let candle = bars::candle(at, &bar);
        views.update(&candle, &mut |_, _, events| reported += events.len()).unwrap();
        ladder.update(&candle, &mut |_, _| closed += 1).unwrap();
        closed += aggregator.update(&candle).unwrap().iter().count();
    });
    assert!(reported > MEASURED && closed > MEASURED, "{reported} {closed}");
    assert_eq!(bytes, 0);
}
