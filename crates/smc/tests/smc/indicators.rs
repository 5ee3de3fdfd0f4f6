//! Indicators against other programs, and on prefixes.

use crate::common;
use proptest::prelude::*;
use seawall_smc::{Adx, AdxValue, Atr, Bar, Ema, EwmAdx, EwmAtr, Rsi, Sma, Wilder};

/// The series of `golden/README.md`.
fn golden_bars() -> Vec<Bar> {
    let mut x: u64 = 12_345;
    let mut draw = |below: i64| {
        x = (1_103_515_245 * x + 12_345) % (1 << 31);
        i64::try_from(x / 65_536).unwrap() % below
    };
    let mut close = 4_000;
    (0..300)
        .map(|_| {
            let open = close + draw(7) - 3;
            close = open + draw(41) - 20;
            let high = open.max(close) + draw(12);
            let low = open.min(close) - draw(12);
            let [open, high, low, close] = [open, high, low, close].map(|units| units as f64 / 4.0);
            Bar { open, high, low, close }
        })
        .collect()
}

fn column(file: &str, name: &str) -> Vec<Option<f64>> {
    let mut lines = file.lines();
    let position = lines.next().unwrap().split(',').position(|column| column == name).unwrap();
    lines.map(|line| line.split(',').nth(position).unwrap().parse().ok()).collect()
}

fn assert_column(file: &str, name: &str, found: &[Option<f64>]) {
    let expected = column(file, name);
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let near = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        assert!(near, "{name}, bar {index}: {found:?} instead of {expected:?}");
    }
}

#[test]
fn wilder_s_indicators_equal_ta_lib() {
    let golden = include_str!("../golden/talib.csv");
    let bars = golden_bars();
    let (mut atr, mut rsi, mut sma) = (Atr::new(14).unwrap(), Rsi::new(14).unwrap(), Sma::new(20).unwrap());
    let mut rsi_2 = Rsi::new(2).unwrap();
    let collect = |update: &mut dyn FnMut(&Bar) -> Option<f64>| bars.iter().map(update).collect::<Vec<_>>();
    assert_column(golden, "atr14", &collect(&mut |bar| atr.update(bar)));
    assert_column(golden, "rsi14", &collect(&mut |bar| rsi.update(bar.close)));
    assert_column(golden, "rsi2", &collect(&mut |bar| rsi_2.update(bar.close)));
    assert_column(golden, "sma20", &collect(&mut |bar| sma.update(bar.close)));
    for (name, period) in [("adx14", 14), ("adx3", 3)] {
        let mut adx = Adx::new(period).unwrap();
        assert_column(golden, name, &collect(&mut |bar| adx.update(bar).map(|value| value.adx)));
    }
    let mut adx = Adx::new(14).unwrap();
    let lines: Vec<_> = bars
        .iter()
        .map(|bar| {
            adx.update(bar);
            adx.directional_indicators()
        })
        .collect();
    let plus: Vec<_> = lines.iter().map(|lines| lines.map(|(plus, _)| plus)).collect();
    let minus: Vec<_> = lines.iter().map(|lines| lines.map(|(_, minus)| minus)).collect();
    assert_column(golden, "plus_di14", &plus);
    assert_column(golden, "minus_di14", &minus);
}

#[test]
fn exponential_indicators_equal_pandas() {
    let golden = include_str!("../golden/pandas.csv");
    let bars = golden_bars();
    let (mut ema, mut atr, mut adx) =
        (Ema::new(20).unwrap(), EwmAtr::new(14).unwrap(), EwmAdx::new(14).unwrap());
    assert_column(golden, "ema20", &bars.iter().map(|bar| Some(ema.update(bar.close))).collect::<Vec<_>>());
    assert_column(golden, "ewm_atr14", &bars.iter().map(|bar| atr.update(bar)).collect::<Vec<_>>());
    let values: Vec<Option<AdxValue>> = bars.iter().map(|bar| adx.update(bar)).collect();
    let line = |pick: fn(AdxValue) -> f64| values.iter().map(|value| value.map(pick)).collect::<Vec<_>>();
    assert_column(golden, "ewm_adx14", &line(|value| value.adx));
    assert_column(golden, "plus_di14", &line(|value| value.plus_di));
    assert_column(golden, "minus_di14", &line(|value| value.minus_di));
}

/// Every indicator's value after each bar, bit for bit.
fn all_values(bars: &[Bar]) -> Vec<Vec<Option<u64>>> {
    let (mut ema, mut wilder, mut sma) =
        (Ema::new(7).unwrap(), Wilder::new(5).unwrap(), Sma::new(6).unwrap());
    let (mut atr, mut ewm_atr, mut rsi) =
        (Atr::new(5).unwrap(), EwmAtr::new(5).unwrap(), Rsi::new(4).unwrap());
    let (mut adx, mut ewm_adx) = (Adx::new(4).unwrap(), EwmAdx::new(4).unwrap());
    bars.iter()
        .map(|bar| {
            let (adx, ewm_adx) = (adx.update(bar), ewm_adx.update(bar));
            let mut values = vec![
                Some(ema.update(bar.close)),
                wilder.update(bar.close),
                sma.update(bar.close),
                atr.update(bar),
                ewm_atr.update(bar),
                rsi.update(bar.close),
            ];
            for value in [adx, ewm_adx] {
                values.extend([value.map(|v| v.adx), value.map(|v| v.plus_di), value.map(|v| v.minus_di)]);
            }
            values.into_iter().map(|value| value.map(f64::to_bits)).collect()
        })
        .collect()
}

proptest! {
    #[test]
    fn a_run_on_a_prefix_equals_the_full_run_up_to_there(
        bars in common::walk(80),
        cut in any::<prop::sample::Index>(),
    ) {
        let full = all_values(&bars);
        let until = cut.index(bars.len() + 1);
        prop_assert_eq!(&all_values(&bars[..until])[..], &full[..until]);
    }

    #[test]
    fn values_stay_finite_and_in_range(bars in common::walk(200)) {
        let (mut adx, mut ewm_adx, mut rsi) =
            (Adx::new(3).unwrap(), EwmAdx::new(3).unwrap(), Rsi::new(3).unwrap());
        let in_range = |value: f64| (-1e-9..=100.0 + 1e-9).contains(&value);
        for bar in &bars {
            for value in [adx.update(bar), ewm_adx.update(bar)].into_iter().flatten() {
                let lines = [value.adx, value.plus_di, value.minus_di];
                prop_assert!(lines.into_iter().all(in_range), "{:?}", value);
            }
            prop_assert!(rsi.update(bar.close).is_none_or(in_range));
        }
    }
}
