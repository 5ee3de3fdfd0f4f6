//! Bars of any bits, or tame ones, through a chart with any settings.

use seawall_model::Ts;
use seawall_smc::{Bar, Chart, ChartSettings, Event, FairValueGapSettings, WideBars, ZoneLimits};

use super::contract::Contract;
use super::input::Input;
use super::rig;

/// Settings from bytes: mostly short legs and few zones, so that few bars see much; sometimes out of range.
fn settings(input: &mut Input<'_>) -> Option<ChartSettings> {
    let limits = ZoneLimits {
        live: match input.small()? {
            255 => 128,
            byte => byte % 9,
        },
        age_bars_max: match input.byte()? {
            255 => None,
            254 => Some(u64::MAX),
            byte => Some(u64::from(byte)),
        },
    };
    let wide_bars = match input.byte()? {
        0..=99 => WideBars::Kept,
        _ => WideBars::Exchanged { atr_period: input.small()?, multiple: input.float()? },
    };
    let gaps = FairValueGapSettings { size_fraction_min: input.float()?, limits };
    Some(ChartSettings {
        internal_leg: input.small()? % 8,
        swing_leg: input.small()? % 24,
        fractal_bars: input.small()? % 8,
        wide_bars,
        gaps,
        limits,
        ..ChartSettings::default()
    })
}

/// Where bars come from.
struct Bars<'a> {
    input: Input<'a>,
    tame: bool,
    time: Ts,
    price: i64,
}

impl Iterator for Bars<'_> {
    type Item = (Ts, Bar);

    fn next(&mut self) -> Option<(Ts, Bar)> {
        if self.tame { self.tame() } else { self.wild() }
    }
}

impl Bars<'_> {
    /// A bar of small whole prices, some minutes or days after the one before.
    fn tame(&mut self) -> Option<(Ts, Bar)> {
        let [first, second, third] = self.input.bytes()?;
        let part = |byte: u8, shift: u32| i64::from(byte >> shift & 15);
        let open = self.price + (part(first, 0) - 8) / 3;
        let close = open + part(first, 4) - 8;
        let price = |units: i64| units as f64;
        let bar = Bar {
            open: price(open),
            high: price(open.max(close) + part(second, 0) / 2),
            low: price(open.min(close) - part(second, 4) / 2),
            close: price(close),
        };
        self.price = close;
        let minutes = match third {
            0..=199 => 15,
            200..=249 => i64::from(third) * 3,
            250..=255 => i64::from(third) * 60,
        };
        self.time = Ts::from_millis(self.time.millis() + minutes * 60_000);
        Some((self.time, bar))
    }

    /// Any four floats, half of the time put in order, at any time.
    fn wild(&mut self) -> Option<(Ts, Bar)> {
        let flags = self.input.byte()?;
        let mut prices = [0.0; 4];
        for price in &mut prices {
            *price = self.input.float()?;
        }
        if flags & 1 == 0 {
            prices.sort_by(f64::total_cmp);
        }
        let [low, open, close, high] = prices;
        self.time = match flags >> 1 {
            0..=111 => Ts::from_nanos(self.time.nanos().saturating_add(900_000_000_000)),
            112..=119 => self.time,
            120..=127 => Ts::from_nanos(self.input.integer()?),
            128..=255 => self.time,
        };
        let (open, close) = if flags & 2 == 0 { (open, close) } else { (close, open) };
        Some((self.time, Bar { open, high, low, close }))
    }
}

/// Feeds a chart, or one of every detector, and checks all that is said; of a chart also that what it shows as
/// live is what it said, and that the refused bars left no trace.
pub(crate) fn run(data: &[u8]) {
    let mut input = Input(data);
    let (Some(mode), Some(settings)) = (input.byte(), settings(&mut input)) else { return };
    let start = Ts::from_millis(1_672_617_600_000);
    let bars = Bars { input, tame: mode < 128, time: start, price: 60 };
    if mode & 64 != 0 {
        every_detector(settings.limits, bars);
    } else if let Ok(chart) = Chart::new(&settings) {
        feed(chart, &settings, bars);
    }
}

fn every_detector(limits: ZoneLimits, bars: Bars<'_>) {
    if limits.live == 0 {
        return;
    }
    let mut contract = Contract::default();
    for (index, events) in rig::run(limits, valid(bars)).iter().enumerate() {
        contract.check(index as u64, events);
    }
}

/// Differences of larger prices overflow, and with them the parts of a range.
const PRICE_MAX: f64 = 1e300;

/// The bars that a series takes in, without absurd prices.
fn valid(bars: Bars<'_>) -> impl Iterator<Item = (Ts, Bar)> {
    let mut newest = None;
    bars.filter(move |(time, bar)| {
        let usual = bar.low > -PRICE_MAX && bar.high < PRICE_MAX;
        let taken_in = usual && bar.check().is_ok() && newest.is_none_or(|newest| *time > newest);
        if taken_in {
            newest = Some(*time);
        }
        taken_in
    })
}

fn feed(mut chart: Chart, settings: &ChartSettings, bars: Bars<'_>) {
    let (mut contract, mut accepted) = (Contract::default(), Vec::new());
    let mut all: Vec<Event> = Vec::new();
    for (time, bar) in bars {
        let index = accepted.len() as u64;
        let valid = bar.check().is_ok();
        let later = accepted.last().is_none_or(|&(newest, _)| time > newest);
        match chart.update(time, bar) {
            Ok(events) => {
                assert!(valid && later, "taken in: {bar:?}");
                contract.check(index, events.as_slice());
                all.extend(events);
                accepted.push((time, bar));
            }
            Err(error) => assert!(!valid || !later, "{error}: {bar:?}"),
        }
        assert_eq!(chart.bars(), accepted.len() as u64);
        contract.check_live(&chart);
    }
    let mut again = Chart::new(settings).unwrap();
    let mut events_again: Vec<Event> = Vec::new();
    for (time, bar) in accepted {
        events_again.extend(again.update(time, bar).unwrap());
    }
    assert_eq!(all, events_again, "refused bars left a trace");
}
