//! The candles of a folder as one market, with funding that is assumed.

use std::path::{Path, PathBuf};

use rust_decimal::Decimal;
use seawall_archive::{HolePolicy, load_candles};
use seawall_backtest::{Market, MarketSeries};
use seawall_model::{InstrumentSpec, Span, Timeframe, Ts};

/// What longs pay shorts every eight hours: 0.01 %, the rate that perpetuals pay where nothing pulls.
pub(crate) const FUNDING_RATE: Decimal = Decimal::from_parts(1, 0, 0, false, 4);

pub(crate) fn load(folder: &Path) -> Market {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Market::new(files.iter().map(|file| series(file)).collect()).unwrap()
}

fn series(file: &Path) -> MarketSeries {
    let loaded = load_candles(file, Timeframe::M5, None, HolePolicy::Report, &mut |_| {}).unwrap();
    let candles = loaded.candles.into_candles(Timeframe::M5, loaded.decimals).unwrap();
    let stem = file.file_stem().unwrap().to_string_lossy();
    let base = stem.split("USDT").next().unwrap();
    let (first, last) = (candles.first().unwrap().open_time, candles.last().unwrap().known_at);
    MarketSeries {
        spec: InstrumentSpec::new(format!("{base}/USDT").parse().unwrap()),
        data_decimals: loaded.decimals,
        timeframe: Timeframe::M5,
        candles,
        holes: 0,
        detail: Vec::new(),
        trades: Vec::new(),
        funding: funding(first, last),
    }
}

fn funding(first: Ts, last: Ts) -> Vec<(Ts, Decimal)> {
    let every = Span::from_secs(8 * 3_600);
    let mut at = Timeframe::D1.floor(first);
    let mut events = Vec::new();
    while at <= last {
        if at > first {
            events.push((at, FUNDING_RATE));
        }
        at = at.plus(every);
    }
    events
}
